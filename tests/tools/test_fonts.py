"""Check that slides and PDF have the fonts of the site."""

import re
from collections import defaultdict

import built_book
import offline_zip
import pdf
import pytest
from pypdf import PdfReader
from slides import build

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


def find_font(page, selector):
    """Return the font family in which the browser draws most letters of an element."""
    # Over http: this session logs an error on a page from file://.
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
        kind: (find_font(page, place), page.locator(place).first.inner_text()[:40])
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
    page = open_deck(CHAPTER, scheme="http")
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
        assert find_font(page, place) == on_site[kind][0], kind


def test_the_pages_that_lead_to_the_slides_have_the_fonts_of_the_site(open_deck, on_site):
    page = open_deck("index", scheme="http")
    assert find_font(page, "h1") == on_site["title"][0]
    assert find_font(page, "li a") == on_site["widget"][0]
    sheets = re.compile(r'rel="stylesheet" href="(?:slides/)?([^"]+)"')
    index, stick = build.TEMPLATES / "index.html", offline_zip.TEMPLATES / "START_HERE.html"
    assert sheets.findall(stick.read_text()) == sheets.findall(index.read_text())


def squeeze(text):
    """Remove spaces and line ends, which a PDF does not keep."""
    return "".join(text.split())


def read_family(font):
    """Return the family of a PDF's font without spaces."""
    # A font of outlines has its name in the descriptor.
    name = font.get("/BaseFont") or font["/FontDescriptor"]["/FontName"]
    return name.partition("+")[2].partition("-")[0]


def list_families(path):
    """Return all font families of a PDF except those of formulas."""
    fonts = [
        font.get_object()
        for page in PdfReader(path).pages
        for font in page["/Resources"].get("/Font", {}).values()
    ]
    return {family for family in map(read_family, fonts) if not family.startswith("MathJax")}


def group_text_by_family(path):
    """Map each font family of a PDF to all text that is set in it."""
    words = defaultdict(str)

    def visit(text, _matrix, _text_matrix, font, _size):
        if font and text.strip():
            words[read_family(font)] += squeeze(text)

    for page in PdfReader(path).pages:
        page.extract_text(visitor_text=visit)
    return words


def test_the_pdf_has_the_fonts_of_the_site(browser, on_site, tmp_path):
    source, target = built_book.BUILD / "pdf" / "chapter.html", tmp_path / "chapter.pdf"
    pdf.write_html(source, [CHAPTER])
    pdf.print_html(browser, source, target)
    words = group_text_by_family(target)
    for kind in set(PLACES) - {"widget"}:  # which is a picture
        family, said = on_site[kind]
        assert squeeze(said) in words[squeeze(family)], kind
    assert list_families(target) == {squeeze(family) for family, _ in on_site.values()}
    numbers = [page.extract_text().split()[0] for page in PdfReader(target).pages[1:]]
    assert numbers == [str(number) for number in range(2, len(numbers) + 2)]


@pytest.mark.slow
def test_the_whole_pdf_has_no_other_fonts(browser, on_site, tmp_path):
    source, target = built_book.BUILD / "pdf" / "whole.html", tmp_path / "whole.pdf"
    pdf.write_html(source)
    pdf.print_html(browser, source, target)
    assert list_families(target) == {squeeze(family) for family, _ in on_site.values()}
