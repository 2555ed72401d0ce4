"""Prediction: a question whose answer is shown after the reader has guessed."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, Self

import traitlets

from resnet_lib.widgets.prediction.picture import curves_picture
from resnet_lib.widgets.shared.widget import Widget, module_source

MARKUP = re.compile(r"`([^`]+)`|\*(?=\S)([^*]*[^*\s])\*(?!\w)")  # as in descriptions.mjs


class Prediction(Widget):
    """Predict, then reveal: a choice, a number on a scale, or a curve drawn by hand.

    Made by `Prediction.choice`, `.number` or `.curve`. `question`, `options`, `hints` and `reveal`
    may hold `code` and *emphasis*. `reveal` is what is said once the answer is shown. What the
    reader guesses stays in the page. Raises `ValueError` for a question that has no answer.

    >>> Prediction.number(
    ...     "How many layers?", answer=56, low=0, high=110, reveal="Nine blocks …"
    ... )
    """

    _module = "prediction"
    _esm = module_source("prediction/prediction")
    form = traitlets.Enum(["choice", "number", "curve"], "choice").tag(sync=True)
    question = traitlets.Unicode().tag(sync=True)
    reveal = traitlets.Unicode().tag(sync=True)
    options = traitlets.List(traitlets.Unicode()).tag(sync=True)
    hints = traitlets.List(traitlets.Unicode()).tag(sync=True)  # one an option, "" for none
    answer = traitlets.Float(allow_none=True, default_value=None).tag(sync=True)  # index or number
    low = traitlets.Float(0.0).tag(sync=True)
    high = traitlets.Float(1.0).tag(sync=True)
    step = traitlets.Float(0.01).tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    x = traitlets.List(traitlets.Float()).tag(sync=True)
    y = traitlets.List(traitlets.Float()).tag(sync=True)
    xlabel = traitlets.Unicode().tag(sync=True)
    ylabel = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Enum(["plain", "v1", "v2", "highway"], "v1").tag(sync=True)
    given = traitlets.List(traitlets.Dict()).tag(sync=True)  # {"name", "kind", "y"}

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        if not self.question.strip():
            raise ValueError(
                "a prediction needs a question: make one with Prediction.choice(…), "
                "Prediction.number(…) or Prediction.curve(…)"
            )
        {"choice": check_choice, "number": check_number, "curve": check_curve}[self.form](self)

    @classmethod
    def choice(
        cls,
        question: str,
        *,
        options: Iterable[str],
        answer: int,
        reveal: str,
        hints: Mapping[int, str] | None = None,
    ) -> Self:
        """One of `options`; `answer` is the index of the right one.

        `hints` maps the index of a wrong option to what is said first to those who took it.
        """
        options, hints = list(options), dict(hints or {})
        if wrong := [index for index in hints if index not in range(len(options))]:
            raise ValueError(
                f"hints are for options 0 to {len(options) - 1}; got one for {wrong[0]!r}"
            )
        if answer in hints:
            raise ValueError(f"hints are for wrong options; {answer} is the answer")
        told = [hints.get(index, "") for index in range(len(options))]
        answer = int(answer) if isinstance(answer, Integral) else answer  # NumPy's are not
        return cls(question=question, options=options, answer=answer, reveal=reveal, hints=told)

    @classmethod
    def number(
        cls,
        question: str,
        *,
        answer: float,
        low: float,
        high: float,
        reveal: str,
        unit: str = "",
        step: float | None = None,
    ) -> Self:
        """A number between `low` and `high`; the slider moves by `step`, if left out a hundredth
        of the range or somewhat less."""
        if step is None:
            span = high - low
            step = 10.0 ** math.floor(math.log10(span / 100)) if 0 < span < math.inf else 1
        answer = float(answer) if isinstance(answer, Real) else answer
        numbers = {"answer": answer, "low": low, "high": high, "step": step}
        return cls(form="number", question=question, reveal=reveal, unit=unit, **numbers)

    @classmethod
    def curve(
        cls,
        question: str,
        *,
        x: Iterable[float],
        y: Iterable[float],
        low: float,
        high: float,
        xlabel: str,
        ylabel: str,
        label: str,
        reveal: str,
        kind: str = "v1",
        given: Mapping[str, Iterable[float] | Mapping[str, Any]] | None = None,
    ) -> Self:
        """The curve `y` at `x`, on axes from `low` to `high`; its unit is the last word of `ylabel`
        after a comma.

        `given` maps names to curves at the same `x` that are shown from the start: values in the
        colour of `kind`, or `{"kind": …, "y": …}`.
        """
        lines = []
        for name, line in (given or {}).items():
            parts = dict(line) if isinstance(line, Mapping) else {"y": line}
            if set(parts) - {"kind", "y"} or "y" not in parts:
                raise ValueError(f'given {name!r} holds "y" and perhaps "kind"; got {list(parts)}')
            lines.append({"name": name, "kind": parts.get("kind", kind), "y": floats(parts["y"])})
        low, high = floats([low, high])  # as the values are, which may lie on them
        axes = {"low": low, "high": high, "xlabel": xlabel, "ylabel": ylabel}
        curve = {"x": floats(x), "y": floats(y), "label": label, "kind": kind, "given": lines}
        return cls(form="curve", question=question, reveal=reveal, **axes, **curve)

    def picture(self) -> str:
        asked, answer = {
            "choice": choice_picture,
            "number": number_picture,
            "curve": curve_picture,
        }[self.form](self)
        answer += f"<p>{render_markup(self.reveal)}</p>"
        return (
            f"<p><strong>{render_markup(self.question)}</strong></p>{asked}"
            f"<details><summary>The answer</summary>{answer}</details>"
        )


# ---------------------------------------------------------------- what can be asked


def check_choice(asked: Prediction) -> None:
    count, answer = len(asked.options), asked.answer
    if count < 2:
        raise ValueError(f"options must be two or more; got {count}")
    if answer not in range(count):  # a nan is in no range
        raise ValueError(f"answer must be the index of an option, 0 to {count - 1}; got {answer}")


def check_number(asked: Prediction) -> None:
    check_range(asked)
    if asked.answer is None or not asked.low <= asked.answer <= asked.high:
        raise ValueError(
            f"answer must lie from low, {asked.low:g}, to high, {asked.high:g}; got {asked.answer}"
        )
    if not 0 < asked.step <= asked.high - asked.low:
        raise ValueError(
            f"step must be more than 0 and at most {asked.high - asked.low:g}, the range; "
            f"got {asked.step:g}"
        )


def check_curve(asked: Prediction) -> None:
    check_range(asked)
    if len(asked.x) < 2:
        raise ValueError(f"x must hold two points or more; got {len(asked.x)}")
    if not all(a < b for a, b in pairwise(asked.x)) or not math.isfinite(asked.x[0] + asked.x[-1]):
        raise ValueError(f"x must be numbers that increase; got {asked.x}")
    for name, y in [("y", asked.y), *((f"given {one['name']!r}", one["y"]) for one in asked.given)]:
        if len(y) != len(asked.x):
            raise ValueError(f"{name} must have a value for each x, {len(asked.x)}; got {len(y)}")
        if wrong := [value for value in y if not asked.low <= value <= asked.high]:
            raise ValueError(
                f"{name} must lie from low, {asked.low:g}, to high, {asked.high:g}; got {wrong[0]}"
            )
    kinds = Prediction.kind.values
    if wrong := [one["kind"] for one in asked.given if one["kind"] not in kinds]:
        raise ValueError(f"kind must be one of {', '.join(kinds)}; got {wrong[0]!r}")


def check_range(asked: Prediction) -> None:
    if not (asked.low < asked.high and math.isfinite(asked.high - asked.low)):
        raise ValueError(f"low must be less than high; got {asked.low:g} and {asked.high:g}")


def floats(values: Iterable[float]) -> list[float]:
    """Round to four decimals, finer than any chart shows."""
    return [round(float(value), 4) for value in values]


# ---------------------------------------------------------------- without JavaScript


def render_markup(text: str) -> str:
    """Convert text to HTML, with code and emphasis as its only markup."""

    def element(found: re.Match[str]) -> str:
        return f"<code>{found[1]}</code>" if found[1] else f"<em>{found[2]}</em>"

    return MARKUP.sub(element, html.escape(text, quote=False))


def choice_picture(asked: Prediction) -> tuple[str, str]:
    options = "".join(f"<li>{render_markup(option)}</li>" for option in asked.options)
    return f"<ul>{options}</ul>", f"<p>{render_markup(asked.options[int(asked.answer)])}</p>"


def number_picture(asked: Prediction) -> tuple[str, str]:
    low, high, answer = (
        html.escape(f"{value:,.12g} {asked.unit}".strip(), quote=False)
        for value in (asked.low, asked.high, asked.answer)
    )
    return f"<p>From {low} to {high}.</p>", f"<p>{answer}</p>"


def curve_picture(asked: Prediction) -> tuple[str, str]:
    axes = f"{asked.ylabel} against {asked.xlabel}"
    given = [(one["name"], one["kind"], one["y"]) for one in asked.given]
    whole = [*given, (asked.label, asked.kind, asked.y)]
    names = ", ".join(name for name, _, _ in given)
    shown = curves_picture(asked, given, f"{axes}: {names}.") if given else ""
    ends = f"{asked.label} goes from {asked.y[0]:g} to {asked.y[-1]:g}"
    return shown, curves_picture(asked, whole, f"{axes}: {ends}.")
