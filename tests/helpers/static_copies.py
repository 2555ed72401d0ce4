"""Read the state and the alt text of a widget's static HTML copy."""

import json
import re


def read_state(html):
    script = re.search(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)[1]
    return json.loads(script)


def read_alt(html):
    return re.search('alt="([^"]*)"', html)[1]
