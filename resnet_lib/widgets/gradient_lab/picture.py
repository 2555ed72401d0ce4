"""Draw the static pictures of the GradientLab."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator

from resnet_lib.chapters.plots import COLOURS, INK, LINE, QUIET, book_style, new_figure
from resnet_lib.inside import dense
from resnet_lib.widgets.gradient_lab import descriptions
from resnet_lib.widgets.shared.pictures import html_image

FLOAT32_LEAST = 2.0**-149


@book_style
def gradient_lab_picture(spec: dense.DenseSpec) -> str:
    """Return an HTML `<img>` of the signals in an untrained net; its alt text is the verdict."""
    norms, spreads = dense.untrained_signals(spec)
    verdict = descriptions.describe_gradients(norms)
    figure, both = new_figure(6.4, 4.8, nrows=2, sharex=True, height_ratios=[2, 1])
    panels = (
        (both[0], norms, "gradient norm, layer by layer", (1e-3, 10)),
        (both[1], spreads, "spread of the outputs, layer by layer", (1e-2, 10)),
    )
    colour = COLOURS["plain" if spec.skip == "none" else "v1"]
    for axes, values, title, (low, high) in panels:
        drawn = values[np.isfinite(values) & (values > 0)]
        low, high = min([low, *drawn / 3]), max([high, *drawn * 3])
        axes.set(yscale="log", ylim=(low, high), xlim=(0.4, spec.depth + 0.6))
        axes.set_title(title)
        axes.plot(np.arange(1, len(values) + 1), values, "o-", color=colour, markersize=4)
        axes.yaxis.set_major_locator(LogLocator(numticks=6 if axes is both[0] else 4))
        axes.minorticks_off()
        axes.grid(axis="y", color=LINE, linewidth=0.6)
        if low < FLOAT32_LEAST:
            axes.axhspan(low, FLOAT32_LEAST, color=LINE, alpha=0.6, linewidth=0)
            axes.text(spec.depth, FLOAT32_LEAST, "float32 ends here", ha="right", color=INK)
    both[1].set_xlabel("layer")
    both[1].xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    settings = describe_settings(spec, spec.skip)
    add_headline_and_caption(figure, verdict, settings)
    return html_image(figure, f"{verdict} Gradient norms of an untrained net: {settings}.")


@book_style
def slopes_picture(spec: dense.DenseSpec) -> str:
    """Return an HTML `<img>` of a net's slopes on a line, without and with a skip.

    Its alt text says how alike neighbours are in both.
    """
    pair = dense.plain_and_skip(spec)
    figure, strips = new_figure(6.4, 3.6, nrows=2, sharex=True)
    x, said = np.linspace(-2, 2, dense.LINE_POINTS), []
    for axes, net, name in zip(strips, pair, ("plain", "with skip"), strict=True):
        slopes = dense.slopes_on_line(net)
        drawn = slopes / (np.abs(slopes).max() or 1)
        colour = COLOURS["plain" if net.skip == "none" else "v1"]
        axes.fill_between(x, drawn, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, drawn, color=colour, linewidth=1.2)
        axes.axhline(0, color=LINE, linewidth=0.8)
        axes.set(xlim=(-2, 2), xticks=(-2, 0, 2), yticks=())
        words = descriptions.describe_slopes(slopes)
        axes.set_title(f"{name}, {words}", fontsize=10)
        said.append(f"{name.capitalize()}, {words}.")
    settings = describe_settings(spec, f"none and {pair[1].skip}")
    add_headline_and_caption(figure, "Slope of a net of one input, each to its own scale", settings)
    return html_image(
        figure, f"{' '.join(said)} Slopes of an untrained net of one input: {settings}."
    )


def describe_settings(spec: dense.DenseSpec, skip: str) -> str:
    """Describe a `DenseSpec` in words, with `skip` as its skip."""
    units = {"relu": "ReLU"}.get(spec.activation, spec.activation)
    weights = "small" if spec.initialization == "small" else spec.initialization.title()
    return (
        f"{units} units, {weights} initial weights, normalisation: {spec.normalization}, "
        f"skip: {skip}, depth {spec.depth}, seed {spec.seed}"
    )


def add_headline_and_caption(figure: Figure, headline: str, settings: str) -> None:
    """Add what stands above and below a picture of the lab."""
    headline = textwrap.fill(headline, 64)
    figure.suptitle(headline, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    caption = textwrap.fill(f"{settings}, float64", 100)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=QUIET)
