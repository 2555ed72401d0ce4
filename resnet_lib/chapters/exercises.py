"""Check a reader's answer to an exercise, and give a hint if it is wrong.

An answer that is still the stub's three dots counts as open, so a notebook runs from top to bottom
before anybody has solved anything.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Number
from typing import Any

import numpy as np

OPEN = "Not answered yet: put your answer in the place of the three dots, run that cell, then this."
# The words of a hint, behind a wrong answer or a function of the answer that says whether they fit.
Hint = str | tuple[Any, str]
MARKS = {"right": "✓", "wrong": "✗", "open": "…"}


@dataclass(frozen=True)
class Verdict:
    """Show what `check` found: `state` is "right", "wrong" or "open", `words` is for the reader."""

    state: str
    words: str

    def __repr__(self) -> str:
        return f"{MARKS[self.state]} {self.words}"

    def _repr_html_(self) -> str:
        return (
            f'<p class="rl-verdict" data-verdict="{self.state}">'
            f'<span aria-hidden="true">{MARKS[self.state]}</span> {html.escape(self.words)}</p>'
        )


def check(
    answer: object,
    expected: object,
    hints: Iterable[Hint] = (),
    *,
    within: float = 0.0,
    right: str = "That is right.",
) -> Verdict:
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
    given, expected = to_python(answer), to_python(expected)
    tried = [hint if isinstance(hint, tuple) else (None, hint) for hint in hints]
    for place, (wrong, words) in enumerate(tried):
        if wrong is None and place < len(tried) - 1:
            raise ValueError(
                f"the hint {words!r} fits every wrong answer, so those behind it are never seen: "
                "put it last"
            )
        if (
            wrong is not None
            and not callable(wrong)
            and is_equal(to_python(wrong), expected, within)
        ):
            raise ValueError(f"the hint {words!r} is for {wrong!r}, which is the right answer")
    if is_open(given):
        return Verdict("open", OPEN)
    if is_equal(given, expected, within):
        return Verdict("right", right)
    if problem := describe_mismatch(given, expected):
        return Verdict("wrong", problem)
    fitting = (words for wrong, words in tried if is_hint_for(wrong, answer, within))
    return Verdict("wrong", next(fitting, "Not yet. Look at the question once more."))


def to_python(value: Any) -> Any:
    """Convert arrays and numbers of NumPy, Keras or TensorFlow to lists and numbers of Python.

    Else `np.True_` would be no `bool`, and `np.uint8(3) - np.uint8(5)` would be 254.
    """
    if isinstance(value, Mapping):
        return {name: to_python(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        parts = [to_python(one) for one in value]
        return tuple(parts) if isinstance(value, tuple) else parts
    if isinstance(value, (Decimal, Fraction)):
        return float(value)
    if not hasattr(value, "__array__"):
        return value
    try:
        return np.asarray(value).tolist()
    except (TypeError, ValueError):  # a layer's output holds no numbers yet
        return value


def is_open(answer: object) -> bool:
    if isinstance(answer, Mapping):
        answer = list(answer.values())
    if isinstance(answer, (list, tuple, set)):
        return any(map(is_open, answer))
    return answer is ...


def is_number(value: Any) -> bool:
    """Return whether a value is a number, or a list of numbers or of rows of one length."""
    if isinstance(value, (str, bool, Mapping, set)) or value is None:
        return False
    try:
        return np.issubdtype(np.asarray(value).dtype, np.number)
    except (TypeError, ValueError):  # rows of different length, or no numbers at all
        return False


def is_equal(answer: Any, expected: Any, within: float) -> bool:
    if is_number(answer) and is_number(expected):
        if np.shape(answer) != np.shape(expected):
            return False
        # The relative part is for rounding alone: 0.1 + 0.2 is 0.3, and 0.4 within 0.1 of it.
        return bool(np.all(np.isclose(answer, expected, rtol=1e-12, atol=within)))
    if isinstance(answer, str) and isinstance(expected, str):
        return answer.strip().casefold() == expected.strip().casefold()
    return type(answer) is type(expected) and answer == expected


def describe_mismatch(answer: Any, expected: Any) -> str | None:
    """Say that the answer has another type or shape than the expected one; None if it has not."""
    if is_number(expected) and not is_number(answer):
        wanted = "a number" if isinstance(expected, Number) else "numbers"
        return f"Expected {wanted}; got {answer!r}, {describe_type(answer)}."
    if is_number(expected) and np.shape(answer) != np.shape(expected):
        return f"Expected the shape {np.shape(expected)}; got {np.shape(answer)}."
    if not is_number(expected) and type(answer) is not type(expected):
        return f"Expected {describe_type(expected)}; got {answer!r}, {describe_type(answer)}."
    return None


def describe_type(value: object) -> str:
    return {"str": "a text", "set": "a set", "bool": "True or False", "NoneType": "nothing"}.get(
        type(value).__name__, f"a {type(value).__name__}"
    )


def is_hint_for(wrong: object, answer: object, within: float) -> bool:
    if wrong is None:
        return True
    if callable(wrong):
        return bool(wrong(answer))  # as the reader has it: a function may count on an array
    return is_equal(to_python(answer), to_python(wrong), within)
