"""Is an answer right? What the chapters' check cells say at once, with a hint where it is not.

An answer that is still the stub's three dots counts as open, so a notebook runs from top to bottom
before anybody has solved anything.
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Number

import numpy as np

OPEN = "Not answered yet: put your answer in the place of the three dots, run that cell, then this."
MARKS = {"right": "✓", "wrong": "✗", "open": "…"}


@dataclass(frozen=True)
class Verdict:
    """What `check` found: `state` is "right", "wrong" or "open", `words` says it to the reader."""

    state: str
    words: str

    def __repr__(self):
        return f"{MARKS[self.state]} {self.words}"

    def _repr_html_(self):
        return (
            f'<p class="rl-verdict" data-verdict="{self.state}">'
            f'<span aria-hidden="true">{MARKS[self.state]}</span> {html.escape(self.words)}</p>'
        )


def check(answer, expected, hints=(), *, within=0.0, right="That is right."):
    """Compare a reader's `answer` with the `expected` one.

    Numbers and arrays may differ by `within`, in their own unit; texts are compared without regard
    to case; everything else has to be equal. `...` anywhere in the answer means that it is open.

    `hints` are tried in order where the answer is wrong: pairs of a wrong answer, compared in the
    same way, or of a function of the answer that says whether the hint fits, and the hint's words.
    A text alone fits every wrong answer, and so comes last. `right` is said of a right one.

    Raises `ValueError` where a hint could never be seen: a wrong answer that equals `expected`, or
    one behind a text alone.

    >>> check(6 * 3, 20, [(18, "And the first and the last?"), "Count again."])
    ✗ And the first and the last?
    """
    tried = [hint if isinstance(hint, tuple) else (None, hint) for hint in hints]
    for place, (wrong, words) in enumerate(tried):
        if wrong is None and place < len(tried) - 1:
            raise ValueError(
                f"the hint {words!r} fits every wrong answer, so those behind it are never seen: "
                "put it last"
            )
        if wrong is not None and not callable(wrong) and same(wrong, expected, within):
            raise ValueError(f"the hint {words!r} is for {wrong!r}, which is the right answer")
    if is_open(answer):
        return Verdict("open", OPEN)
    if same(answer, expected, within):
        return Verdict("right", right)
    if problem := other_kind(answer, expected):
        return Verdict("wrong", problem)
    fitting = (words for wrong, words in tried if fits(wrong, answer, within))
    return Verdict("wrong", next(fitting, "Not yet. Look at the question once more."))


def is_open(answer):
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple, set)):
        return any(map(is_open, answer))
    return answer is ...


def is_number(value):
    """A number, or an array of them; a Keras or TensorFlow tensor is one too."""
    if isinstance(value, (str, bool, np.bool_, Mapping, set)) or value is None:
        return False
    try:
        return np.issubdtype(np.asarray(value).dtype, np.number)
    except (TypeError, ValueError):  # rows of different length, or no numbers at all
        return False


def same(answer, expected, within):
    if is_number(answer) and is_number(expected):
        answer, expected = np.asarray(answer), np.asarray(expected)
        close = answer.shape == expected.shape and np.abs(answer - expected) <= within
        return bool(np.all(close))
    if isinstance(answer, str) and isinstance(expected, str):
        return answer.strip().casefold() == expected.strip().casefold()
    return type(answer) is type(expected) and answer == expected


def other_kind(answer, expected):
    """In words, that the answer is of another kind than what is asked for; or None."""
    if is_number(expected) and not is_number(answer):
        wanted = "a number" if isinstance(expected, Number) else "numbers"
        return f"Expected {wanted}; got {answer!r}, {a_kind(answer)}."
    if is_number(expected) and np.shape(answer) != np.shape(expected):
        return f"Expected the shape {np.shape(expected)}; got {np.shape(answer)}."
    if not is_number(expected) and type(answer) is not type(expected):
        return f"Expected {a_kind(expected)}; got {answer!r}, {a_kind(answer)}."
    return None


def a_kind(value):
    return {"str": "a text", "set": "a set", "bool": "True or False", "NoneType": "nothing"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


def fits(wrong, answer, within):
    if wrong is None:
        return True
    return bool(wrong(answer)) if callable(wrong) else same(answer, wrong, within)
