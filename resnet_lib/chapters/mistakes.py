"""Draw and tabulate the mistakes of an `Evaluation`. This module does not import Keras."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from resnet_lib.chapters.plots import (
    COLOURS,
    INK,
    LINE,
    QUIET,
    BookFigure,
    book_style,
    new_figure,
    shade,
)
from resnet_lib.data.cifar10 import CLASS_NAMES
from resnet_lib.inside.evaluation import CONFIDENCE_LEVELS, Evaluation
from resnet_lib.nets.options import net_kind
from resnet_lib.tables import Said, Table

CORRECT_COLOUR = "#eef0f3"  # behind the counts of what was right
VEHICLES = ("airplane", "automobile", "ship", "truck")  # the other six are animals


@book_style
def confusion_matrix(evaluation: Evaluation) -> BookFigure:
    """Draw counts by true and predicted class: mistakes in colour, correct predictions in grey."""
    counts = evaluation.confusion
    mistakes = counts * (1 - np.eye(len(counts), dtype=int))
    figure, axes = new_figure(7.8, 7.9)  # wide: on a phone it scrolls
    colours = LinearSegmentedColormap.from_list("mistakes", ["#ffffff", net_colour(evaluation)])
    # Square roots: else the two or three pairs that are mistaken most would leave the others white.
    strength = np.sqrt(mistakes / max(1, mistakes.max()))
    axes.imshow(strength, cmap=colours, vmin=0, vmax=1)
    for true, row in enumerate(counts):
        for said, count in enumerate(row):
            if true == said:
                axes.add_patch(Rectangle((said - 0.5, true - 0.5), 1, 1, color=CORRECT_COLOUR))
                axes.text(said, true, f"{count:,}", ha="center", va="center", color=QUIET)
            elif count:
                ink = choose_ink(colours(strength[true, said]))
                axes.text(said, true, f"{count:,}", ha="center", va="center", color=ink)
    places = range(len(CLASS_NAMES))
    axes.set_xticks(places, CLASS_NAMES, rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(places, CLASS_NAMES)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(-0.5, 10), minor=True)
    axes.set_yticks(np.arange(-0.5, 10), minor=True)
    axes.grid(which="minor", color=LINE, linewidth=0.6)
    axes.tick_params(which="minor", length=0)
    axes.set_ylabel("what it is")
    axes.set_title(f"{evaluation.label}: what it said, by what it is", pad=10)
    write_caption(figure, evaluation.caption, 104)
    return figure


@book_style
def errors_by_class(*evaluations: Evaluation) -> BookFigure:
    """Draw the error of each class in per cent, a bar for each net.

    The hardest class of the first net stands on top.
    """
    errors = np.array([one.error_by_class for one in evaluations])
    order = np.argsort(np.nan_to_num(errors[0]), kind="stable")
    high = 0.8 / len(evaluations)
    # Narrow: a phone shows it whole, and its words can still be read.
    figure, axes = new_figure(4.7, 1.3 + (0.1 + 0.15 * len(evaluations)) * len(order))
    for number, (one, error) in enumerate(zip(evaluations, errors, strict=True)):
        at = np.arange(len(order)) + 0.4 - high * (number + 0.5)
        bars = axes.barh(at, np.nan_to_num(error[order]), high * 0.9, color=net_colour(one))
        words = ["–" if np.isnan(e) else f"{e:.1f}" for e in error[order]]
        axes.bar_label(bars, words, padding=3, color=QUIET, fontsize=9)
        bars.set_label(f"{one.label}, all classes: {one.error:.2f} %")
    axes.set_yticks(range(len(order)), [CLASS_NAMES[place] for place in order])
    axes.set(xlim=(0, 1.15 * np.nanmax([*errors.flat, 1])))
    axes.tick_params(axis="y", length=0)
    axes.set_title("test error, % of the images of each class")
    axes.legend(frameon=False, loc="lower right", fontsize=9, labelcolor=INK)
    write_caption(figure, join_captions(evaluations), 66)
    return figure


@book_style
def most_confident_mistakes(evaluation: Evaluation, columns: int = 6) -> BookFigure | Said:
    """Draw the misclassified images of highest confidence, with true and predicted class."""
    shown = evaluation.mistakes
    if not shown:
        return Said(f"{evaluation.label} made no mistake in {evaluation.images:,} images.")
    rows = -(-len(shown) // columns)
    figure, axes = new_figure(
        1.35 * columns, 1.9 * rows + 0.4, nrows=rows, ncols=columns, squeeze=False
    )
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine), "new_figure sets it"
    engine.set(h_pad=0.1)  # inches: what is said belongs to what is above
    for place, cell in enumerate(axes.flat):
        cell.axis("off")
        if place < len(shown):
            one = shown[place]
            cell.imshow(one.picture, interpolation="nearest")
            said = f"said {CLASS_NAMES[one.said]}\n{format_probability(one.probability)}"
            cell.set_title(CLASS_NAMES[one.true], fontsize=9, loc="center", pad=2, weight="bold")
            cell.text(
                *(0.5, -0.05, said), transform=cell.transAxes, ha="center", va="top", fontsize=8
            )
    write_caption(figure, f"{evaluation.label}. Above: the label. {evaluation.caption}", 115)
    return figure


def said_of(evaluation: Evaluation) -> Said:
    """How many are wrong, which classes most and least, and which pair most often: a `Said`."""
    wrong = (
        f"{evaluation.label} is wrong on {evaluation.wrong:,} of {evaluation.images:,} test "
        f"images, {evaluation.error:.2f} %."
    )
    toy = "" if evaluation.is_a_result else " So few images make no result."
    if not evaluation.wrong:
        return Said(wrong + toy)
    errors = evaluation.error_by_class
    hardest, easiest = int(np.nanargmax(errors)), int(np.nanargmin(errors))
    mistakes = evaluation.confusion * (1 - np.eye(len(errors), dtype=int))
    true, said = np.unravel_index(mistakes.argmax(), mistakes.shape)
    return Said(
        f"{wrong} Hardest: {CLASS_NAMES[hardest]}, {errors[hardest]:.1f} % wrong; easiest: "
        f"{CLASS_NAMES[easiest]}, {errors[easiest]:.1f} %. The commonest mistake: "
        f"{CLASS_NAMES[true]} called {CLASS_NAMES[said]}, {mistakes[true, said]:,} times."
        f"{toy}"
    )


def said_of_kinds(evaluation: Evaluation) -> Said:
    """How many mistakes take a vehicle for a vehicle, an animal for an animal: a `Said`."""
    is_vehicle = np.array([name in VEHICLES for name in CLASS_NAMES])
    mistakes = evaluation.confusion * (1 - np.eye(len(CLASS_NAMES), dtype=int))
    within = int(mistakes[is_vehicle[:, None] == is_vehicle].sum())
    across = mistakes * (is_vehicle[:, None] != is_vehicle)
    among = (
        f"{within:,} of the {evaluation.wrong:,} mistakes of {evaluation.label} take an animal for "
        "another animal, or a vehicle for another vehicle."
    )
    if not across.any():
        return Said(among)
    either_way = np.triu(across + across.T)
    one, other = np.unravel_index(either_way.argmax(), across.shape)
    return Said(
        f"{among} Of the other {across.sum():,}, {either_way[one, other]:,} are between "
        f"{CLASS_NAMES[one]} and {CLASS_NAMES[other]}, one way or the other."
    )


def sureness(*evaluations: Evaluation) -> Table:
    """Tabulate the error that each net expects, and the error that it has, in per cent.

    Of those that it was surest of, and of all. A net's own expectation of an answer to which it
    gave the probability p is 1 - p.
    """
    surest = f"≥{CONFIDENCE_LEVELS[-1]:g}"
    headers = [f"net\nanswers {surest}"]
    for which in (surest, "all"):
        headers += [f"{which}: expects wrong, %", f"{which}: is wrong, %"]
    rows = [
        (
            f"{one.label}\n{one.sure[-1][0]:,.0f}",
            *(
                f"{100 * count / images:.2f}" if images else "–"
                for images, wrong, expected in one.sure[[-1, 0]]
                for count in (expected, wrong)
            ),
        )
        for one in evaluations
    ]
    return Table(headers, rows, join_captions(evaluations))


def said_of_sureness(*evaluations: Evaluation) -> Said:
    """What the first net expects of its surest answers, and which nets are surer than right.

    A net is that when more of all images are wrong than it expects, by two standard errors.
    """
    first = evaluations[0]
    (images, wrong, expected), (every, all_wrong, all_expected) = first.sure[[-1, 0]]
    times = f", {wrong / expected:.1f} times as many" if expected >= 1 else ""
    verdicts: dict[str, list[str]] = {
        "surer than right": [],
        "less sure than right": [],
        "neither": [],
    }
    for one in evaluations:
        _, found, hoped = one.sure[0]
        # The variance of a count is the sum of p (1 - p), which is at most that of 1 - p.
        apart = (found - hoped) / max(hoped, 1) ** 0.5
        verdict = tuple(verdicts)[0 if apart > 2 else 1 if apart < -2 else 2]
        verdicts[verdict].append(one.label)
    told = "; ".join(f"{word}: {', '.join(labels)}" for word, labels in verdicts.items() if labels)
    return Said(
        f"{first.label} gave {images:,.0f} of its {every:,.0f} answers a probability of at least "
        f"{CONFIDENCE_LEVELS[-1]:g}. It expects {expected:,.0f} of these to be wrong; "
        f"{wrong:,.0f} are{times}. Of all images it expects "
        f"{100 * all_expected / every:.2f} % wrong, and {100 * all_wrong / every:.2f} % "
        f"are. {told[:1].upper()}{told[1:]}."
    )


def format_probability(probability: float) -> str:
    """Format a probability as "99.8 %", or as "> 99.9 %" if it would be rounded to 100."""
    return "> 99.9 %" if probability > 0.9995 else f"{100 * probability:.1f} %"


def choose_ink(colour: Sequence[float]) -> str:
    """Choose the ink with more contrast to a colour: at least 4.5 to 1, as WCAG defines it."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return "white" if np.dot(linear, (0.2126, 0.7152, 0.0722)) < 0.179 else "black"


def net_colour(evaluation: Evaluation) -> str:
    net = evaluation.run and evaluation.run.net
    if not net:
        return COLOURS["own"]
    return shade(COLOURS[net_kind(net.version, net.shortcut)], net.depth)


def join_captions(evaluations: Iterable[Evaluation]) -> str:
    """Join the captions of evaluations, each once."""
    return " ".join(dict.fromkeys(one.caption for one in evaluations))


def write_caption(figure: Figure, caption: str, width: int) -> None:
    text = textwrap.fill(caption, width)
    figure.supxlabel(text, x=0.01, ha="left", fontsize=8, color=QUIET)
