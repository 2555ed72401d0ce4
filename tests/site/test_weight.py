"""Check the compressed size of each page against the limits of the benchmarks."""

import pytest

from benchmarks.report.targets import MAX_PAGE_KILOBYTES
from benchmarks.site import page_weight


@pytest.fixture(scope="module")
def served():
    with page_weight.serve_book() as address:
        yield address


def pages():
    """All, most of them in `make test-all`; the two that weigh most, of each kind, every time."""
    heavy = ("book/09_inside_a_trained_resnet", "book/instructors")
    for page in page_weight.list_pages() if page_weight.BUILT_BOOK.exists() else []:
        yield pytest.param(page, marks=[] if page in heavy else pytest.mark.slow)


@pytest.mark.parametrize("page", list(pages()))
def test_a_page_is_light(browser, served, page):
    fetched = page_weight.measure_page(browser, f"{served}{page}.html")
    most = MAX_PAGE_KILOBYTES["widget" if page_weight.has_widget(page) else "text"]
    assert len(fetched) > 10, "the page itself, and what it asks for"
    heaviest = sorted(fetched.items(), key=lambda one: -one[1])[:5]
    assert sum(fetched.values()) / 1000 < most, heaviest
    raw = len((page_weight.BUILT_BOOK / f"{page}.html").read_bytes())
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
