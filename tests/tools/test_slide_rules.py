"""Check the rules by which the cells of a chapter become slides."""

from itertools import chain
from types import SimpleNamespace

import nbformat
import pytest
from bs4 import BeautifulSoup
from notebooks.exercises import split_exercises
from notebooks.plain_markdown import Conversion
from slides.deck import Deck
from slides.text import extract_lead

markdown_cell = nbformat.v4.new_markdown_cell
ALT = {"mystnb": {"image": {"alt": "a line"}}}


def code_cell(source, *tags, said=None, shown=None, **metadata):
    """Make a code cell that has printed `said`, or shown `(MIME type, content)`."""
    outputs = []
    if said:
        outputs.append(nbformat.v4.new_output("stream", name="stdout", text=f"{said}\n"))
    if shown:
        data = {shown[0]: shown[1], "text/plain": "one"}
        outputs.append(nbformat.v4.new_output("display_data", data))
    return nbformat.v4.new_code_cell(
        source, metadata={"tags": list(tags), **metadata}, outputs=outputs
    )


def make_deck(*cells):
    """Make the deck of a chapter with a title and these cells."""
    conversion = Conversion(None)
    conversion.save_picture = lambda png, alt: f'<img alt="{alt}">'
    title = markdown_cell("# A chapter\n\n*What you will see: a test.*")
    notebook = split_exercises({"cells": [title, *cells]})
    columns = Deck([nbformat.from_dict(cell) for cell in notebook["cells"]], conversion).columns
    return SimpleNamespace(columns=columns, flat=[*chain(*columns)], conversion=conversion)


def read_text(slide):
    return " ".join(BeautifulSoup("".join(slide.parts), "html.parser").get_text(" ").split())


def read_notes(slide):
    return read_text(SimpleNamespace(parts=slide.notes))


def test_a_title_opens_a_column_and_what_follows_is_led_by_its_first_sentences():
    rest = "All that is said here is for the speaker alone, who knows how much the hall can take."
    deck = make_deck(
        markdown_cell(f"## A section\n\nThe first words are read by everybody in the hall. {rest} "
                 f"{rest}\n\nA second paragraph.\n\n$$x^2$$\n\n### A smaller one\n\nShort.")
    )  # fmt: skip
    first, second = deck.columns
    assert [one.kind for one in first] == ["title"]
    assert read_text(first[0]) == "A chapter What you will see: a test."
    assert read_text(second[0]).startswith("A section The first words")
    assert rest in read_text(second[0])
    assert read_text(second[0]).count(rest) == 1
    assert r"\[x^2\]" in read_text(second[0])
    assert read_notes(second[0]).count(rest) == 2
    assert "A second paragraph." in read_notes(second[0])
    assert read_text(second[1]) == "A smaller one Short."


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
    slide = make_deck(markdown_cell(f"## A\n\n{text.format(long)}")).flat[-1]
    assert read_text(slide).startswith(start)
    assert read_text(slide).count("at length") <= 4
    assert read_notes(slide).count("at length") == 9


def test_a_title_never_stands_alone_before_its_list():
    points = "\n".join("- A point." for _ in range(9))
    assert read_text(make_deck(markdown_cell(f"## A\n\n### B\n\n{points}")).flat[-1]).startswith(
        "B A point."
    )


def test_a_prediction_stands_alone_and_its_answer_is_the_next_slide():
    deck = make_deck(
        markdown_cell("## A\n\n```{admonition} Predict\n:class: tip\nHow many?\n```"),
        code_cell("count()\nmore()", "hide-cell", said="42"),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "predict", "code"]
    assert [read_text(one) for one in deck.flat[2:]] == ["Predict How many?", "42"]


LINES = "line = 0\n" * 12
IMPORTS = "import one\nfrom two import (\n    a,\n    b,\n)\n\n"


@pytest.mark.parametrize(
    ("cell", "words_of_slide"),
    [
        (code_cell("print(1)", said="one"), "A print ( 1 ) one"),
        (code_cell(LINES + LINES, said="one"), "A one"),
        (code_cell(IMPORTS + LINES, said="one"), "A " + "line = 0 " * 12 + "one"),
        (code_cell("print(1)", "remove-cell", said="one"), "A"),
    ],
)
def test_code_is_shown_where_it_is_short(cell, words_of_slide):
    assert read_text(make_deck(markdown_cell("## A"), cell).flat[-1]) == words_of_slide


def test_code_and_what_it_says_stand_on_one_slide():
    words_and_code = (
        markdown_cell("## A\n\nThe section's own words."),
        code_cell(LINES[:90], said="one\ntwo"),
    )
    _, first, second = make_deck(*words_and_code).flat
    assert read_text(first) == "A The section's own words."
    assert read_text(second) == "line = 0 " * 10 + "one two"


def test_a_figure_and_a_widget_are_large():
    static_html = '<div data-rl-module="lab"></div>'
    deck = make_deck(
        markdown_cell("## A\n\nThe section's own words."),
        markdown_cell("What the figure shows."),
        code_cell("draw()", shown=("image/png", "a png"), **ALT),
        code_cell("draw()", shown=("image/png", "a png"), **ALT),
        code_cell("Lab()", shown=("text/html", static_html)),
        markdown_cell("Try this: press it.\n\nMore."),
    )
    assert [one.kind for one in deck.flat[1:]] == ["section", "figure", "figure", "widget"]
    assert deck.flat[2].parts[-1] == '<img alt="a line">'
    assert deck.flat[-1].parts == [static_html]
    assert read_notes(deck.flat[-1]) == "Try this: press it. More."


def test_an_exercise_shows_its_stub_and_neither_solution_nor_check():
    stub = "answer = ...\n### BEGIN SOLUTION\nanswer = 6 * 7\n### END SOLUTION"
    exercise = make_deck(
        markdown_cell("## Exercises\n\n```{exercise}\n:label: one\nHow many?\n```"),
        code_cell(stub, "exercise", said="open"),
        code_cell("check(answer, 42)", "check", said="right"),
        markdown_cell("It was 42.\n\n```{dropdown} Show the solution\n42\n```"),
        code_cell("print(42)", "hide-cell", said="42"),
    ).flat[-1]
    assert exercise.kind == "exercise"
    assert read_text(exercise) == "Exercise How many? answer = ..."
    assert read_notes(exercise) == "It was 42."


def test_an_author_decides_by_the_cell_s_metadata():
    def told(kind):
        return {"slideshow": {"slide_type": kind}}

    long = "A sentence, as long as the leading ones are, or longer, and told in full. " * 4
    deck = make_deck(
        markdown_cell("## A"),
        markdown_cell("Left out.", metadata=told("skip")),
        markdown_cell("For the speaker.", metadata=told("notes")),
        markdown_cell(long, metadata=told("subslide")),
        markdown_cell("Later.", metadata=told("fragment")),
        code_cell("print(1)", said="one", **told("slide")),
    )
    assert [len(column) for column in deck.columns] == [1, 2, 1]
    assert "Left out." not in "".join(read_text(one) + read_notes(one) for one in deck.flat)
    assert read_notes(deck.flat[1]) == "For the speaker."
    assert read_text(deck.flat[2]) == f"{long}Later."
    assert '<div class="fragment">' in deck.flat[2].parts[-1]
    assert read_text(deck.flat[3]) == "print ( 1 ) one"


def test_markup_without_a_form_on_slides_is_named():
    assert make_deck(markdown_cell("```{tabbed} a\nb\n```")).conversion.problems == [
        "the directive {tabbed}"
    ]
