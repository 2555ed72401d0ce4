"""Draw the book's figures in one style. This module does not import Keras."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from resnet_lib.runs.curves import Curve, rate_marks, runs_caption, runs_to_curves, smooth_rates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from resnet_lib.runs.run import Run

# One meaning each, those of palette.css on a light page, and as far apart to colour-blind readers:
# Okabe and Ito's orange and blue; their purple and green are darker here, or blue comes too near.
PLAIN, V1, V2, HIGHWAY = "#D55E00", "#0072B2", "#AF5982", "#1D6342"
INK, QUIET, LINE = "#1c2128", "#59626e", "#d6dae0"
HISTORY_KEYS = {"training": "error", "test": "test_error"}  # in a run's history
COLOURS = {"plain": PLAIN, "v1": V1, "v2": V2, "highway": HIGHWAY, "own": INK}  # by kind of net
# Two cuts of Source Sans 3, under a name of their own as its licence wants it.
for cut in (Path(__file__).parent / "fonts").glob("sans-*.ttf"):
    font_manager.fontManager.addfont(cut)
STYLE = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlepad": 10,
    "axes.titlesize": 11.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "figure.dpi": 110,
    "figure.titleweight": "bold",
    "font.family": ["Residual Sans", "DejaVu Sans"],
    "font.size": 10.5,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "xtick.color": QUIET,
    "xtick.major.size": 3,
    "ytick.color": QUIET,
    "ytick.major.size": 0,
}


book_style = matplotlib.rc_context(STYLE)  # type: ignore[arg-type]  # decorates every function that draws


class BookFigure(Figure):
    """Show a figure in a notebook when it is a cell's value, without pyplot."""

    def _repr_png_(self, dpi: int = 144) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=dpi)
        return buffer.getvalue()


def new_figure(width: float, height: float, **subplots: Any) -> tuple[BookFigure, Any]:
    """Return a figure of `width` x `height` inches and its axes, in the book's style."""
    figure = BookFigure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(**subplots)


def shade(colour: str, depth: int | None) -> str:
    """Darken a colour by depth: `colour` up to 20 layers, near black from 110 on."""
    darkness = 0.5 if depth is None else np.clip(np.log(depth / 20) / np.log(110 / 20), 0, 1)
    red, green, blue = np.array(to_rgb(colour)) * (1 - 0.54 * darkness)
    return to_hex((red, green, blue))


@book_style
def learning_rates(curves: Mapping[str, Callable[[int], float]], epochs: int) -> BookFigure:
    """Draw the learning rate against the epoch. `curves` maps labels to functions of epoch."""
    figure, axes = new_figure(6.4, 2.9)
    for (label, rate), colour in zip(curves.items(), (V1, PLAIN, HIGHWAY), strict=False):
        rates = [rate(epoch) for epoch in range(epochs)]
        axes.step(range(epochs), rates, where="post", color=colour, linewidth=2)
        axes.annotate(label, (0, rates[0]), (0, 5), textcoords="offset points", color=colour)
    axes.set(yscale="log", xlabel="epoch", xlim=(0, epochs))
    axes.set_title("learning rate", pad=16)
    return figure


@book_style
def image_grid(
    rows: ArrayLike, labels: Sequence[str] | None = None, titles: Sequence[str] | None = None
) -> BookFigure:
    """Draw small images in rows: `rows` is `(rows, columns, height, width, 3)`, uint8 or in [0, 1].

    `labels` name the rows, `titles` the columns.
    """
    rows = np.asarray(rows)
    count, columns = rows.shape[:2]
    figure, axes = new_figure(
        0.9 * columns, 0.9 * count + 0.3, nrows=count, ncols=columns, squeeze=False
    )
    for row, line in enumerate(axes):
        for column, cell in enumerate(line):
            cell.imshow(rows[row, column], interpolation="nearest")
            cell.set(xticks=[], yticks=[])
            cell.spines[:].set_visible(False)
            if titles and row == 0:
                cell.set_title(titles[column], fontsize=9, loc="center")
        if labels:
            line[0].set_ylabel(labels[row], fontsize=9, color=INK)
    return figure


@book_style
def depth_curves(curves: Mapping[str, tuple[str, Sequence[float]]], ylabel: str) -> BookFigure:
    """Draw a figure of merit against the number of blocks. `curves`: label to (colour, values)."""
    figure, axes = new_figure(6.4, 3.1)
    for label, (colour, values) in curves.items():
        axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=2.2, label=label)
    axes.set(xlabel="blocks", title=ylabel)
    axes.set_xlim(1, max(len(values) for _, values in curves.values()))
    label_ends(axes)
    return figure


def label_ends(axes: Axes, apart: float = 16) -> None:
    """Write each line's label at its right end, at least `apart` points above the one below.

    A line whose label begins with an underscore has none, as matplotlib has it.
    """
    figure = axes.figure
    assert isinstance(figure, Figure), "these axes are in no subfigure"
    figure.draw_without_rendering()  # fixes the scale from data to points
    points_per_pixel = 72 / figure.dpi
    highest: dict[float, float] = {}  # by x: only labels at the same x can overlap
    lines = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    for line in sorted(lines, key=lambda line: np.asarray(line.get_ydata())[-1]):
        x, y = np.asarray(line.get_xydata())[-1]
        height = axes.transData.transform((x, y))[1] * points_per_pixel
        label_height = highest[x] = max(height, highest.get(x, -np.inf) + apart)
        axes.annotate(
            str(line.get_label()),
            (x, y),
            (6, label_height - height),
            textcoords="offset points",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
        )


def error_curves(
    runs: Run | Iterable[Run], curves: str = "both", scale: str = "linear"
) -> BookFigure:
    """Draw error against epoch of some `Run`s, in per cent: test solid, training dashed.

    `curves` is "both", "test" or "training", `scale` "linear" or "log". As in the widget, a linear
    axis ends where nearly all lies: the steep twentieth of a curve may leave at the top.
    """
    return draw_error_curves(runs_to_curves(runs), curves, scale)


@book_style
def draw_error_curves(runs: Sequence[Curve], curves: str, scale: str) -> BookFigure:
    """Draw `error_curves` of the result of `runs_to_curves`."""
    smooth = smooth_rates(runs)
    ratios = [7, 1] if smooth else [1]
    figure, all_axes = new_figure(
        *(6.4, 4.3 + 0.5 * bool(smooth)), nrows=len(ratios), height_ratios=ratios, squeeze=False
    )
    axes = all_axes[0, 0]
    drawn = [which for which in ("training", "test") if curves in ("both", which)]
    most, labelled = 0, set()
    labels = [run["label"] for run in runs]  # several seeds of a net are thinner
    for run in runs:
        for which in drawn:
            values = np.array(run[HISTORY_KEYS[which]], dtype=float)  # nan where there is none
            finite = values[np.isfinite(values)]
            if not finite.size:
                continue
            label = run["label"] + ("" if run["status"] == "finished" else f", {run['status']}")
            named = which == drawn[-1] and label not in labelled  # seeds share a label
            labelled |= {label} if named else set()
            axes.plot(
                range(1, len(values) + 1),
                values,
                color=shade(COLOURS[run["kind"]], run["depth"]),
                label=label if named else "_",
                linewidth=(2 if which == "test" else 1.4)
                / (2 if labels.count(run["label"]) > 1 else 1),
                linestyle="-" if which == "test" else (0, (4, 2)),
            )
            most = max(most, finite[-1], np.percentile(finite, 95, method="inverted_cdf"))
    axes.set(xlabel="epoch", yscale=scale)
    axes.set_title(
        {"both": "error, %: test solid, training dashed"}.get(curves, f"{curves} error, %")
    )
    axes.set_xlim(1, max([2, *(line.get_xdata()[-1] for line in axes.lines)]))
    axes.yaxis.set_major_formatter("{x:g}")
    if scale == "log":
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.minorticks_off()
    if scale == "linear":
        axes.set_ylim(0, min(100, 1.05 * most or 1))
    mark_rates(axes, rate_marks(runs))
    if smooth:
        draw_rates(all_axes[1, 0], smooth, axes.get_xlim())
    caption = textwrap.fill(runs_caption(runs), 92)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=QUIET)
    label_ends(axes)
    return figure


def mark_rates(axes: Axes, marks: Sequence[tuple[float, str]]) -> None:
    """Mark each step of the learning rate with a dotted line, and label it above."""
    if not marks:
        return
    places = [at for at, _ in marks]
    heights = axes.get_xaxis_transform()
    axes.vlines(places, 0, 1, transform=heights, colors=QUIET, linestyles=":", linewidth=1)
    above = axes.secondary_xaxis("top")
    # Those too near each other to be written side by side take turns.
    near = any(after - before < 0.16 * axes.get_xlim()[1] for before, after in pairwise(places))
    words = [text + "\n" * (near and index % 2) for index, (_, text) in enumerate(marks)]
    above.set_xticks(places, words, fontsize=8, color=QUIET)
    above.tick_params(length=0)
    above.spines["top"].set_visible(False)


def draw_rates(
    axes: Axes,
    rates: Mapping[str, tuple[Sequence[float], float]],
    limits: tuple[float, float],
) -> None:
    """Draw the learning rates by recipe below the curves, each as a share of its highest."""
    for (recipe, (own, highest)), style in zip(
        rates.items(), cycle(("-", "--", ":")), strict=False
    ):
        shares = np.array(own) / highest
        label = recipe if len(rates) > 1 else "_"
        axes.plot(range(1, len(own) + 1), shares, color=QUIET, linestyle=style, label=label)
    highest_rates = ", ".join(f"{highest:.2g}" for _, highest in rates.values())
    axes.set_title(f"learning rate, highest: {highest_rates}", fontsize=8)
    axes.set(xlim=limits, ylim=(0, 1.1), xticks=[], yticks=[])
    label_ends(axes)
