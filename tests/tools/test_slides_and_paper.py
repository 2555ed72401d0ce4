"""Slides and PDF: set in the fonts of the site, and every slide shows all that is on it."""

import re
from collections import defaultdict

import built_book
import offline_zip
import pdf
import pytest
from pypdf import PdfReader
from slides import build

DECKS = [path.stem for path in built_book.list_chapters()]
CHAPTER = "05_vanishing_gradients"
WIDGET = ".rl-gradient-lab .rl-verdict"
# Where each kind of text is in that chapter: on the site, and on a slide.
PLACES = {
    "text": ("article section section > p", ".slide-section p:not(.where)"),
    "title": ("article h1", ".slide-title h1"),
    "section": ("article h2", ".slide-section h2"),
    "heading": ("article h3", ".slide-section h3"),
    "code": (".cell_input pre", ".slide-code .code pre"),
    "widget": (WIDGET, WIDGET),
}
# Go through all slides, and name what leaves its slide and what a part of a widget does not show.
WALK = """async () => {
  const PARTS = "h1, h2, h3, p, li, pre, table, img, svg, svg text, mjx-container, .rl, .rl *";
  const found = [];
  const twoFrames = () =>
    new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  const isShown = (one) =>
    one.checkVisibility() && !one.closest(".rl-announcement, .rl-visually-hidden, .rl-picture");
  const leaves = (box, room) => box.width > 0 && box.height > 0 && (
    box.top < room.top - 1 || box.left < room.left - 1 ||
    box.bottom > room.bottom + 1 || box.right > room.right + 1);
  const hides = (one) => !(one instanceof SVGElement) && one.clientHeight > 1 &&
    getComputedStyle(one).overflow !== "visible" &&
    (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);

  // A widget draws itself anew, later, for the size that it has been given.
  async function rest(frame) {
    const layout = () => frame.style.cssText +
      [...frame.querySelectorAll(".rl *")].map((one) => [one.clientWidth, one.clientHeight]);
    let before, now;
    do {
      before = now;
      await twoFrames();
      now = layout();
    } while (frame.querySelector(".rl") && before !== now || frame.querySelector(".rl-waiting"));
  }

  for (let at = 1; ; at += 1) {
    const frame = Reveal.getCurrentSlide().querySelector(".frame");
    const say = (what, one) => found.push([at, what, one.localName,
      one.getAttribute("class"), one.textContent.trim().slice(0, 30)].join(" "));
    await rest(frame);
    const room = frame.getBoundingClientRect();
    if (leaves(room, new DOMRect(0, 0, innerWidth, innerHeight))) say("leaves the window", frame);
    if (frame.matches(".scrolls")) say("scrolls", frame);
    for (const one of [...frame.querySelectorAll(PARTS)].filter(isShown)) {
      if (leaves(one.getBoundingClientRect(), room)) say("leaves the slide", one);
      if (hides(one)) say("is cut off", one);
    }
    if (Reveal.isLastSlide()) return [at, found];
    Reveal.next();
  }
}"""


@pytest.fixture(scope="module")
def open_deck(open_shared_page, site):
    """`open_page` for a deck or the index in a folder, on a projector of 1280 × 720."""
    assert (build.SLIDES / "index.html").exists(), "there are no slides: type  make slides"

    def open_deck(name):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(site, "file", f"{build.SLIDES.as_uri()}/")
            page = open_shared_page(name, scheme="file", width=1280, height=720)
        if name != "index":
            page.wait_for_function("window.Reveal?.isReady()")
        return page

    return open_deck


def font_of(page, selector):
    """The family that most letters of an element are drawn in, whatever its style sheet says."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    session.detach()
    return max(fonts, key=lambda font: font["glyphCount"])["familyName"]


@pytest.fixture(scope="module")
def on_site(open_shared_page):
    """`{kind of text: (family, its first words)}` of the chapter's page."""
    page = open_shared_page(CHAPTER)
    return {
        kind: (font_of(page, place), page.locator(place).first.inner_text()[:40])
        for kind, (place, _) in PLACES.items()
    }


def test_the_site_has_its_own_fonts(on_site):
    families = {kind: family for kind, (family, _) in on_site.items()}
    mono = families.pop("code")
    assert "Mono" in mono
    assert families == {
        "text": "Residual Serif",
        "title": "Residual Display",
        "section": "Residual Display",
        "heading": "Residual Sans",
        "widget": "Residual Sans",
    }


def test_a_slide_has_the_fonts_of_the_site(open_deck, on_site):
    page = open_deck(CHAPTER)
    for kind, (_, place) in PLACES.items():
        page.evaluate(
            """async (place) => {
              const slide = document.querySelector(place).closest("section");
              const { h, v } = Reveal.getIndices(slide);
              Reveal.slide(h, v);
              slide.getBoundingClientRect(); // lays it out, which asks for its fonts
              await document.fonts.ready;
            }""",
            place,
        )
        assert font_of(page, place) == on_site[kind][0], kind
    page.context.close()


def test_the_pages_that_lead_to_the_slides_have_the_fonts_of_the_site(open_deck, on_site):
    page = open_deck("index")
    assert font_of(page, "h1") == on_site["title"][0]
    assert font_of(page, "li a") == on_site["widget"][0]
    page.context.close()
    sheets = re.compile(r'rel="stylesheet" href="(?:slides/)?([^"]+)"')
    index, stick = build.TEMPLATES / "index.html", offline_zip.TEMPLATES / "START_HERE.html"
    assert sheets.findall(stick.read_text()) == sheets.findall(index.read_text())


def squeezed(text):
    """Without spaces and line ends, which a PDF does not keep."""
    return "".join(text.split())


def family_of(font):
    """The family of a PDF's font, without spaces; a font of outlines is named by its descriptor."""
    name = font.get("/BaseFont") or font["/FontDescriptor"]["/FontName"]
    return name.partition("+")[2].partition("-")[0]


def families_in(path):
    """All font families of a PDF, but those of formulas."""
    fonts = [
        font.get_object()
        for page in PdfReader(path).pages
        for font in page["/Resources"].get("/Font", {}).values()
    ]
    return {family for family in map(family_of, fonts) if not family.startswith("MathJax")}


def words_by_family(path):
    """All words of a PDF that are in one font family, by its name."""
    words = defaultdict(str)

    def visit(text, _matrix, _text_matrix, font, _size):
        if font and text.strip():
            words[family_of(font)] += squeezed(text)

    for page in PdfReader(path).pages:
        page.extract_text(visitor_text=visit)
    return words


def test_the_pdf_has_the_fonts_of_the_site(browser, on_site, tmp_path):
    source, target = built_book.BUILD / "pdf" / "chapter.html", tmp_path / "chapter.pdf"
    pdf.write_html(source, [CHAPTER])
    pdf.print_html(browser, source, target)
    words = words_by_family(target)
    for kind in set(PLACES) - {"widget"}:  # which is a picture
        family, said = on_site[kind]
        assert squeezed(said) in words[squeezed(family)], kind
    assert families_in(target) == {squeezed(family) for family, _ in on_site.values()}
    numbers = [page.extract_text().split()[0] for page in PdfReader(target).pages[1:]]
    assert numbers == [str(number) for number in range(2, len(numbers) + 2)]


@pytest.mark.slow
def test_the_whole_pdf_has_no_other_fonts(browser, on_site, tmp_path):
    source, target = built_book.BUILD / "pdf" / "whole.html", tmp_path / "whole.pdf"
    pdf.write_html(source)
    pdf.print_html(browser, source, target)
    assert families_in(target) == {squeezed(family) for family, _ in on_site.values()}


@pytest.mark.parametrize("name", DECKS)
def test_a_slide_shows_all_that_is_on_it(open_deck, name):
    page = open_deck(name)
    count, found = page.evaluate(WALK)
    page.context.close()
    assert count >= 10
    assert found == []
