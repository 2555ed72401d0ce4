"""Checks of answers, and the exercises of the chapters: a stub and its solution in one cell."""

import json
from fractions import Fraction
from pathlib import Path

import keras
import numpy as np
import pytest
from docutils import nodes
from notebooks.exercises import (
    ExerciseError,
    check_solutions,
    extract_solution,
    extract_stub,
    prepare_for_reader,
    split_exercises,
)
from notebooks.plain_markdown import Conversion
from notebooks.standalone import make_standalone

from resnet_lib import check

CHAPTERS = sorted((Path(__file__).parents[2] / "book").glob("*.ipynb"))

# ---------------------------------------------------------------- check


@pytest.mark.parametrize(
    ("answer", "expected", "within"),
    [
        (74_112, 74_112, 0),
        (np.int64(20), 20, 0),
        (12.7, 12.76, 0.1),
        ([1, 2], np.array([1.0, 2.0]), 0),
        (" Degradation", "degradation", 0),
        ({"a", "b"}, {"b", "a"}, 0),
        (True, True, 0),
        (np.True_, True, 0),
        (True, np.array(True), 0),
        (keras.ops.convert_to_tensor(True), True, 0),
        (np.array([True, False]), [True, False], 0),
        (np.array([True, False]), np.array([True, False]), 0),
        ({"v1": np.array(["a", "b"])}, {"v1": ["a", "b"]}, 0),
        (np.uint8(3), np.uint8(5), 2),
        (np.uint8([3, 7]), np.uint8([5, 5]), 2),
        (np.uint8(250), 252, np.uint8(2)),
        (keras.ops.convert_to_tensor([3, 5], dtype="uint8"), np.uint8([5, 3]), 2),
        (keras.ops.convert_to_tensor([1.5], dtype="bfloat16"), [1.5], 0),
        (keras.Variable(20), 20, 0),
        (Fraction(1, 4), 0.25, 0),
        (float("inf"), np.inf, 0),
        (0.1 + 0.2, 0.3, 0),
        (0.4, 0.3, 0.1),
    ],
)
def test_a_right_answer(answer, expected, within):
    assert check(answer, expected, within=within, right="Yes.") == check(1, 1, right="Yes.")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (18, "the stem and the last layer"),
        (-3, "below zero"),
        (19, "count again"),
        ("20", "Expected a number; got '20', a text."),
        (True, "Expected a number; got True, True or False."),
        ([20], "Expected the shape (); got (1,)."),
        (float("nan"), "count again"),
        (np.iinfo(np.int64).min, "below zero"),
        (keras.Input((1,)), "Expected a number; got <KerasTensor"),
    ],
)
def test_a_wrong_answer_gets_its_hint(answer, words):
    hints = [(18, "the stem and the last layer"), (lambda it: it < 0, "below zero"), "count again"]
    verdict = check(answer, 20, hints)
    assert verdict.state == "wrong"
    assert verdict.words.startswith(words)


def negative(answer):
    return np.all(answer < 0)


@pytest.mark.parametrize(
    ("answer", "expected", "within", "hints", "words"),
    [
        (np.False_, True, 0, ["Look again."], "Look again."),  # of the kind that is asked for
        (np.array([-1, -2]), [1, 2], 0, [(negative, "below zero")], "below zero"),  # as it came
        (11_556_033_537, 11_556_033_536, 0, ["count again"], "count again"),
        (20.001, 20.0, 1e-4, ["count again"], "count again"),
        ("B", "a", 0, [("b", "Look at the training error.")], "Look at the training error."),
        (2, "a", 0, [], "Expected a text"),
    ],
)
def test_an_answer_is_told_from_what_is_nearly_right(answer, expected, within, hints, words):
    verdict = check(answer, expected, hints, within=within)
    assert verdict.state == "wrong"
    assert verdict.words.startswith(words)


@pytest.mark.parametrize(
    "answer", [..., [1, ...], {"v1": ...}, (..., ...), np.array([1, ...], dtype=object)]
)
def test_the_three_dots_of_a_stub_are_an_open_answer(answer):
    assert check(answer, 20).state == "open"


def test_a_hint_that_nobody_can_see_is_an_error():
    with pytest.raises(ValueError, match="put it last"):
        check(1, 20, ["count again", (18, "stem")])
    with pytest.raises(ValueError, match="which is the right answer"):
        check(1, 20, [(20, "stem")])


def test_a_verdict_is_shown_as_text_and_as_html():
    verdict = check(1, 20, ["is 1 < 20?"])
    assert repr(verdict) == "✗ is 1 < 20?"
    assert 'data-verdict="wrong"' in verdict._repr_html_()
    assert "1 &lt; 20" in verdict._repr_html_()


# ---------------------------------------------------------------- cells

CELL = """
def parameters(channels):
    count = ...  # yours
    ### BEGIN SOLUTION
    # a square
    count = channels**2
    ### END SOLUTION
    return count
""".strip()


def test_stub_and_solution_come_from_one_cell():
    assert (
        extract_stub(CELL)
        == "def parameters(channels):\n    count = ...  # yours\n    return count"
    )
    inside = "    # a square\n    count = channels**2\n"
    assert extract_solution(CELL) == f"def parameters(channels):\n{inside}    return count"


@pytest.mark.parametrize("source", ["a = ...", "### BEGIN SOLUTION\na = 1\n### END SOLUTION"])
def test_a_cell_without_solution_or_without_stub_is_an_error(source):
    with pytest.raises(ExerciseError, match="exercise"):
        extract_stub(source)


def chapter():
    def code(name, tag, source):
        return {"cell_type": "code", "id": name, "metadata": {"tags": [tag]}, "source": source}

    cells = [code("a", "exercise", CELL), code("b", "check", "check(parameters(2), 4)")]
    return {"cells": cells, "metadata": {}}


def test_a_page_shows_the_stub_and_folds_solution_and_check():
    first, second, third = split_exercises(chapter())["cells"]
    assert "count = ..." in first["source"]
    assert "**2" not in first["source"]
    assert second["source"] == extract_solution(CELL)
    for cell in (second, third):
        assert "hide-cell" in cell["metadata"]["tags"]


def test_the_readers_notebook_runs_no_solution():
    notebook = make_standalone(chapter(), Conversion(Path()))
    kinds = [cell["cell_type"] for cell in notebook["cells"]]
    assert kinds == ["code", "code", "code", "markdown"]  # the first is the setup
    assert not any("**2" in cell["source"] for cell in notebook["cells"][:-1])
    assert "<summary>Show the solution</summary>" in notebook["cells"][-1]["source"]


def test_an_exercise_that_nothing_checks_is_an_error():
    exercise, its_check = chapter()["cells"]
    for cells in ([exercise], [exercise, exercise | {"id": "c"}, its_check]):
        with pytest.raises(ExerciseError, match="follows the exercise in the cell a: put one"):
            list(prepare_for_reader(cells))


@pytest.mark.parametrize("words", ["Not yet.", "Not yet:\ncount again."])
def test_a_verdict_against_the_book_s_own_solution_is_told(words, caplog):
    def told(verdict):
        page = nodes.section("", nodes.raw("", verdict._repr_html_(), format="html"))
        check_solutions(None, page)
        return caplog.text

    assert told(check(1, 1, right=words)) == ""
    assert f"a check turns the book's solution down: ✗ {words}" in told(check(1, 2, [words]))


# ---------------------------------------------------------------- the chapters


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_has_exercises_of_rising_difficulty_each_with_its_check_and_wrong_answers(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    tags = [tag for cell in cells for tag in cell["metadata"].get("tags", [])]
    marks = [tag for tag in tags if tag in ("exercise", "check")]
    text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    asked = text.count("{exercise}")
    levels = [int(line[-1]) for line in text.split("\n") if line.startswith(":class: level-")]
    assert asked >= 3
    assert marks == ["exercise", "check"] * asked
    assert len(levels) == asked
    assert levels == sorted(levels)
    assert levels[0] < levels[-1]
    for cell in cells:  # wrong answers, to try the hints with
        if "exercise" in cell["metadata"].get("tags", []):
            assert len(cell["metadata"].get("wrong", [])) >= 2, "".join(cell["source"])
