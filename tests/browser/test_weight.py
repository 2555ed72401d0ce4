"""What a page weighs over the wire, compressed, into an empty cache; the benchmarks' limits."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import site_pages
from targets import MOST_KILOBYTES


@pytest.fixture(scope="module")
def served():
    with site_pages.serve() as address:
        yield address


@pytest.mark.parametrize("page", site_pages.pages() if site_pages.BUILT.exists() else [])
def test_a_page_is_light(browser, served, page):
    fetched = site_pages.weigh(browser, f"{served}{page}.html")
    most = MOST_KILOBYTES["widget" if site_pages.has_widget(page) else "text"]
    assert len(fetched) > 10, "the page itself, and what it asks for"
    heaviest = sorted(fetched.items(), key=lambda one: -one[1])[:5]
    assert sum(fetched.values()) / 1000 < most, heaviest


def test_what_is_fetched_is_counted_compressed(browser, served):
    page = "book/08_more_than_one_device"
    fetched = site_pages.weigh(browser, f"{served}{page}.html")
    raw = len((site_pages.BUILT / f"{page}.html").read_bytes())
    assert 0.1 * raw < fetched[f"{served}{page}.html"] < 0.5 * raw
