"""Draw and tabulate the errors of trained nets without some of their blocks.

From the recorded measurements "lesions"; as in `measured`, everything follows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from resnet_lib.chapters.captions import (
    NONE_YET,
    add_caption,
    caption_of,
    hide_unused_panels,
    labelled_measurements,
)
from resnet_lib.chapters.plots import COLOURS, INK, QUIET, BookFigure, book_style, new_figure, shade
from resnet_lib.runs.measurements import Measurement
from resnet_lib.runs.run import RECORDED, Run, require_net
from resnet_lib.tables import Said, Table

CHANCE = 90.0  # per cent wrong of ten classes by guessing
LOST = 0.8 * CHANCE  # above this a net is called lost


class Lesions:
    """Hold the recorded lesions of one run; errors are per cent."""

    def __init__(self, run: Run, label: str, measurement: Measurement) -> None:
        self.run, self.net = run, require_net(run)
        self.label, self.measurement = label, measurement
        values = measurement.values
        (self.whole,) = values["whole"]
        self.blocks = values["blocks"]
        self.single, self.first, self.last, self.random = (
            np.array(values[key][0]) for key in ("single", "first", "last", "random")
        )
        self.shuffles = values["shuffles"][0]
        self.removed = measurement.settings["removed"]  # how many are gone, by column of `random`

    @property
    def plain(self) -> bool:
        return self.net.shortcut == "none"

    @property
    def colour(self) -> str:
        return shade(COLOURS["plain" if self.plain else "v1"], self.net.depth)

    @property
    def cost(self) -> np.ndarray:
        """The test error that each block's removal adds, in points, `(blocks,)`."""
        return self.single - self.whole

    @property
    def down(self) -> np.ndarray:
        """Which blocks shrink the maps: a mask, `(blocks,)`."""
        return np.array([name in ("stage2_block1", "stage3_block1") for name in self.blocks])


def recorded_lesions(folder: str | Path = RECORDED) -> list[Lesions]:
    """Load the `Lesions` of those of the book's four runs that are measured, in the book's order.

    >>> [one.label for one in recorded_lesions()]
    ['Plain-20', 'Plain-56', 'ResNet-20', 'ResNet-56']
    """
    return [Lesions(*one) for one in labelled_measurements("lesions", folder)]


def add_title_and_caption(figure: BookFigure, title: str, found: Iterable[Lesions]) -> BookFigure:
    """Add a title, and a caption with the source of the data; return the figure."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, color=INK)
    add_caption(figure, [one.measurement for one in found])
    return figure


def panels_by_depth(
    found: Sequence[Lesions], height: float
) -> tuple[BookFigure, list[tuple[Axes, list[Lesions]]]]:
    """Return a figure, and for each depth its panel and nets; a dotted line is at guessing."""
    depths = sorted({one.net.depth for one in found})
    figure, panels = new_figure(8, height, ncols=max(1, len(depths)), sharey=True, squeeze=False)
    hide_unused_panels(panels, depths)
    for axes, depth in zip(panels.flat, depths, strict=False):
        axes.axhline(CHANCE, color=QUIET, linewidth=1, linestyle=":")
        axes.set(ylim=(0, 100))
        axes.set_title(f"{depth} layers", fontsize=10)
    nets = [[one for one in found if one.net.depth == depth] for depth in depths]
    return figure, list(zip(panels.flat, nets, strict=False))


def lesions_caption(found: Iterable[Lesions]) -> str:
    return caption_of(one.measurement for one in found)


def shorten_name(block: str) -> str:
    """Return "2.1" for "stage2_block1"."""
    return block.removeprefix("stage").replace("_block", ".")


# ---------------------------------------------------------------- one block


@book_style
def single_blocks(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the test error of each net without one block, by block: a panel a net, on one scale."""
    found = recorded_lesions(folder)
    figure, panels = new_figure(8, 5.4, nrows=2, ncols=2, sharey=True, squeeze=False)
    hide_unused_panels(panels, found)
    for axes, one in zip(panels.flat, found, strict=False):
        at = np.arange(len(one.blocks))
        bars = axes.bar(at, one.single - one.whole, bottom=one.whole, width=0.78, color=one.colour)
        for bar, down in zip(bars, one.down, strict=True):
            bar.set(alpha=1 if down else 0.45)
        axes.axhline(one.whole, color=INK, linewidth=1.2)
        axes.axhline(CHANCE, color=QUIET, linewidth=1, linestyle=":")
        every = 1 if len(at) < 12 else 3
        ticks = at[::every]
        axes.set_xticks(ticks, [shorten_name(one.blocks[place]) for place in ticks], fontsize=8.5)
        axes.set(ylim=(0, 100), xlim=(-0.7, len(at) - 0.3), xlabel="block left out: stage.block")
        axes.set_title(f"{one.label}: {one.whole:.2f} % with all of them", fontsize=10)
        if not one.plain:  # whose bars would stand in the word's way
            axes.text(at[-1] + 0.4, CHANCE + 1.5, "guessing", fontsize=8, color=QUIET, ha="right")
    title = "test error without one block, %; full colour: the block shrinks the maps"
    return add_title_and_caption(figure, title, found)


def single_table(folder: str | Path = RECORDED) -> Table:
    """Tabulate the points of test error that the removal of one block adds, by net."""
    found = recorded_lesions(folder)
    headers = (
        "net",
        "all blocks, %",
        "median block",
        "least",
        "most",
        "the two that shrink",
        "median of the others",
    )
    rows = [
        (
            one.label,
            f"{one.whole:.2f}",
            f"{np.median(one.cost):+.2f}",
            f"{one.cost.min():+.2f}\n{shorten_name(one.blocks[one.cost.argmin()])}",
            f"{one.cost.max():+.2f}\n{shorten_name(one.blocks[one.cost.argmax()])}",
            " and ".join(f"{cost:+.2f}" for cost in one.cost[one.down]),
            f"{np.median(one.cost[~one.down]):+.2f}",
        )
        for one in found
    ]
    caption = "In points: what the loss of one block costs. "
    return Table(headers, rows, caption + lesions_caption(found) if rows else NONE_YET)


def said_of_single(folder: str | Path = RECORDED) -> Said:
    """Which block each net misses most, and how the depths and kinds compare: a `Said`."""
    found = recorded_lesions(folder)
    if not found:
        return Said(NONE_YET)
    parts = []
    for one in found:
        if one.single.min() > LOST:
            parts.append(
                f"{one.label} is lost without any one of its {len(one.blocks)} blocks: "
                f"{one.single.min():.2f} to {one.single.max():.2f} % wrong"
            )
            continue
        most = one.blocks[one.cost.argmax()]
        which = "one that shrinks the maps" if one.down[one.cost.argmax()] else "not one of the two"
        cheap = int((one.cost <= 2).sum())
        parts.append(
            f"{one.label} misses {shorten_name(most)} most ({one.single.max():.2f} % wrong without "
            f"it, {which}); {cheap} of its {len(one.blocks)} blocks can go, one at a time, for 2 "
            "points or less"
        )
    return Said(f"{'. '.join(parts)}.")


# ---------------------------------------------------------------- several blocks


@book_style
def random_removal_orders(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the test error against the number of blocks lost, in random orders: a panel a depth."""
    found = recorded_lesions(folder)
    figure, panels = panels_by_depth(found, 3.6)
    for axes, nets in panels:
        for one in nets:
            at = [0, *one.removed]
            lines = np.insert(one.random, 0, one.whole, axis=1)
            axes.plot(at, lines.T, color=one.colour, linewidth=0.7, alpha=0.3, label="_")
            axes.plot(at, np.median(lines, axis=0), color=one.colour, linewidth=2.4)
            place = len(at) // 6 if one.plain else len(at) // 3
            axes.annotate(
                one.label,
                (at[place], np.median(lines, axis=0)[place]),
                (9, -22 if one.plain else -12),
                textcoords="offset points",
                color=one.colour,
                fontsize=10,
            )
        axes.set(xlabel="blocks left out", xlim=(0, at[-1]))
    return add_title_and_caption(figure, "test error, %: random orders, and their median", found)


def removal_table(folder: str | Path = RECORDED) -> Table:
    """Tabulate the error without a share of the blocks: at random, the first, and the last ones.

    In brackets the least and the most of the random orders.
    """
    found = recorded_lesions(folder)
    headers = ("net", "left out", "at random, %", "the first, %", "the last, %")
    rows = []
    for one in found:
        number = len(one.blocks)
        for lost in dict.fromkeys((1, 2, 3, number // 3, 2 * number // 3)):
            errors = one.random[:, one.removed.index(lost)]
            rows.append(
                (
                    one.label,
                    f"{lost} of {number}",
                    f"{np.median(errors):.2f}\n({errors.min():.2f} to {errors.max():.2f})",
                    f"{one.first[lost - 1]:.2f}",
                    f"{one.last[lost - 1]:.2f}",
                )
            )
    if not rows:
        return Table(headers, rows, NONE_YET)
    draws = found[0].measurement.settings["draws"]
    caption = f"Median of {draws} random orders, in brackets the least and the most. "
    return Table(headers, rows, caption + lesions_caption(found))


def said_of_removed(folder: str | Path = RECORDED) -> Said:
    """After how many lost blocks half of the images are wrong, by net: a `Said`."""
    found = recorded_lesions(folder)
    if not found:
        return Said(NONE_YET)
    parts = []
    for one in found:
        over = np.flatnonzero(np.median(one.random, axis=0) > 50)
        lost = one.removed[over[0]] if over.size else len(one.blocks)
        blocks = "block" if lost == 1 else "blocks"
        parts.append(f"{one.label} after {lost} {blocks} of {len(one.blocks)}")
    return Said(f"Half of the images are wrong (the median order): {', '.join(parts)}.")


# ---------------------------------------------------------------- another order


def kendall_tau(order: Iterable[int]) -> float:
    """Return Kendall's tau: 1 for the original order, -1 for the reverse order.

    The share of pairs that kept their order less that of those that did not (Kendall 1938).
    """
    pairs = list(combinations(order, 2))
    return sum(1 if a < b else -1 for a, b in pairs) / len(pairs)


@book_style
def shuffled_order(folder: str | Path = RECORDED) -> BookFigure:
    """Test error against how much of the order is left (Kendall's tau): a panel a depth."""
    found = recorded_lesions(folder)
    figure, panels = panels_by_depth(found, 3.4)
    for axes, nets in panels:
        for one in nets:
            taus = [kendall_tau(draw["order"]) for draw in one.shuffles]
            errors = [draw["error"] for draw in one.shuffles]
            marker = "s" if one.plain else "o"
            axes.plot(
                taus, errors, marker, color=one.colour, alpha=0.55, markersize=5, label=one.label
            )
            axes.plot([1], [one.whole], marker, color=one.colour, markersize=8, mec=INK, label="_")
        axes.set(xlabel="Kendall’s τ of the blocks’ order; 1 as trained")
        axes.invert_xaxis()
        axes.legend(frameon=False, fontsize=9, loc="lower right")
    return add_title_and_caption(figure, "test error, %: blocks of one shape changed places", found)


def said_of_order(folder: str | Path = RECORDED) -> Said:
    """What one exchange of two blocks of one shape does, and many: a `Said`."""
    found = recorded_lesions(folder)
    if not found:
        return Said(NONE_YET)
    parts = []
    for one in found:
        # Exchanges may undo each other: then nothing has changed places.
        moved = [draw for draw in one.shuffles if draw["order"] != sorted(draw["order"])]
        near = [draw["error"] for draw in moved if draw["swaps"] == 1]
        far = [draw["error"] for draw in moved if draw["swaps"] > 1]
        parts.append(
            f"{one.label} {format_range(near)} after one exchange, {format_range(far)} after more"
        )
    return Said(f"Wrong images, median of the draws and their range: {'; '.join(parts)}.")


def format_range(errors: Sequence[float]) -> str:
    return f"{np.median(errors):.2f} % ({min(errors):.2f} to {max(errors):.2f})"
