"""The pages on paper: the cheat sheet on one, the others without what is for a hand or a screen."""

import re

import pytest

MARGINS = 18, 16  # mm: of the sheet in print.css, left and right, top and bottom
SIZES = {"A4": (210, 297), "Letter": (215.9, 279.4)}
NOT_ON_PAPER = (
    ".bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, .prev-next-footer,"
    " .headerlink, .copybtn, footer, #jb-print-docs-body"
)
# Where each piece of the sheet's text ends: `[left, right, bottom, text]`.
ENDS = """(sheet) => {
  const walk = document.createTreeWalker(sheet, NodeFilter.SHOW_TEXT), ends = [];
  while (walk.nextNode()) {
    const { parentElement: parent, textContent: text } = walk.currentNode;
    if (!text.trim() || !parent.checkVisibility()) continue;
    if (parent.closest("title, mjx-assistive-mml")) continue;
    const range = document.createRange();
    range.selectNodeContents(walk.currentNode);
    for (const one of range.getClientRects()) ends.push([one.left, one.right, one.bottom, text]);
  }
  return ends;
}"""
CUT = """(sheet) => [...sheet.querySelectorAll("pre, table, div")].filter((one) => one.clientWidth
  && one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== "visible")
  .map((one) => one.className)"""


def pages_of(pdf):
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


def test_the_cheat_sheet_is_one_page_and_nothing_is_cut(open_page):
    page = open_page("cheat_sheet")
    for size, paper in SIZES.items():
        assert pages_of(page.pdf(format=size)) == 1
        width, height = (
            int((full - margin) / 25.4 * 96) for full, margin in zip(paper, MARGINS, strict=True)
        )
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(media="print")
        sheet = page.locator("section:has(> .rl-sheet)").first
        box = sheet.bounding_box()
        assert box["x"] == 0
        assert box["width"] == width
        assert box["height"] < 0.97 * height, "other fonts need a little more"
        column = (width - 6 / 25.4 * 96) / 2
        ends = sheet.evaluate(ENDS)
        assert len(ends) > 150
        for left, right, bottom, text in ends:
            assert left >= 0, text
            assert bottom <= height, text
            assert right <= (width if left > column else column) + 1, text
        assert sheet.evaluate(CUT) == []


@pytest.mark.parametrize("name", ["intro", "02_the_residual_block", "api", "instructors"])
def test_a_page_prints_its_text_alone(open_page, name):
    page = open_page(name, width=700)
    pages = pages_of(page.pdf(format="A4"))
    page.emulate_media(media="print")
    assert page.locator("article h1").is_visible()
    shown = page.locator(NOT_ON_PAPER).evaluate_all(
        "all => all.filter((one) => one.checkVisibility({ visibilityProperty: true })"
        " && one.getBoundingClientRect().height).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert shown == []
    article = page.locator("article").first.bounding_box()
    assert article["x"] < 2
    assert article["width"] > 690, "the whole width of the paper"
    # As much paper as the height of the text asks for, and what stays white above a whole figure.
    height = (297 - 30) / 25.4 * 96
    assert 1 <= pages <= 1.6 * article["height"] / height + 1
