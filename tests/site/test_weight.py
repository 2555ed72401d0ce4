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


def pages():
    """All, most of them in `make test-all`; the two that weigh most, of each kind, every time."""
    heavy = ("book/09_inside_a_trained_resnet", "book/instructors")
    for page in site_pages.pages() if site_pages.BUILT.exists() else []:
        yield pytest.param(page, marks=[] if page in heavy else pytest.mark.slow)


@pytest.mark.parametrize("page", list(pages()))
def test_a_page_is_light(browser, served, page):
    fetched = site_pages.weigh(browser, f"{served}{page}.html")
    most = MOST_KILOBYTES["widget" if site_pages.has_widget(page) else "text"]
    assert len(fetched) > 10, "the page itself, and what it asks for"
    heaviest = sorted(fetched.items(), key=lambda one: -one[1])[:5]
    assert sum(fetched.values()) / 1000 < most, heaviest
    raw = len((site_pages.BUILT / f"{page}.html").read_bytes())
    assert 0.1 * raw < fetched[f"{served}{page}.html"] < 0.7 * raw, "counted compressed"


WATCH = """let moved = 0;
const add = (list) => { for (const { value } of list) moved += value; };
const observer = new PerformanceObserver((list) => add(list.getEntries()));
observer.observe({ type: "layout-shift", buffered: true });
window.movedAtRest = async () => { // what comes last may still move something
  await new Promise((rest) => requestIdleCallback(rest));
  for (const _ of [1, 2]) await new Promise((drawn) => requestAnimationFrame(drawn));
  add(observer.takeRecords());
  return moved;
};"""


@pytest.mark.parametrize("size", [(1350, 940), (412, 823)], ids=["desk", "phone"])
@pytest.mark.parametrize("name", ["intro", "02_the_residual_block", "09_inside_a_trained_resnet"])
def test_the_first_screen_stays_where_it_is(open_page, name, size):
    """The cumulative layout shift; less than 0.1 is good (web.dev/articles/cls)."""
    page = open_page(name, width=size[0], height=size[1], prepare=WATCH)
    assert page.evaluate("movedAtRest()") < 0.1
