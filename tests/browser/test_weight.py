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


MOVED = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) moved += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


@pytest.mark.parametrize("size", [(1350, 940), (412, 823)], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["intro", "02_the_residual_block", "09_inside_a_trained_resnet"])
def test_the_first_screen_stays_where_it_is(open_page, name, size):
    """The cumulative layout shift; less than 0.1 is good (web.dev/articles/cls)."""
    page = open_page(name, width=size[0], height=size[1], prepare=MOVED)
    page.wait_for_timeout(500)  # what comes last may still move something
    assert page.evaluate("moved") < 0.1
