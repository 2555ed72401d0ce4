"""What of a chapter becomes a slide, and the decks that `make slides` left in `_build/slides`."""

import json
import re
from copy import copy
from itertools import chain
from types import SimpleNamespace
from urllib.parse import unquote

import built_book
import nbformat
import pytest
from bs4 import BeautifulSoup
from notebooks.exercises import extract_solution, is_tagged, join_source, split_exercises
from notebooks.plain_markdown import Conversion
from slides.build import SLIDES, build_slides
from slides.deck import Deck
from slides.text import extract_lead

CHAPTERS = built_book.list_chapters()
DECKS = [path.stem for path in CHAPTERS]


@pytest.fixture(scope="module", params=CHAPTERS, ids=DECKS)
def made(request):
    """One chapter: its file, its page of the site, its deck and the words of the deck."""
    path = request.param
    page = soup(built_book.SITE / "book" / f"{path.stem}.html")
    deck = soup(SLIDES / f"{path.stem}.html")
    return SimpleNamespace(path=path, page=page, deck=deck, text=deck.get_text())


def soup(path):
    assert path.exists(), "type  make book  and  make slides"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


# ---------------------------------------------------------------- the decks


def test_every_chapter_has_a_deck_and_the_index_leads_to_it():
    links = [link["href"] for link in soup(SLIDES / "index.html").select("ol a")]
    assert links == [f"{name}.html" for name in DECKS]
    assert {path.stem for path in SLIDES.glob("*.html")} == {"index", *DECKS}


def test_a_deck_fetches_nothing_from_afar_and_nothing_that_is_missing():
    for path in SLIDES.glob("*.html"):
        deck = soup(path)
        fetched = [one["href"] for one in deck.select("link[href]")]
        sources = [one["src"] for one in deck.select("[src]")]
        fetched += [source for source in sources if not source.startswith("data:")]
        assert fetched, path
        for address in fetched:
            assert not re.match(r"(\w+:)?//", address), (path, address)
            assert (SLIDES / unquote(address)).is_file(), (path, address)
    for sheet in SLIDES.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(\w+:)?//", sheet.read_text()), sheet


def test_a_slide_holds_plain_words_and_no_markup(made):
    assert "Traceback" not in made.text
    deck = copy(made.deck)
    for one in deck.select("pre, code, script, .math, .rl-widget"):
        one.decompose()
    assert not re.search(r"[`:]{3,}\{\w|\{[\w:-]+\}|\*\*|\$", deck.get_text())


def test_a_deck_holds_the_widgets_and_the_exercises_of_its_page(made):
    of_page, of_deck = (
        {one["data-rl-module"] for one in document.select("[data-rl-module]")}
        for document in (made.page, made.deck)
    )
    assert of_deck == of_page
    numbers = [one.get_text().strip() for one in made.page.select(".exercise .caption-number")]
    titles = [one.get_text() for one in made.deck.select(".slide-exercise h3")]
    assert [re.match(r"Exercise \d+", title)[0] for title in titles] == numbers
    assert all(one["alt"] for one in made.deck.select(".slide-figure img"))


def test_a_deck_holds_no_solution_and_no_check(made):
    assert "BEGIN SOLUTION" not in made.text
    assert "# Solution" not in made.text
    cells = json.loads(made.path.read_bytes())["cells"] if made.path.suffix == ".ipynb" else []
    for cell in cells:
        if is_tagged(cell, "exercise"):
            assert extract_solution(join_source(cell)) not in made.text
        if is_tagged(cell, "check"):
            assert join_source(cell) not in made.text


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


# ---------------------------------------------------------------- the rules

markdown = nbformat.v4.new_markdown_cell
ALT = {"mystnb": {"image": {"alt": "a line"}}}


def code(source, *tags, said=None, shown=None, **metadata):
    """A cell of code that has said some words, or shown `(form, content)`."""
    outputs = []
    if said:
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=f"{said}\n"))
    if shown:
        data = {shown[0]: shown[1], "text/plain": "one"}
        outputs.append(nbformat.v4.new_output("display_data", data))
    return nbformat.v4.new_code_cell(
        source, metadata={"tags": list(tags), **metadata}, outputs=outputs
    )


def deck_of(*cells):
    """The slides of a chapter of these cells, behind a title; column by column."""
    conversion = Conversion(None)
    conversion.save_picture = lambda png, alt: f'<img alt="{alt}">'
    title = markdown("# A chapter\n\n*What you will see: a test.*")
    notebook = split_exercises({"cells": [title, *cells]})
    columns = Deck([nbformat.from_dict(cell) for cell in notebook["cells"]], conversion).columns
    return SimpleNamespace(columns=columns, flat=[*chain(*columns)], conversion=conversion)


def words(slide):
    return " ".join(BeautifulSoup("".join(slide.parts), "html.parser").get_text(" ").split())


def notes(slide):
    return words(SimpleNamespace(parts=slide.notes))


def test_a_title_opens_a_column_and_what_follows_is_led_by_its_first_sentences():
    rest = "All that is said here is for the speaker alone, who knows how much the hall can take."
    deck = deck_of(
        markdown(f"## A section\n\nThe first words are read by everybody in the hall. {rest} "
                 f"{rest}\n\nA second paragraph.\n\n$$x^2$$\n\n### A smaller one\n\nShort.")
    )  # fmt: skip
    first, second = deck.columns
    assert [one.kind for one in first] == ["title"]
    assert words(first[0]) == "A chapter What you will see: a test."
    assert words(second[0]).startswith("A section The first words")
    assert rest in words(second[0])
    assert words(second[0]).count(rest) == 1
    assert r"\[x^2\]" in words(second[0])
    assert notes(second[0]).count(rest) == 2
    assert "A second paragraph." in notes(second[0])
    assert words(second[1]) == "A smaller one Short."


LONG = "And so on, with word after word, for longer than anybody in the hall would care to read it."


@pytest.mark.parametrize(
    ("text", "leading"),
    [
        (f"Short. {LONG} {LONG}", f"Short. {LONG}"),
        (f"{LONG} Bye. {LONG}", f"{LONG} Bye."),
        (f"Some **words. {LONG} In bold** type. {LONG}", f"Some **words. {LONG} In bold** type."),
        (f"A (bracket. {LONG}) closes. {LONG}", f"A (bracket. {LONG}) closes."),
        (f"He et al. (2015), i.e. they. {LONG} {LONG}", f"He et al. (2015), i.e. they. {LONG}"),
    ],
)
def test_leading_sentences_are_whole(text, leading):
    assert extract_lead(text) == leading


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("- First point, in words that fill a line of it. {}\n- Second.", "A First point"),
        (
            "Two things.\n\n**First**, a word.\n\n**Second.** {}",
            "A Two things. First , a word. Second. This is told",
        ),
    ],
    ids=["of a list", "that begins in bold type"],
)
def test_a_point_shows_its_leading_sentences(text, start):
    long = "This is told by the speaker, at length. " * 9
    slide = deck_of(markdown(f"## A\n\n{text.format(long)}")).flat[-1]
    assert words(slide).startswith(start)
    assert words(slide).count("at length") <= 4
    assert notes(slide).count("at length") == 9


def test_a_title_never_stands_alone_before_its_list():
    points = "\n".join("- A point." for _ in range(9))
    assert words(deck_of(markdown(f"## A\n\n### B\n\n{points}")).flat[-1]).startswith("B A point.")


def test_a_prediction_stands_alone_and_its_answer_is_the_next_slide():
    deck = deck_of(
        markdown("## A\n\n```{admonition} Predict\n:class: tip\nHow many?\n```"),
        code("count()\nmore()", "hide-cell", said="42"),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "predict", "code"]
    assert [words(one) for one in deck.flat[2:]] == ["Predict How many?", "42"]


LINES = "line = 0\n" * 12
IMPORTS = "import one\nfrom two import (\n    a,\n    b,\n)\n\n"


@pytest.mark.parametrize(
    ("cell", "words_of_slide"),
    [
        (code("print(1)", said="one"), "A print ( 1 ) one"),
        (code(LINES + LINES, said="one"), "A one"),
        (code(IMPORTS + LINES, said="one"), "A " + "line = 0 " * 12 + "one"),
        (code("print(1)", "remove-cell", said="one"), "A"),
    ],
)
def test_code_is_shown_where_it_is_short(cell, words_of_slide):
    assert words(deck_of(markdown("## A"), cell).flat[-1]) == words_of_slide


def test_code_and_what_it_says_stand_on_one_slide():
    words_and_code = markdown("## A\n\nThe section's own words."), code(LINES[:90], said="one\ntwo")
    _, first, second = deck_of(*words_and_code).flat
    assert words(first) == "A The section's own words."
    assert words(second) == "line = 0 " * 10 + "one two"


def test_a_figure_and_a_widget_are_large():
    twin = '<div data-rl-module="lab"></div>'
    deck = deck_of(
        markdown("## A\n\nThe section's own words."),
        markdown("What the figure shows."),
        code("draw()", shown=("image/png", "a png"), **ALT),
        code("draw()", shown=("image/png", "a png"), **ALT),
        code("Lab()", shown=("text/html", twin)),
        markdown("Try this: press it.\n\nMore."),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "figure", "figure", "widget"]
    assert deck.flat[2].parts[-1] == '<img alt="a line">'
    assert deck.flat[-1].parts == [twin]
    assert notes(deck.flat[-1]) == "Try this: press it. More."


def test_an_exercise_shows_its_stub_and_neither_solution_nor_check():
    stub = "answer = ...\n### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION"
    exercise = deck_of(
        markdown("## Exercises\n\n```{exercise}\n:label: one\nHow many?\n```"),
        code(stub, "exercise", said="open"),
        code("check(answer, 42)", "check", said="right"),
        markdown("It was 42.\n\n```{dropdown} Show the solution\n42\n```"),
        code("print(42)", "hide-cell", said="42"),
    ).flat[-1]
    assert exercise.kind == "exercise"
    assert words(exercise) == "Exercise How many? answer = ..."
    assert notes(exercise) == "It was 42."


def test_an_author_decides_by_the_cell_s_metadata():
    def told(kind):
        return {"slideshow": {"slide_type": kind}}

    long = "A sentence, as long as the leading ones are, or longer, and told in full. " * 4
    deck = deck_of(
        markdown("## A"),
        markdown("Left out.", metadata=told("skip")),
        markdown("For the speaker.", metadata=told("notes")),
        markdown(long, metadata=told("subslide")),
        markdown("Later.", metadata=told("fragment")),
        code("print(1)", said="one", **told("slide")),
    )
    assert [len(column) for column in deck.columns] == [1, 2, 1]
    assert "Left out." not in "".join(words(one) + notes(one) for one in deck.flat)
    assert notes(deck.flat[1]) == "For the speaker."
    assert words(deck.flat[2]) == f"{long}Later."
    assert '<div class="fragment">' in deck.flat[2].parts[-1]
    assert words(deck.flat[3]) == "print ( 1 ) one"


def test_markup_without_a_form_on_slides_is_named():
    assert deck_of(markdown("```{tabbed} a\nb\n```")).conversion.problems == [
        "the directive {tabbed}"
    ]
