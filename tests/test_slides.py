"""What of a chapter becomes a slide, and the decks that `make slides` left in `_build/slides`."""

import json
import re
from types import SimpleNamespace
from urllib.parse import unquote

import chapters
import nbformat
import pytest
import slides
from bs4 import BeautifulSoup
from exercises import is_tagged, solution, source_of, told_apart
from plain_markdown import Pages
from slide_rules import Deck
from slide_text import lead

CHAPTERS = chapters.files()
DECKS = [path.stem for path in CHAPTERS]


def soup(name):
    path = slides.SLIDES / f"{name}.html"
    assert path.exists(), "there are no slides: type  make slides"
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


# ---------------------------------------------------------------- the decks


def test_every_chapter_has_a_deck_and_the_index_leads_to_it():
    links = [link["href"] for link in soup("index").select("ol a")]
    assert links == [f"{name}.html" for name in DECKS]
    assert {path.stem for path in slides.SLIDES.glob("*.html")} == {"index", *DECKS}


@pytest.mark.parametrize("name", ["index", *DECKS])
def test_a_deck_fetches_nothing_from_afar_and_nothing_that_is_missing(name):
    deck = soup(name)
    fetched = [one["href"] for one in deck.select("link[href]")]
    fetched += [one["src"] for one in deck.select("[src]") if not one["src"].startswith("data:")]
    assert fetched
    for address in fetched:
        assert not re.match(r"(\w+:)?//", address), address
        assert (slides.SLIDES / unquote(address)).is_file(), address
    for sheet in slides.SLIDES.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?(\w+:)?//", sheet.read_text()), sheet


@pytest.mark.parametrize("name", DECKS)
def test_a_slide_holds_plain_words_and_no_markup(name):
    deck = soup(name)
    assert "Traceback" not in deck.get_text()
    for one in deck.select("pre, code, script, .math, .rl-widget"):
        one.decompose()
    text = deck.get_text()
    assert not re.search(r"[`:]{3,}\{\w|\{[\w:-]+\}|\*\*|\$", text)


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_holds_the_widgets_and_the_exercises_of_its_page(name):
    page_file = chapters.SITE / "book" / f"{name}.html"
    page = BeautifulSoup(page_file.read_text(encoding="utf-8"), "html.parser")
    deck = soup(name)

    def modules(document):
        return {one["data-rl-module"] for one in document.select("[data-rl-module]")}

    assert modules(deck) == modules(page)
    numbers = [one.get_text().strip() for one in page.select(".exercise .caption-number")]
    titles = [one.get_text() for one in deck.select(".slide-exercise h3")]
    assert [re.match(r"Exercise \d+", title)[0] for title in titles] == numbers
    pictures = deck.select(".slide-figure img")
    assert all(one["alt"] for one in pictures)


@pytest.mark.parametrize("path", CHAPTERS, ids=DECKS)
def test_a_deck_holds_no_solution_and_no_check(path):
    if path.suffix == ".md":
        assert "BEGIN SOLUTION" not in path.read_text(encoding="utf-8")
        return
    text = soup(path.stem).get_text()
    assert "BEGIN SOLUTION" not in text
    assert "# Solution" not in text
    for cell in json.loads(path.read_bytes())["cells"]:
        if is_tagged(cell, "exercise"):
            assert solution(source_of(cell)) not in text
        if is_tagged(cell, "check"):
            assert source_of(cell) not in text


def test_a_chapter_that_the_build_did_not_run_is_told(tmp_path):
    chapter = next(path for path in CHAPTERS if path.suffix == ".ipynb")
    changed = json.loads(chapter.read_bytes())
    changed["cells"][-2]["cell_type"] = "code"
    changed["cells"][-2] |= {"source": "edited", "outputs": [], "execution_count": None}
    (tmp_path / chapter.name).write_text(json.dumps(changed))
    with pytest.raises(chapters.CannotBuild, match=f"{chapter.name} as it is now: type  make book"):
        chapters.cells_of(tmp_path / chapter.name)


def test_a_chapter_that_slides_cannot_show_is_named(tmp_path, monkeypatch):
    (tmp_path / "01_odd.md").write_text("# Odd\n\n```{tabbed} a\nb\n```\n")
    with pytest.raises(chapters.CannotBuild, match=r"01_odd.md: .* the directive \{tabbed\}"):
        slides.build(tmp_path / "slides", [tmp_path / "01_odd.md"])


def test_a_deck_has_the_number_of_its_file(tmp_path):
    (tmp_path / "03_short.md").write_text("# Short\n\n*What you will see: it.*\n")
    slides.build(tmp_path / "slides", [tmp_path / "03_short.md"])
    assert "Residual Networks · 3</p>" in (tmp_path / "slides" / "03_short.html").read_text()


def test_without_a_book_one_is_told_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(chapters, "SITE", tmp_path)
    with pytest.raises(chapters.CannotBuild, match="type  make book"):
        slides.build(tmp_path / "slides")


# ---------------------------------------------------------------- the rules

markdown, code = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell


def said(text):
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def shown(form, content):
    return nbformat.v4.new_output("display_data", {form: content, "text/plain": "one"})


def deck_of(*cells):
    """The slides of a chapter of these cells, behind a title; column by column."""
    pages = Pages(None)
    pages.picture = lambda png, alt: f'<img alt="{alt}">'
    title = markdown("# A chapter\n\n*What you will see: a test.*")
    notebook = told_apart({"cells": [title, *cells]})
    deck = Deck([nbformat.from_dict(cell) for cell in notebook["cells"]], pages)
    return SimpleNamespace(
        columns=deck.columns, flat=[one for column in deck.columns for one in column], pages=pages
    )


def words(slide):
    return " ".join(BeautifulSoup("".join(slide.parts), "html.parser").get_text(" ").split())


def notes(slide):
    return " ".join(BeautifulSoup("".join(slide.notes), "html.parser").get_text(" ").split())


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
    assert lead(text) == leading


def test_a_list_shows_the_leading_sentence_of_each_point():
    long = "This is told by the speaker, at length. " * 9
    deck = deck_of(
        markdown(f"## A\n\n- First point, in words that fill a line of it. {long}\n- Second.")
    )
    slide = deck.flat[-1]
    assert "First point" in words(slide)
    assert words(slide).count("at length") <= 4
    assert notes(slide).count("at length") == 9


def test_a_prediction_stands_alone_and_its_answer_is_the_next_slide():
    deck = deck_of(
        markdown("## A\n\n```{admonition} Predict\n:class: tip\nHow many?\n```"),
        code("count()\nmore()", metadata={"tags": ["hide-cell"]}, outputs=[said("42\n")]),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "predict", "code"]
    assert words(deck.flat[2]) == "Predict How many?"
    assert words(deck.flat[3]) == "42"


def test_code_is_shown_where_it_is_short():
    short, long = "print(1)", "\n".join(f"line_{number} = 0" for number in range(15))
    deck = deck_of(markdown("## A"), code(short, outputs=[said("one\n")]))
    assert words(deck.flat[-1]) == "A print ( 1 ) one"
    deck = deck_of(markdown("## A"), code(long, outputs=[said("one\n")]))
    assert words(deck.flat[-1]) == "A one"
    imports = "import one\nfrom two import (\n    a,\n    b,\n)\n\n"
    deck = deck_of(markdown("## A"), code(imports + "line = 0\n" * 12, outputs=[said("one\n")]))
    assert words(deck.flat[-1]) == "A " + "line = 0 " * 12 + "one"
    hidden = {"metadata": {"tags": ["remove-cell"]}, "outputs": [said("one\n")]}
    assert words(deck_of(markdown("## A"), code(short, **hidden)).flat[-1]) == "A"


def test_code_and_what_it_says_stand_on_one_slide():
    lines = "\n".join(f"line_{number} = 0" for number in range(10))
    deck = deck_of(
        markdown("## A\n\nThe section's own words."),
        code(lines, outputs=[said("one\ntwo\n")]),
    )
    assert words(deck.flat[1]) == "A The section's own words."
    assert words(deck.flat[2]).startswith("line_0")
    assert words(deck.flat[2]).endswith("one two")


def test_a_title_never_stands_alone_before_its_list():
    points = "\n".join("- A point." for _ in range(9))
    assert words(deck_of(markdown(f"## A\n\n### B\n\n{points}")).flat[-1]).startswith("B A point.")


def test_a_paragraph_that_begins_in_bold_type_is_a_point():
    long = "This is told by the speaker, at length. " * 9
    deck = deck_of(markdown(f"## A\n\nTwo things.\n\n**First**, a word.\n\n**Second.** {long}"))
    assert words(deck.flat[-1]).startswith("A Two things. First , a word. Second. This is told")
    assert words(deck.flat[-1]).count("at length") <= 4
    assert notes(deck.flat[-1]).count("at length") == 9


def test_a_figure_and_a_widget_are_large():
    alt = {"mystnb": {"image": {"alt": "a line"}}}
    twin = '<div data-rl-module="lab"></div>'
    deck = deck_of(
        markdown("## A\n\nThe section's own words."),
        markdown("What the figure shows."),
        code("draw()", metadata=alt, outputs=[shown("image/png", "a png")]),
        code("draw()", metadata=alt, outputs=[shown("image/png", "a png")]),
        code("Lab()", outputs=[shown("text/html", twin)]),
        markdown("Try this: press it.\n\nMore."),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "figure", "figure", "widget"]
    assert deck.flat[2].parts[-1] == '<img alt="a line">'
    assert deck.flat[-1].parts == [twin]
    assert notes(deck.flat[-1]) == "Try this: press it. More."


def test_an_exercise_shows_its_stub_and_neither_solution_nor_check():
    stub = "answer = ...\n### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION"
    deck = deck_of(
        markdown("## Exercises\n\n```{exercise}\n:label: one\nHow many?\n```"),
        code(stub, metadata={"tags": ["exercise"]}, outputs=[said("open\n")]),
        code("check(answer, 42)", metadata={"tags": ["check"]}, outputs=[said("right\n")]),
        markdown("It was 42.\n\n```{dropdown} Show the solution\n42\n```"),
        code("print(42)", metadata={"tags": ["hide-cell"]}, outputs=[said("42\n")]),
    )
    exercise = deck.flat[-1]
    assert exercise.kind == "exercise"
    assert words(exercise) == "Exercise How many? answer = ..."
    assert notes(exercise) == "It was 42."


def test_an_author_decides_by_the_cell_s_metadata():
    def told(kind):
        return {"metadata": {"slideshow": {"slide_type": kind}}}

    long = (
        "A sentence that is as long as the leading ones are, or longer, and is told in full. " * 4
    )
    deck = deck_of(
        markdown("## A"),
        markdown("Left out.", **told("skip")),
        markdown("For the speaker.", **told("notes")),
        markdown(long, **told("subslide")),
        markdown("Later.", **told("fragment")),
        code("print(1)", outputs=[said("one\n")], **told("slide")),
    )
    assert [len(column) for column in deck.columns] == [1, 2, 1]
    assert "Left out." not in "".join(words(one) + notes(one) for one in deck.flat)
    assert notes(deck.flat[1]) == "For the speaker."
    assert words(deck.flat[2]) == f"{long}Later."
    assert '<div class="fragment">' in deck.flat[2].parts[-1]
    assert words(deck.flat[3]) == "print ( 1 ) one"


def test_markup_without_a_form_on_slides_is_named():
    assert deck_of(markdown("```{tabbed} a\nb\n```")).pages.problems == ["the directive {tabbed}"]
