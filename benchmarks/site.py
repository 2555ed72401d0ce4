"""What the built book weighs, page by page, and what Lighthouse says of three of its pages.

    python benchmarks/site.py [--rounds 3] [--pages intro,08_more_than_one_device]

Lighthouse runs on its own settings for a desk and for a slow phone, which it imitates; a score is
the median of the rounds. It lies in .lighthouse, where `make bench SECTIONS=site` puts it.
"""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import results
import site_pages

ROOT = Path(__file__).parents[1]
INSTALLED = ROOT / ".lighthouse" / "node_modules"
SCORED = ["intro", "08_more_than_one_device", "09_inside_a_trained_resnet"]
FORMS = {"desk": ["--preset=desktop"], "phone": []}
CATEGORIES = ("performance", "accessibility", "best-practices")


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--rounds", type=results.whole_number, default=3)
    parser.add_argument("--pages", type=results.list_of(str), default=SCORED)
    options = parser.parse_args()
    own = {page.removeprefix("book/") for page in site_pages.pages()}
    if unknown := set(options.pages) - own:
        names = ", ".join(sorted(own))
        raise SystemExit(f"no page is called {', '.join(unknown)}; there are {names}")
    if not (INSTALLED / "lighthouse").is_dir():
        raise SystemExit("Lighthouse is not installed: type  make bench SECTIONS=site")
    machine, measured, _ = results.probe()
    version = json.loads((INSTALLED / "lighthouse" / "package.json").read_text())["version"]
    measured["versions"] |= {"lighthouse": version}
    sys.path.append(str(ROOT / "tools"))
    from chromium import find_chromium

    chromium = find_chromium()
    with site_pages.serve() as site:
        rows = weights(site, chromium)
        for row in rows:
            if row["page"].removeprefix("book/") in options.pages:
                row |= {
                    form: scores(site + row["page"] + ".html", form, chromium, options.rounds)
                    for form in FORMS
                }
                print(row, flush=True)
    results.save("site", machine, measured | {"rows": rows}, options.results)


def weights(site, chromium):
    from chromium import ARGUMENTS
    from playwright.sync_api import sync_playwright

    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for page in site_pages.pages():
            fetched = site_pages.weigh(browser, f"{site}{page}.html")
            rows.append(
                {
                    "page": page,
                    "kind": "widget" if site_pages.has_widget(page) else "text",
                    "kilobytes": round(sum(fetched.values()) / 1000),
                    "requests": len(fetched),
                    **dict.fromkeys(FORMS),
                }
            )
            print(rows[-1], flush=True)
        browser.close()
    return rows


def scores(address, form, chromium, rounds):
    """The median score of each category, 0 to 100; and of performance, those of every round."""
    heard = [run(address, form, chromium) for _ in range(rounds)]
    found = {name: [round(100 * one[name]["score"]) for one in heard] for name in CATEGORIES}
    medians = {name: round(statistics.median(values)) for name, values in found.items()}
    return medians | {"rounds": found["performance"]}


def run(address, form, chromium):
    """What Lighthouse says of a page, by category."""
    command = [
        *(INSTALLED / ".bin" / "node", INSTALLED / "lighthouse" / "cli" / "index.js", address),
        *("--quiet", "--output=json", "--output-path=stdout", *FORMS[form]),
        *(
            f"--only-categories={','.join(CATEGORIES)}",
            "--chrome-flags=--headless=new --no-sandbox",
        ),
    ]
    environment = os.environ | {"CHROME_PATH": chromium}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"Lighthouse failed: {results.reason(done.stderr, done.returncode)}")
    return json.loads(done.stdout)["categories"]


if __name__ == "__main__":
    main()
