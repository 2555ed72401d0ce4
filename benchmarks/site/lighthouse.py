"""Score a page with Lighthouse, which simulates a desktop computer and a slow phone."""

import json
import os
import statistics
import subprocess

from benchmarks import ROOT
from benchmarks.child_process import find_failure_reason

INSTALLED = ROOT / ".lighthouse" / "node_modules"
DEVICES = {"desk": ["--preset=desktop"], "phone": []}  # name in the results: options
CATEGORIES = ("performance", "accessibility", "best-practices")


def find_version():
    """Return the version of Lighthouse, or end the program if it is not installed."""
    package = INSTALLED / "lighthouse" / "package.json"
    if not package.is_file():
        raise SystemExit("Lighthouse is not installed: type  make bench SECTIONS=site")
    return json.loads(package.read_text())["version"]


def measure_scores(address, device, chromium, rounds):
    """Return the median score of each category, 0 to 100, and the performance of every round."""
    reports = [run_lighthouse(address, device, chromium) for _ in range(rounds)]
    scores = {
        name: [round(100 * report[name]["score"]) for report in reports] for name in CATEGORIES
    }
    medians = {name: round(statistics.median(values)) for name, values in scores.items()}
    return medians | {"rounds": scores["performance"]}


def run_lighthouse(address, device, chromium):
    """Return Lighthouse's report on a page by category."""
    command = [
        *(INSTALLED / ".bin" / "node", INSTALLED / "lighthouse" / "cli" / "index.js", address),
        *("--quiet", "--output=json", "--output-path=stdout", *DEVICES[device]),
        *(
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox",
        ),
    ]
    environment = os.environ | {"CHROME_PATH": chromium}
    child = subprocess.run(command, capture_output=True, text=True, env=environment)
    if child.returncode:
        reason = find_failure_reason(child.stderr, child.returncode)
        raise SystemExit(f"Lighthouse failed: {reason}")
    return json.loads(child.stdout)["categories"]
