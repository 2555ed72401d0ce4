"""The book's face: fonts, cover, openings of chapters, cards, and what stands in a page's head."""

import re
import xml.etree.ElementTree as ElementTree
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import cards
import cover
import numpy as np
import opening
import pytest
from docutils import nodes
from fontTools.ttLib import TTFont
from made_up_runs import make_run
from PIL import Image, ImageColor

from resnet_lib.runs import headline_runs

ROOT = Path(__file__).parents[1]
STATIC = ROOT / "book" / "_static"
FONTS = STATIC / "fonts"
BUILT = ROOT / "_build" / "html"
# What is left to a reader's own fonts: outside of text that is set in the book's.
LEFT_OUT = {"\N{BLACK RIGHT-POINTING TRIANGLE}", "\N{PILCROW SIGN}"}


def pages():
    found = sorted((BUILT / "book").glob("*.html"))
    assert found, "there is no built book: type  make book"
    return found


class Text(HTMLParser):
    """The characters of a page that are set in the book's fonts: no code, no formula."""

    def __init__(self, path):
        super().__init__()
        self.within, self.characters = [], set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        if tag in ("script", "style", "code", "pre"):
            self.within.append(tag)

    def handle_endtag(self, tag):
        if self.within and tag == self.within[-1]:
            self.within.pop()

    def handle_data(self, text):
        if not self.within:
            self.characters |= set(text)


# ---------------------------------------------------------------- fonts


def test_fonts_are_local_small_licensed_and_bear_no_reserved_name():
    css = (STATIC / "type.css").read_text()
    named = {STATIC / address for address in re.findall(r'url\("([^"]+)"\)', css)}
    assert named == set(FONTS.glob("*.woff2"))
    assert sum(path.stat().st_size for path in named) < 120_000
    for path in [*named, *(ROOT / "resnet_lib" / "static").glob("*.ttf")]:
        font = TTFont(path)
        assert font["name"].getDebugName(1).startswith("Residual "), path.name
        assert font["name"].getDebugName(14) == "http://scripts.sil.org/OFL", path.name
    licences = list(FONTS.glob("LICENSE-*.txt"))
    assert {path.stem for path in licences} == {"LICENSE-Source-Sans-3", "LICENSE-Source-Serif-4"}
    assert all("SIL OPEN FONT LICENSE" in path.read_text() for path in licences)


@pytest.mark.parametrize("cut", ["serif-regular", "sans-regular", "sans-semibold"])
def test_every_character_of_the_pages_is_in_the_fonts(cut):
    has = set(map(chr, TTFont(FONTS / f"{cut}.woff2").getBestCmap()))
    used = set().union(*(Text(path).characters for path in pages())) - set("\n\t\r")
    if cut.startswith("serif"):
        used -= set("⁻●○✗")  # Source Serif has none of them
    assert used - has - LEFT_OUT == set(), "add them to tests/fonts.py, and cut the fonts anew"


# ---------------------------------------------------------------- the cover


def points(path):
    return np.array([pair.split() for pair in path[1:].rstrip("Z").split("L")], dtype=float)


def test_the_curves_on_the_cover_are_those_of_the_runs():
    text = (BUILT / "book" / "intro.html").read_text(encoding="utf-8")
    drawn = re.findall(r'class="rl-cover-(\w+) [^>]*data-run="([^"]+)" d="([^"]+)"', text)
    runs = {run.name: run for run in headline_runs()}
    assert {(which, name) for which, name, _ in drawn} == {
        (which, name) for which in ("training", "test") for name in runs
    }
    heights, errors = [], []
    for which, name, path in drawn:
        history = runs[name].history["error" if which == "training" else "test_error"]
        across, down = points(path).T
        assert len(down) == len(history)
        assert np.ptp(np.diff(across)) < 0.02, "an epoch is as wide as the other"
        heights.extend(down)
        errors.extend(history)
    slope, offset = np.polyfit(errors, heights, 1)
    assert slope < 0, "a higher error stands higher"
    assert np.allclose(heights, offset + slope * np.array(errors), rtol=0, atol=0.02)


def test_what_the_cover_says_of_its_picture_is_true():
    text = (BUILT / "book" / "intro.html").read_text(encoding="utf-8")
    said = unescape(re.search(r'rl-cover-curves"[^>]* aria-label="([^"]+)"', text)[1])
    four = headline_runs()
    for run in four:
        assert f"{run.test_error:.1f}" in said
    for shallow, deep in (four[:2], four[2:]):
        more = deep.test_error - shallow.test_error
        assert f"{abs(more):.1f} points {'above' if more > 0 else 'below'}" in said


def test_a_long_training_has_no_more_rungs_than_can_be_told_apart():
    runs = [make_run("none", n, errors=[*np.linspace(80, n, 182)]) for n in (3, 9)]
    curves, highest = cover.drawing(runs, 0, 0, 181, 100)
    assert highest == max(max(run.history["error"] + run.history["test_error"]) for run in runs)
    assert 20 < len(cover.rungs(curves)) <= cover.MOST_RUNGS
    for _, (one, other) in cover.rungs(curves):
        assert one in curves[0]["test"]
        assert other in curves[1]["test"]


def test_a_book_without_runs_has_a_cover_all_the_same():
    assert "No run is recorded yet" in cover.svg(runs=[])
    assert cards.card("A title", "A book", 1, 3, []).size == cards.SIZE


# ---------------------------------------------------------------- openings


def test_a_chapter_opens_with_its_number_and_its_standfirst():
    for path in pages():
        text = path.read_text(encoding="utf-8")
        number = opening.number_of(path.stem)
        if number is None:
            assert "rl-opening" not in text, path.name
            continue
        assert f"Chapter <span>{number}</span>" in text
        assert text.count('<g class="rl-blocks-read">') == number - 1
        assert text.count('<g class="rl-blocks-here">') == 1
        assert 'class="rl-standfirst"' in text, f"{path.name}: no line of what you will see"
        assert f'<span class="rl-number">{number}</span>' in text


def test_a_standfirst_has_its_label_and_loses_no_word():
    lead = nodes.paragraph("", "", nodes.emphasis("", "What you will see: a net."))
    opening.label(lead)
    assert [child.astext() for child in lead[0].children] == ["What you will see", " A net."]


# ---------------------------------------------------------------- cards and heads


def test_every_page_has_a_card_of_its_own():
    made = {path.stem: path for path in (BUILT / cards.FOLDER).glob("*.png")}
    assert set(made) == {path.stem for path in pages()}
    for path in made.values():
        with Image.open(path) as picture:
            assert picture.size == (1200, 630)
    assert len({path.read_bytes() for path in made.values()}) == len(made)


@pytest.mark.parametrize(("number", "marked"), [(None, False), (3, True)])
def test_a_card_marks_a_chapter_where_its_page_is_one(number, marked):
    picture = cards.card("A title", "A book", number, 3, [])
    drawn = {colour for _, colour in picture.getcolors(picture.width * picture.height)}
    assert (ImageColor.getrgb(cards.COLOURS["plain"]) in drawn) == marked


def metas(text):
    return dict(re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)" />', text))


def test_a_card_is_named_by_its_whole_address_or_not_at_all():
    page = "book/02_the_residual_block"
    of_site = metas(cards.tags("A & B", "Book", 'So "it" is', page, "https://me.github.io/book/"))
    assert of_site["og:image"] == "https://me.github.io/book/cards/02_the_residual_block.png"
    assert of_site["og:url"] == "https://me.github.io/book/book/02_the_residual_block.html"
    assert of_site["twitter:card"] == "summary_large_image"
    assert (of_site["og:title"], of_site["og:type"]) == ("A &amp; B", "article")
    assert of_site["description"] == "So &quot;it&quot; is"
    homeless = metas(cards.tags("A", "Book", "So it is", page, None))
    assert set(homeless) == {
        *("description", "og:title", "og:site_name", "og:type", "og:description")
    }


def test_every_page_says_what_it_is_and_shows_an_icon_that_is_there():
    descriptions = set()
    for path in pages():
        text = path.read_text(encoding="utf-8")
        told = metas(text)
        assert told["og:title"] in text.split("</title>")[0]
        assert 20 <= len(unescape(told["description"])) <= cards.LONGEST
        assert not told["description"].startswith("What you will see")
        assert told.get("og:image", "https://").startswith("https://")
        descriptions.add(told["description"])
        for theme, colour in cards.THEME_COLOURS.items():
            assert f'media="(prefers-color-scheme: {theme})" content="{colour}"' in text
    assert len(descriptions) == len(pages())
    for side in (32, 180):
        with Image.open(BUILT / "_static" / "icons" / f"{side}.png") as picture:
            assert picture.size == (side, side)
    for name in ("favicon.svg", "logo.svg"):
        assert ElementTree.parse(STATIC / name).getroot().tag.endswith("svg")


def test_the_colours_of_a_browser_s_frame_are_those_of_the_page():
    css = (STATIC / "type.css").read_text()
    for theme, colour in cards.THEME_COLOURS.items():
        block = css.split(f'html[data-theme="{theme}"] {{')[1].split("}")[0]
        assert f"--pst-color-background: {colour};" in block
