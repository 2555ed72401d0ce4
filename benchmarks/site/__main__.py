"""Measure the size of every page of the built book, and the Lighthouse scores of three pages.

    python -m benchmarks.site [--rounds 3] [--pages intro,08_more_than_one_device]

A score is the median of the rounds. `make bench SECTIONS=site` installs Lighthouse in .lighthouse.
"""

import sys

from playwright.sync_api import sync_playwright

from benchmarks import ROOT
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser, parse_positive_int
from benchmarks.result_files import save_section
from benchmarks.site.lighthouse import DEVICES, find_version, measure_scores
from benchmarks.site.page_weight import has_widget, list_pages, measure_page, serve_book

sys.path.append(str(ROOT / "tools"))  # its modules are in no package

from chromium import ARGUMENTS, find_chromium

SCORED_PAGES = ["intro", "08_more_than_one_device", "09_inside_a_trained_resnet"]


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--rounds", type=parse_positive_int, default=3)
    parser.add_argument("--pages", type=make_list_parser(str), default=SCORED_PAGES)
    options = parser.parse_args()
    names = {page.removeprefix("book/") for page in list_pages()}
    if unknown := set(options.pages) - names:
        raise SystemExit(
            f"no page is called {', '.join(unknown)}; there are {', '.join(sorted(names))}"
        )
    version = find_version()
    machine, header, _ = probe_machine()
    header["versions"] |= {"lighthouse": version}
    chromium = find_chromium()
    with serve_book() as site:
        rows = measure_pages(site, chromium)
        for row in rows:
            if row["page"].removeprefix("book/") in options.pages:
                address = f"{site}{row['page']}.html"
                for device in DEVICES:
                    row[device] = measure_scores(address, device, chromium, options.rounds)
                print(row, flush=True)
    save_section("site", machine, header | {"rows": rows}, options.results)


def measure_pages(site, chromium):
    """Return a row for every page, without scores."""
    rows = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for page in list_pages():
            sizes = measure_page(browser, f"{site}{page}.html")
            rows.append(
                {
                    "page": page,
                    "kind": "widget" if has_widget(page) else "text",
                    "kilobytes": round(sum(sizes.values()) / 1000),
                    "requests": len(sizes),
                    **dict.fromkeys(DEVICES),
                }
            )
            print(rows[-1], flush=True)
        browser.close()
    return rows


if __name__ == "__main__":
    main()
