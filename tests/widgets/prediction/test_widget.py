"""Predictions: what can be asked, what the page gets, and what stands there without JavaScript."""

import numpy as np
import pytest
import traitlets
from static_copies import read_state

from resnet_lib import Prediction

CHOICE = {"options": ["all", "some", "none"], "answer": 1, "reveal": "So it is."}
NUMBER = {"answer": 12.76, "low": 0, "high": 100, "reveal": "So it is."}
CURVE = {
    **{"x": [1, 2, 3], "y": [60, 30, 20], "low": 0, "high": 100, "reveal": "So it is."},
    **{"xlabel": "epoch", "ylabel": "test error, %", "label": "plain-56"},
}
MAKERS = {
    "choice": (Prediction.choice, CHOICE),
    "number": (Prediction.number, NUMBER),
    "curve": (Prediction.curve, CURVE),
}


def ask(form, question="What comes?", **changes):
    make, settings = MAKERS[form]
    return make(question, **settings | changes)


def test_the_page_gets_what_is_asked():
    """Arrays are taken and written short."""
    third = {"v2": {"kind": "v2", "y": np.full(3, 1 / 3)}}
    drawn = {"a": [1, 2, 3], "b": {"y": [3, 2, 1]}}
    for form, changes, expected in (
        ("choice", {}, {"form": "choice", "question": "What comes?", "answer": 1}),
        ("choice", {"hints": {0: "Look.", 2: "Few."}}, {"hints": ["Look.", "", "Few."]}),
        ("choice", {}, {"options": ["all", "some", "none"]}),
        ("choice", {"answer": np.int64(2)}, {"answer": 2}),
        ("number", {"answer": np.float32(0.5)}, {"answer": 0.5}),
        ("number", {"unit": "%"}, {"form": "number", "unit": "%"}),
        ("number", {}, {"answer": 12.76, "low": 0, "high": 100}),
        ("curve", {"kind": "plain"}, {"form": "curve", "kind": "plain", "label": "plain-56"}),
        ("curve", {}, {"x": [1, 2, 3], "y": [60, 30, 20]}),
        ("curve", {"x": np.arange(3)}, {"x": [0, 1, 2]}),
        ("curve", {"y": np.array([1, 2, 2 / 3])}, {"y": [1, 2, 0.6667]}),
        ("curve", {"given": third}, {"given": [{"name": "v2", "kind": "v2", "y": [0.3333] * 3}]}),
    ):
        assert expected.items() <= read_state(ask(form, **changes).static_html()).items(), changes
    given = read_state(ask("curve", kind="plain", given=drawn).static_html())["given"]
    a, b = {"name": "a", "y": [1, 2, 3]}, {"name": "b", "y": [3, 2, 1]}
    assert given == [one | {"kind": "plain"} for one in (a, b)]


def test_a_curve_may_reach_the_ends_of_its_axis():
    asked = ask("curve", y=[1e-5, 0.5, 0.99996], low=1e-5, high=0.99996)
    assert asked.low == asked.y[0]
    assert asked.high == asked.y[-1]


def test_the_slider_moves_by_a_hundredth_of_the_range_or_less():
    for low, high, step in ((0, 100, 1), (0, 1, 0.01), (10, 60, 0.1), (0, 5e6, 10_000)):
        asked = ask("number", answer=low, low=low, high=high)
        assert asked.step == pytest.approx(step)
    assert ask("number", step=5).step == 5


NAN = float("nan")
WRONG = {
    "choice": [
        ({"options": ["all"]}, "options must be two or more; got 1"),
        ({"answer": 3}, "index of an option, 0 to 2; got 3"),
        ({"answer": -1}, "index of an option, 0 to 2; got -1"),
        ({"answer": 0.5}, "index of an option, 0 to 2; got 0.5"),
        ({"answer": NAN}, "index of an option, 0 to 2; got nan"),
        ({"answer": None}, "index of an option, 0 to 2; got None"),
        ({"hints": {3: "a"}}, "hints are for options 0 to 2; got one for 3"),
        ({"hints": {1: "a"}}, "hints are for wrong options; 1 is the answer"),
    ],
    "number": [
        ({"low": 100, "high": 0}, "low must be less than high; got 100 and 0"),
        ({"low": 5, "high": 5, "answer": 5}, "low must be less than high; got 5 and 5"),
        ({"high": NAN}, "low must be less than high; got 0 and nan"),
        ({"high": float("inf")}, "low must be less than high; got 0 and inf"),
        ({"answer": 101}, "answer must lie from low, 0, to high, 100; got 101"),
        ({"answer": NAN}, "answer must lie from low, 0, to high, 100; got nan"),
        ({"step": 0}, "step must be more than 0 and at most 100, the range; got 0"),
        ({"step": 101}, "step must be more than 0 and at most 100, the range; got 101"),
    ],
    "curve": [
        ({"high": -1}, "low must be less than high; got 0 and -1"),
        ({"x": [1], "y": [2]}, "x must hold two points or more; got 1"),
        ({"x": [1, 2]}, "y must have a value for each x, 2; got 3"),
        ({"x": [1, 1, 2]}, "x must be numbers that increase; got .1.0, 1.0, 2.0."),
        ({"x": [1, NAN, 2]}, "x must be numbers that increase"),
        ({"x": [1, 2, float("inf")]}, "x must be numbers that increase"),
        ({"y": [1, 2, 101]}, "y must lie from low, 0, to high, 100; got 101"),
        ({"y": [1, NAN, 2]}, "y must lie from low, 0, to high, 100; got nan"),
        ({"given": {"a": [1]}}, "given 'a' must have a value for each x, 3; got 1"),
        ({"given": {"a": [1, 2, -1]}}, "given 'a' must lie from low, 0, to high, 100; got -1"),
        ({"given": {"a": {"kind": "odd", "y": [1, 2, 3]}}}, "kind must be one of plain, .*'odd'"),
        ({"given": {"a": {"values": [1, 2, 3]}}}, 'given .a. holds "y" and perhaps "kind"'),
    ],
}


def test_questions_without_an_answer_a_wrong_kind_and_no_question_are_refused():
    for form, cases in WRONG.items():
        for wrong, told in cases:
            with pytest.raises(ValueError, match=told):
                ask(form, **wrong)
    with pytest.raises(traitlets.TraitError, match="kind"):
        ask("curve", kind="odd")
    for make in (Prediction, lambda: ask("choice", question=" ")):
        with pytest.raises(ValueError, match=r"needs a question: make one with Prediction\.choice"):
            make()


def test_stars_and_backticks_mark_what_they_enclose():
    for text, shown in (
        ("2 * 3 * 4 and 2*3*4", "2 * 3 * 4 and 2*3*4"),
        ("a `b * c * d` e", "a <code>b * c * d</code> e"),
        ("*very* `<b>`", "<em>very</em> <code>&lt;b&gt;</code>"),
    ):
        assert f"<strong>{shown}</strong>" in ask("choice", text).picture()


def test_without_javascript_the_answer_is_folded():
    picture = ask("choice", "Is `F(x)` *ever* 0?").picture()
    asked, answer = picture.split("<details>")
    assert asked.startswith("<p><strong>Is <code>F(x)</code> <em>ever</em> 0?</strong></p>")
    assert asked.endswith("<ul><li>all</li><li>some</li><li>none</li></ul>")
    assert answer.startswith("<summary>The answer</summary><p>some</p><p>So it is.</p>")

    asked, answer = ask("number", unit="%").picture().split("<details>")
    assert "<p>From 0 % to 100 %.</p>" in asked
    assert "<p>12.76 %</p>" in answer

    asked, answer = ask("curve", given={"plain-20": [50, 20, 10]}).picture().split("<details>")
    assert 'alt="test error, % against epoch: plain-20."' in asked
    assert 'alt="test error, % against epoch: plain-56 goes from 60 to 20."' in answer
    assert "<img" not in ask("curve").picture().split("<details>")[0], "an empty plot says nothing"


def test_no_text_can_break_out():
    bad = "<img src=x onerror=alert(1)></script>"
    own = {"choice": {"options": [bad, bad]}, "number": {"unit": bad}, "curve": {"label": bad}}
    for form, texts in own.items():
        static_html = ask(form, question=bad, reveal=bad, **texts).static_html()
        assert static_html.count("</script>") == 1, "that of the state"
        assert "<img src=x" not in static_html
