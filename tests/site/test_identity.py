"""The book's look: fonts, cover, openings of chapters, cards, and the head of a page."""

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from docutils import nodes
from fontTools.ttLib import TTFont
from made_up_runs import make_run
from pages import chapter_opening, cover, head_tags, social_cards
from PIL import Image, ImageColor

from resnet_lib.runs.run import headline_runs

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "book" / "_static"
FONTS = STATIC / "fonts"
BUILT = ROOT / "_build" / "html"
# Left to the reader's own fonts.
LEFT_OUT = {"\N{BLACK RIGHT-POINTING TRIANGLE}", "\N{PILCROW SIGN}"}


@pytest.fixture(scope="module")
def pages():
    """Every page of the built book, by name."""
    found = {path.stem: path.read_text("utf-8") for path in sorted((BUILT / "book").glob("*.html"))}
    assert found, "there is no built book: type  make book"
    return found


class Text(HTMLParser):
    """The characters of a page that are set in the book's fonts: no code, no formula."""

    def __init__(self, page):
        super().__init__()
        self.within, self.characters = [], set()
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "style", "code", "pre"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        if self.within and tag == self.within[-1]:
            self.within.pop()

    def handle_data(self, text):
        if not self.within:
            self.characters |= set(text)


def test_fonts_are_local_small_licensed_and_bear_no_reserved_name():
    css = (STATIC / "fonts.css").read_text()
    named = {STATIC / address for address in re.findall(r'url\("([^"]+)"\)', css)}
    assert named == set(FONTS.glob("*.woff2"))
    assert sum(path.stat().st_size for path in named) < 120_000
    for path in [*named, *(ROOT / "resnet_lib" / "static").glob("*.ttf")]:
        names = TTFont(path)["name"]
        assert names.getDebugName(1).startswith("Residual "), path.name
        assert names.getDebugName(14) == "http://scripts.sil.org/OFL", path.name
    licences = {path.stem: path.read_text() for path in FONTS.glob("LICENSE-*.txt")}
    assert set(licences) == {"LICENSE-Source-Sans-3", "LICENSE-Source-Serif-4"}
    assert all("SIL OPEN FONT LICENSE" in text for text in licences.values())


def test_every_character_of_the_pages_is_in_the_fonts(pages):
    used = set().union(*(Text(page).characters for page in pages.values())) - set("\n\t\r")
    for cut, missing in (
        ("serif-regular", set("⁻●○✗")),  # Source Serif has none of them
        ("sans-regular", set()),
        ("sans-semibold", set()),
    ):
        has = set(map(chr, TTFont(FONTS / f"{cut}.woff2").getBestCmap()))
        lacking = used - has - LEFT_OUT - missing
        assert not lacking, f"{cut}: add them to tools/fonts.py, and cut the fonts anew"


def test_the_curves_on_the_cover_are_the_errors_of_the_runs(pages):
    curve = r'class="rl-cover-(\w+) [^>]*data-run="([^"]+)" d="M([^"]+)"'
    drawn = re.findall(curve, pages["intro"])
    runs = {run.name: run for run in headline_runs()}
    wanted = {(which, name) for which in ("training", "test") for name in runs}
    assert {(which, name) for which, name, _ in drawn} == wanted
    heights, errors = [], []
    for which, name, path in drawn:
        history = runs[name].history["error" if which == "training" else "test_error"]
        points = [pair.split() for pair in path.rstrip("Z").split("L")]
        across, down = np.array(points, dtype=float).T
        assert len(down) == len(history)
        assert np.ptp(np.diff(across)) < 0.02, "all epochs have one width"
        heights.extend(down)
        errors.extend(history)
    slope, offset = np.polyfit(errors, heights, 1)
    assert slope < 0, "a higher error is drawn higher"
    assert np.allclose(heights, offset + slope * np.array(errors), rtol=0, atol=0.02)


def test_the_alt_text_of_the_cover_is_true(pages):
    said = unescape(re.search(r'rl-cover-curves"[^>]* aria-label="([^"]+)"', pages["intro"])[1])
    four = headline_runs()
    assert all(f"{run.test_error:.1f}" in said for run in four)
    for shallow, deep in (four[:2], four[2:]):
        more = deep.test_error - shallow.test_error
        assert f"{abs(more):.1f} points {'above' if more > 0 else 'below'}" in said


def test_a_long_training_has_no_more_rungs_than_can_be_told_apart():
    runs = [make_run("none", n, errors=[*np.linspace(80, n, 182)]) for n in (3, 9)]
    curves, highest = cover.place_curves(runs, 0, 0, 181, 100)
    assert highest == max(max(run.history["error"] + run.history["test_error"]) for run in runs)
    rungs = cover.find_depth_gaps(curves)
    assert 20 < len(rungs) <= cover.MAX_GAPS
    assert all(one in curves[0]["test"] and other in curves[1]["test"] for _, (one, other) in rungs)


def test_a_book_without_runs_has_a_cover():
    assert "No run is recorded yet" in cover.draw_svg(runs=[])
    assert social_cards.draw_card("A title", "A book", 1, 3, []).size == social_cards.SIZE


def test_a_chapter_opens_with_its_number_and_its_standfirst(pages):
    for name, text in pages.items():
        number = chapter_opening.parse_chapter_number(name)
        if number is None:
            assert "rl-opening" not in text, name
            continue
        assert f"Chapter <span>{number}</span>" in text
        assert text.count('<g class="rl-blocks-read">') == number - 1
        assert text.count('<g class="rl-blocks-here">') == 1
        assert 'class="rl-standfirst"' in text, f"{name}: no line of what you will see"
        assert f'<span class="rl-number">{number}</span>' in text


def test_a_standfirst_has_its_label_and_loses_no_word():
    lead = nodes.paragraph("", "", nodes.emphasis("", "What you will see: a net."))
    chapter_opening.mark_label(lead)
    assert [child.astext() for child in lead[0].children] == ["What you will see", " A net."]


def test_every_page_has_a_card_of_its_own(pages):
    made = {path.stem: path for path in (BUILT / social_cards.FOLDER).glob("*.png")}
    assert set(made) == set(pages)
    assert {Image.open(path).size for path in made.values()} == {(1200, 630)}
    assert len({path.read_bytes() for path in made.values()}) == len(made)


@pytest.mark.parametrize(("number", "marked"), [(None, False), (3, True)])
def test_a_card_marks_a_chapter_where_its_page_is_one(number, marked):
    picture = social_cards.draw_card("A title", "A book", number, 3, [])
    drawn = {colour for _, colour in picture.getcolors(picture.width * picture.height)}
    assert (ImageColor.getrgb(social_cards.COLOURS["plain"]) in drawn) == marked


def metas(text):
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)" />', text))


def test_a_card_is_named_by_its_whole_address_or_not_at_all():
    page, home = "book/02_the_residual_block", "https://me.github.io/book/"
    of_site = metas(head_tags.format_tags("A & B", "Book", 'So "it" is', page, home))
    assert {
        "og:image": f"{home}cards/02_the_residual_block.png",
        "og:url": f"{home}book/02_the_residual_block.html",
        "twitter:card": "summary_large_image",
        "og:title": "A &amp; B",
        "og:type": "article",
        "description": "So &quot;it&quot; is",
    }.items() <= of_site.items()
    homeless = metas(head_tags.format_tags("A", "Book", "So it is", page, None))
    assert set(homeless) == {
        *("description", "og:title", "og:site_name", "og:type", "og:description")
    }


def test_every_page_describes_itself_and_has_an_icon(pages):
    descriptions = set()
    for text in pages.values():
        told = metas(text)
        assert told["og:title"] in text.split("</title>")[0]
        assert 20 <= len(unescape(told["description"])) <= head_tags.MAX_DESCRIPTION_LENGTH
        assert not told["description"].startswith("What you will see")
        assert told.get("og:image", "https://").startswith("https://")
        descriptions.add(told["description"])
        for theme, colour in head_tags.THEME_COLOURS.items():
            assert f'media="(prefers-color-scheme: {theme})" content="{colour}"' in text
    assert len(descriptions) == len(pages)
    for side in (32, 180):
        assert Image.open(BUILT / "_static" / "icons" / f"{side}.png").size == (side, side)
    for name in ("favicon.svg", "logo.svg"):
        assert ElementTree.parse(STATIC / name).getroot().tag.endswith("svg")


def test_the_colours_of_a_browser_s_frame_are_the_colours_of_the_page():
    css = (STATIC / "type.css").read_text()
    for theme, colour in head_tags.THEME_COLOURS.items():
        block = css.split(f'html[data-theme="{theme}"] {{')[1].split("}")[0]
        assert f"--pst-color-background: {colour};" in block
