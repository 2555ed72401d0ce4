"""Read the state and the alt text of a widget's static HTML copy."""

import json
import re


def state_of(twin):
    script = re.search(r'<script type="application/json">(.*?)</script>', twin, re.DOTALL)[1]
    return json.loads(script)


def alt_of(twin):
    return re.search('alt="([^"]*)"', twin)[1]
