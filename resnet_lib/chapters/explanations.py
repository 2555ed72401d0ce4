"""Draw and tabulate the measurements that test explanations of degradation.

Neighbouring gradients (Balduzzi et al. 2017), paths by length (Veit et al. 2016) and loss surfaces
(Li et al. 2018), from the recorded measurements; as in `measured`, everything follows them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from resnet_lib.chapters.captions import (
    DEPTHS,
    KINDS,
    NONE_YET,
    add_caption,
    caption_of,
    hide_unused_panels,
    labelled_measurements,
    power,
)
from resnet_lib.chapters.plots import QUIET, V1, BookFigure, book_style, new_figure, shade
from resnet_lib.runs.measurements import Measurement, load_measurements
from resnet_lib.runs.run import RECORDED, require_net
from resnet_lib.tables import Said, Table

GUESS = np.log(10)  # nats: the loss of saying one tenth to each of ten classes


@book_style
def neighbours(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the correlation of input gradients against the lag along a line of images, by depth."""
    found = load_measurements("correlation", folder)
    kinds = [kind for kind in KINDS if any(f"{kind}-{depth}" in found for depth in DEPTHS)]
    figure, panels = new_figure(8, 3.2, ncols=max(1, len(kinds)), sharey=True, squeeze=False)
    hide_unused_panels(panels, kinds)
    for kind, axes in zip(kinds, panels.flat, strict=False):
        for depth in DEPTHS:
            if f"{kind}-{depth}" not in found:
                continue
            colour = shade(KINDS[kind][1], depth)
            lines = np.array(found[f"{kind}-{depth}"].values["alike"], dtype="float64")
            for line in lines:
                axes.plot(line, color=colour, linewidth=0.8, alpha=0.45, label="_")
            axes.plot(lines.mean(axis=0), color=colour, linewidth=2, label=f"{depth} layers")
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.set(xlabel="points apart", ylim=(-0.15, 1.03), xticks=range(0, 17, 4))
        axes.set_title(KINDS[kind][0], fontsize=10)
        axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    figure.suptitle(
        "how alike input gradients are: 1 the same, 0 unrelated", x=0.01, ha="left", fontsize=11
    )
    add_caption(figure, found.values())
    return figure


def said_of_neighbours(folder: str | Path = RECORDED) -> Said:
    """How alike gradients one point apart are, by kind and depth: a `Said`."""
    found = load_measurements("correlation", folder)
    parts = []
    for kind, (label, *_) in KINDS.items():
        alike = []
        for depth in DEPTHS:
            if f"{kind}-{depth}" in found:
                seeds = found[f"{kind}-{depth}"].values["alike"]
                figure = f"{np.mean([seed[1] for seed in seeds]):.2f}".replace("-0.00", "0.00")
                alike.append(f"{figure} at {depth} layers")
        parts += [f"{label}: {', '.join(alike)}"] if alike else []
    if not parts:
        return Said(NONE_YET)
    return Said(f"Gradients at neighbouring points agree to this degree. {'; '.join(parts)}.")


class PathSubject(NamedTuple):
    """A net's gradient by length of path: arrays of `PathGradients`, `(blocks + 1,)`."""

    label: str
    measurement: Measurement
    paths: np.ndarray
    arriving: np.ndarray
    one_path: np.ndarray
    whole: float


def path_subjects(folder: str | Path = RECORDED) -> list[PathSubject]:
    """Return the untrained nets, averaged over their seeds, and then the trained nets."""
    measurements = load_measurements("paths", folder)
    untrained = [
        path_subject(f"ResNet-{depth}, untrained", measurements[f"residual-{depth}"], slice(None))
        for depth in DEPTHS
        if f"residual-{depth}" in measurements
    ]
    trained = [
        path_subject(f"{label}, trained", measurement, slice(-1, None))
        for _, label, measurement in labelled_measurements("paths", folder)
    ]
    return untrained + trained


def path_subject(label: str, measurement: Measurement, entries: slice) -> PathSubject:
    """Average the `entries` of a measurement: its seeds, or its last epoch."""
    paths, arriving, one_path, whole = (
        np.array(measurement.values[key], dtype="float64")[entries].mean(axis=0)
        for key in ("paths", "arriving", "one_path", "whole")
    )
    return PathSubject(label, measurement, paths, arriving, one_path, whole)


@book_style
def path_lengths(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the gradient that arrives by paths of each length: measured, and as paths × one."""
    found = path_subjects(folder)
    columns = 3
    rows = max(1, -(-len(found) // columns))
    figure, panels = new_figure(8, 2.5 * rows + 0.5, nrows=rows, ncols=columns, squeeze=False)
    hide_unused_panels(panels, found)
    for axes, (label, _, paths, arriving, one_path, _) in zip(panels.flat, found, strict=False):
        product = paths * one_path
        axes.fill_between(range(len(product)), product / product.sum(), color=QUIET, alpha=0.25)
        axes.plot(product / product.sum(), color=QUIET, linewidth=1.2)
        axes.plot(arriving / arriving.sum(), color=V1, linewidth=2)
        axes.axvline(half(paths), color=QUIET, linewidth=1, linestyle=":")
        axes.set(xlabel="branches on the path", ylim=(0, None), yticks=[])
        axes.set_title(label, fontsize=10)
    figure.suptitle(
        "share of the gradient by length of path. Blue: what all paths of a length bring\n"
        "together. Grey: their number times the mean of one. Dotted: half of all paths",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    add_caption(figure, [one for _, one, *_ in found])
    return figure


def path_table(folder: str | Path = RECORDED) -> Table:
    """Tabulate from which path lengths the gradient comes, and how much paths cancel."""
    headers = (
        "net",
        "blocks",
        "half of all paths have up to",
        "half of the gradient comes by up to",
        "paths × one, over what a length brings",
        "all lengths’ norms, over the whole’s",
    )
    rows = []
    found = path_subjects(folder)
    for label, _, paths, arriving, one_path, whole in found:
        rows.append(
            (
                label,
                f"{len(paths) - 1}",
                f"{half(paths)} branches",
                f"{half(arriving)} branches",
                power((paths * one_path).sum() / arriving.sum()),
                power(arriving.sum() / whole),
            )
        )
    return Table(headers, rows, caption_of(one for _, one, *_ in found))


def said_of_paths(folder: str | Path = RECORDED) -> Said:
    """In which nets the gradient comes by shorter paths than most paths are: a `Said`."""
    found = path_subjects(folder)
    if not found:
        return Said(NONE_YET)
    shorter = [label for label, _, paths, arriving, *_ in found if half(arriving) < half(paths)]
    others = [label for label, *_ in found if label not in shorter]
    parts = ["Half of the gradient comes by shorter paths than half of all paths are"]
    parts += [f"in {'; '.join(shorter)}" if shorter else "in none of these nets"]
    return Said(" ".join(parts) + (f"; not in {'; '.join(others)}." if shorter and others else "."))


def half(values: np.ndarray) -> int:
    """Return the first index up to which the values add up to half of their sum."""
    return int(np.searchsorted(np.cumsum(values) / np.sum(values), 0.5))


@book_style
def surfaces(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the loss around the trained weights of the book's four runs: a panel per net."""
    found = labelled_measurements("surface", folder)
    figure, panels = new_figure(8, 2.9, ncols=4, sharey=True, squeeze=False)
    hide_unused_panels(panels, found)
    levels = np.geomspace(0.05, 12.8, 17)
    shown = None
    for axes, (_, label, one) in zip(panels.flat, found, strict=False):
        at = np.array(one.values["at"][0])
        loss = np.array(one.values["loss"][0], dtype="float64")
        shown = axes.contourf(
            at,
            at,
            np.clip(loss, levels[0], levels[-1]),
            levels=levels,
            cmap="cividis",
            norm="log",
        )
        axes.contour(at, at, loss, levels=levels, colors="white", linewidths=0.4)
        axes.plot(0, 0, "+", color="white", markersize=9)
        axes.set(aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.set_title(label, fontsize=10)
    if shown is not None:
        bar = figure.colorbar(shown, ax=panels, shrink=0.7, ticks=[0.1, 0.4, 1.6, 6.4])
        bar.ax.set_yticklabels(["0.1", "0.4", "1.6", "6.4"])
        bar.set_label("loss, nats", fontsize=9)
    figure.suptitle("loss around the trained weights (+)", x=0.01, ha="left", fontsize=11)
    add_caption(figure, [one for *_, one in found])
    return figure


def surface_table(folder: str | Path = RECORDED) -> Table:
    """Tabulate the loss at the weights, beside them, and where it is below that of guessing."""
    headers = (
        "net",
        "loss at the weights",
        "one step beside them",
        "share of the square below ln 10",
        "highest",
    )
    found = labelled_measurements("surface", folder)
    rows = []
    for _, label, one in found:
        loss = np.array(one.values["loss"][0], dtype="float64")  # None, not finite, is nan
        middle = len(loss) // 2
        around = loss[middle - 1 : middle + 2, middle - 1 : middle + 2]
        beside = (np.nansum(around) - loss[middle, middle]) / 8
        figures = (loss[middle, middle], beside, 100 * np.mean(loss < GUESS), np.nanmax(loss))
        rows.append(
            (label, *(f"{f:.{digits}f}" for f, digits in zip(figures, (2, 2, 0, 0), strict=True)))
        )
    caption = "Losses in nats; ln 10 = 2.30 is that of guessing. Shares in per cent. "
    return Table(
        headers, rows, caption + caption_of(one for *_, one in found) if rows else NONE_YET
    )


def said_of_surfaces(folder: str | Path = RECORDED) -> Said:
    """Around whose weights the loss stays low further, at each depth: a `Said`."""
    shares: dict[int, dict[bool, tuple[float, str]]] = {}
    for run, label, measurement in labelled_measurements("surface", folder):
        loss = np.array(measurement.values["loss"][0], dtype="float64")
        share, kind = 100 * np.mean(loss < GUESS), require_net(run).shortcut == "none"
        shares.setdefault(require_net(run).depth, {})[kind] = (share, label)
    parts = []
    for depth, both in sorted(shares.items()):
        if len(both) == 2:
            (wider, one), (narrower, other) = sorted(both.values(), reverse=True)
            parts.append(
                f"at {depth} layers around {one} ({wider:.0f} % of the square, {other} "
                f"{narrower:.0f} %)"
            )
    if not parts:
        return Said(NONE_YET)
    return Said(f"The loss stays below that of guessing in a wider region {'; '.join(parts)}.")
