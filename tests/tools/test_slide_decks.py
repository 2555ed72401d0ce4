"""Check the files of the decks that `make slides` left in `_build/slides`."""

import json
import re
from copy import copy
from types import SimpleNamespace
from urllib.parse import unquote

import built_book
import pytest
from bs4 import BeautifulSoup
from notebooks.exercises import extract_solution, is_tagged, join_source
from slides.build import SLIDES, build_slides

CHAPTERS = built_book.list_chapters()
DECKS = [path.stem for path in CHAPTERS]


@pytest.fixture(scope="module", params=CHAPTERS, ids=DECKS)
def chapter(request):
    """Read one chapter: its path, its page of the site, its deck and the text of the deck."""
    path = request.param
    page = parse(built_book.SITE / "book" / f"{path.stem}.html")
    deck = parse(SLIDES / f"{path.stem}.html")
    return SimpleNamespace(path=path, page=page, deck=deck, text=deck.get_text())


def parse(path):
    """Parse an HTML file."""
    assert path.exists(), "type  make book  and  make slides"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_every_chapter_has_a_deck_and_the_index_leads_to_it():
    links = [link["href"] for link in parse(SLIDES / "index.html").select("ol a")]
    assert links == [f"{name}.html" for name in DECKS]
    assert {path.stem for path in SLIDES.glob("*.html")} == {"index", *DECKS}


def test_a_deck_fetches_nothing_from_afar_and_nothing_that_is_missing():
    for path in SLIDES.glob("*.html"):
        deck = parse(path)
        fetched = [one["href"] for one in deck.select("link[href]")]
        sources = [one["src"] for one in deck.select("[src]")]
        fetched += [source for source in sources if not source.startswith("data:")]
        assert fetched, path
        for address in fetched:
            assert not re.match(r"(\w+:)?//", address), (path, address)
            assert (SLIDES / unquote(address)).is_file(), (path, address)
    for sheet in SLIDES.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(\w+:)?//", sheet.read_text()), sheet


def test_a_slide_holds_plain_words_and_no_markup(chapter):
    assert "Traceback" not in chapter.text
    deck = copy(chapter.deck)
    for one in deck.select("pre, code, script, .math, .rl-widget"):
        one.decompose()
    assert not re.search(r"[`:]{3,}\{\w|\{[\w:-]+\}|\*\*|\$", deck.get_text())


def test_a_deck_holds_the_widgets_and_the_exercises_of_its_page(chapter):
    of_page, of_deck = (
        {one["data-rl-module"] for one in document.select("[data-rl-module]")}
        for document in (chapter.page, chapter.deck)
    )
    assert of_deck == of_page
    numbers = [one.get_text().strip() for one in chapter.page.select(".exercise .caption-number")]
    titles = [one.get_text() for one in chapter.deck.select(".slide-exercise h3")]
    assert [re.match(r"Exercise \d+", title)[0] for title in titles] == numbers
    assert all(one["alt"] for one in chapter.deck.select(".slide-figure img"))


def test_a_deck_holds_no_solution_and_no_check(chapter):
    assert "BEGIN SOLUTION" not in chapter.text
    assert "# Solution" not in chapter.text
    is_notebook = chapter.path.suffix == ".ipynb"
    for cell in json.loads(chapter.path.read_bytes())["cells"] if is_notebook else []:
        if is_tagged(cell, "exercise"):
            assert extract_solution(join_source(cell)) not in chapter.text
        if is_tagged(cell, "check"):
            assert join_source(cell) not in chapter.text


def test_a_chapter_that_the_build_did_not_run_is_told(tmp_path):
    chapter = next(path for path in CHAPTERS if path.suffix == ".ipynb")
    changed = json.loads(chapter.read_bytes())
    changed["cells"][-2]["cell_type"] = "code"
    changed["cells"][-2] |= {"source": "edited", "outputs": [], "execution_count": None}
    (tmp_path / chapter.name).write_text(json.dumps(changed))
    with pytest.raises(
        built_book.BuildError, match=f"{chapter.name} as it is now: type  make book"
    ):
        built_book.read_cells(tmp_path / chapter.name)


def test_a_chapter_that_slides_cannot_show_is_named(tmp_path, monkeypatch):
    (tmp_path / "01_odd.md").write_text("# Odd\n\n```{tabbed} a\nb\n```\n")
    with pytest.raises(built_book.BuildError, match=r"01_odd.md: .* the directive \{tabbed\}"):
        build_slides(tmp_path / "slides", [tmp_path / "01_odd.md"])


def test_a_deck_has_the_number_of_its_file(tmp_path):
    (tmp_path / "03_short.md").write_text("# Short\n\n*What you will see: it.*\n")
    build_slides(tmp_path / "slides", [tmp_path / "03_short.md"])
    assert "Residual Networks · 3</p>" in (tmp_path / "slides" / "03_short.html").read_text()


def test_without_a_book_one_is_told_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(built_book, "SITE", tmp_path)
    with pytest.raises(built_book.BuildError, match="type  make book"):
        build_slides(tmp_path / "slides")
