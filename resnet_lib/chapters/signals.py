"""Draw and tabulate recorded gradients and signals. This module does not import Keras.

Like `findings` it follows the data: with other measurements it says something else. Every figure
has its settings under it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from resnet_lib.chapters.captions import (
    DEPTHS,
    KINDS,
    NONE_YET,
    UNDERFLOW,
    add_caption,
    caption_of,
    hide_unused_panels,
    labelled_measurements,
    power,
)
from resnet_lib.chapters.plots import COLOURS, INK, BookFigure, book_style, new_figure
from resnet_lib.runs.measurements import Measurement, load_measurements
from resnet_lib.runs.run import RECORDED, require_net
from resnet_lib.tables import Said, Table

# ---------------------------------------------------------------- untrained nets


def gradients(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the gradient norm of every kernel of the untrained nets: a panel per depth."""
    return profiles("gradients", "layers", "norm of the loss’s gradient, by weight layer", folder)


def spreads(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the standard deviation of each block's output in the untrained nets: a panel a depth.

    Without the activations within the blocks, which in a residual net have a size of their own.
    """
    title = "standard deviation of the signal, after each block"
    return profiles("spreads", "activations", title, folder)


@book_style
def profiles(what: str, names: str, title: str, folder: str | Path) -> BookFigure:
    """Draw a panel per depth and a line per seed; mark underflow to 0 at the lower edge."""
    found = load_measurements("untrained", folder)
    figure, panels = new_figure(8, 3.7, ncols=len(DEPTHS), sharey=True)
    values = [np.array(one.values[what], dtype="float64") for one in found.values()]
    positive = np.concatenate([one[one > 0] for one in values] or [np.ones(1)])
    floor, top = positive.min() / 30, positive.max() * 30
    for depth, axes in zip(DEPTHS, panels, strict=True):
        for kind, (_, colour, dashes) in KINDS.items():
            if f"{kind}-{depth}" not in found:
                continue
            one = found[f"{kind}-{depth}"].values
            shown = [what == "gradients" or "_1_" not in name for name in one[names]]
            at = np.flatnonzero(shown) + 1  # the stem is layer 1
            lines = np.array(one[what], dtype="float64")[:, shown]
            gone = at[(lines == 0).any(axis=0)]
            for line in lines:
                there = np.where(line > 0, line, np.nan)
                axes.plot(at, there, color=colour, linestyle=dashes, linewidth=1.3)
            if gone.size:
                axes.plot(gone, np.full(gone.size, floor * 3), "v", color=colour, markersize=3)
                right = gone[-1] + 0.04 * depth
                axes.text(right, floor * 2, UNDERFLOW, fontsize=8, color=colour)
        axes.set(yscale="log", ylim=(floor, top), xlabel="weight layer")
        axes.set_title(f"{depth} layers", fontsize=10)
        axes.yaxis.set_major_locator(LogLocator(numticks=10))
        axes.yaxis.set_minor_formatter(NullFormatter())
    handles = [
        axes.plot([], [], color=colour, linestyle=dashes, label=label)[0]
        for label, colour, dashes in KINDS.values()
    ]
    legend = figure.legend(
        handles=handles,
        title=title,
        loc="outside upper left",
        ncols=len(KINDS),
        frameon=False,
        fontsize=9,
        title_fontsize=11,
        alignment="left",
    )
    legend.get_title().set_color(INK)
    add_caption(figure, found.values())
    return figure


def ratios(folder: str | Path = RECORDED) -> Table:
    """Tabulate the first kernel's gradient against the last 3×3 kernel's in the untrained nets."""
    found = load_measurements("untrained", folder)
    headers = ("net", "layers", "first kernel", "last 3×3 kernel", "first / last")
    rows = []
    for depth in DEPTHS:
        for kind, (label, *_) in KINDS.items():
            if f"{kind}-{depth}" in found:
                first, last = first_and_last_norms(found[f"{kind}-{depth}"])
                figures = (
                    mean(first),
                    mean(last),
                    mean(first / last),
                )
                rows.append((label, f"{depth}", *map(power, figures)))
    caption = "Gradient norms; geometric means. " + caption_of(found.values()) if rows else NONE_YET
    return Table(headers, rows, caption)


def first_and_last_norms(measurement: Measurement) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient norms of the first and the last convolution, per seed or epoch."""
    norms = np.array(measurement.values["gradients"], dtype="float64")
    return norms[:, 0], norms[:, measurement.values["layers"].index("classifier") - 1]


def mean(values: np.ndarray) -> float:
    """Return the geometric mean; 0 if one of the values is 0."""
    return 0.0 if (values <= 0).any() else float(np.exp(np.log(values).mean()))


def said_of_untrained(folder: str | Path = RECORDED, depth: int = 56) -> Said:
    """What the first layer gets of the last layer's gradient, of each kind of net: a `Said`."""
    found = load_measurements("untrained", folder)
    shares, norms = [], []
    for kind, (label, *_) in KINDS.items():
        if f"{kind}-{depth}" in found:
            first, last = first_and_last_norms(found[f"{kind}-{depth}"])
            shares.append(f"{power(mean(first / last))} ({label})")
            norms.append(f"{power(mean(last))} ({label})")
    if not shares:
        return Said(NONE_YET)
    return Said(
        f"The first kernel’s gradient over the last one’s, at {depth} layers: {', '.join(shares)}. "
        f"The last one’s own norm: {', '.join(norms)}."
    )


def said_of_growth(folder: str | Path = RECORDED) -> Said:
    """By what factor a layer the first kernel’s share grows from the shallowest to the deepest."""
    found = load_measurements("untrained", folder)
    parts = []
    for kind in ("plain", "residual"):
        depths = [depth for depth in DEPTHS if f"{kind}-{depth}" in found]
        if len(depths) > 1:
            shallow, deep = (found[f"{kind}-{depth}"] for depth in (depths[0], depths[-1]))
            shares = [
                mean(first / last) for first, last in map(first_and_last_norms, (shallow, deep))
            ]
            rate = (shares[1] / shares[0]) ** (1 / (depths[-1] - depths[0]))
            parts.append(f"by a factor of {rate:.2f} a layer in the {kind} net")
    if not parts:
        return Said(NONE_YET)
    return Said(
        f"From {depths[0]} to {depths[-1]} layers what the first kernel gets of the last one’s "
        f"gradient grows {' and '.join(parts)}."
    )


# ---------------------------------------------------------------- along training


@book_style
def along_training(folder: str | Path = RECORDED) -> BookFigure:
    """Draw the gradient norm of every kernel of the four runs, at the start and as they learn."""
    found = labelled_measurements("training", folder)
    figure, panels = new_figure(8, 5.6, nrows=2, ncols=2, sharey=True, squeeze=False)
    hide_unused_panels(panels, found)
    for axes, (run, label, one) in zip(panels.flat, found, strict=False):
        colour = COLOURS["plain" if require_net(run).shortcut == "none" else "v1"]
        epochs = one.settings["epochs"]
        for place, (epoch, norms) in enumerate(zip(epochs, one.values["gradients"], strict=True)):
            weight = 0.35 + 0.65 * place / max(1, len(epochs) - 1)
            axes.plot(
                range(1, len(norms) + 1),
                [np.nan if norm is None else norm for norm in norms],
                color=colour if place else INK,
                alpha=weight if place else 1,
                linestyle="-" if place else (0, (2, 1.5)),
                linewidth=1.2 + 0.6 * weight,
                label="start" if epoch == 0 else f"epoch {epoch}",
            )
        axes.set(yscale="log", xlabel="weight layer")
        axes.set_title(label, fontsize=10)
        axes.legend(frameon=False, fontsize=8.5, ncols=2, loc="upper right")
    figure.suptitle(
        "norm of the loss’s gradient, by weight layer", x=0.01, ha="left", fontsize=11, color=INK
    )
    add_caption(figure, [one for *_, one in found])
    return figure


def ratios_along(folder: str | Path = RECORDED) -> Table:
    """Tabulate the first kernel's gradient over the last one's, at the start and in training."""
    found = labelled_measurements("training", folder)
    epochs = sorted({epoch for *_, one in found for epoch in one.settings["epochs"]})
    headers = ("net", *("start" if epoch == 0 else f"epoch {epoch}" for epoch in epochs))
    rows = []
    for _, label, one in found:
        first, last = first_and_last_norms(one)
        at = dict(zip(one.settings["epochs"], first / last, strict=True))
        rows.append((label, *(power(at[epoch]) if epoch in at else "–" for epoch in epochs)))
    caption = "First kernel’s gradient norm over the last 3×3 kernel’s. "
    return Table(
        headers,
        rows,
        caption + caption_of([one for *_, one in found]) if rows else NONE_YET,
    )


def said_along(folder: str | Path = RECORDED) -> Said:
    """Whether the gradients of the deep plain net vanished at any time: a `Said`."""
    plain = [
        (label, one)
        for run, label, one in labelled_measurements("training", folder)
        if require_net(run).shortcut == "none"
    ]
    if not plain:
        return Said(NONE_YET)
    label, one = plain[-1]
    first, last = first_and_last_norms(one)
    norms = np.array(one.values["gradients"], dtype="float64")
    lowest = (first / last).min()
    least = (norms.min(axis=1) / last).min()  # of any layer; nan where one was not finite
    # First and last can be alike in a net that is dead all over, so the size counts as well.
    alive = lowest > 0.1 and least > 0.1 and norms.min() > 1e-3
    verdict = "They did not vanish." if alive else "They did vanish, or came near it."
    return Said(
        f"In {label} the first kernel’s gradient was {power(first[0] / last[0])} times the last "
        f"one’s at the start and {power(first[-1] / last[-1])} times at the end; the lowest that "
        f"was measured is {power(lowest)} times. The smallest gradient of any layer at any of "
        f"these moments was {power(norms.min())}, and never less than {power(least)} times the "
        f"last kernel’s. {verdict}"
    )
