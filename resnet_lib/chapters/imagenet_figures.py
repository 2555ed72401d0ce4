"""Draw the figures of the ImageNet chapter. This module does not import Keras."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path
from matplotlib.transforms import ScaledTranslation

from resnet_lib.chapters.imagenet_tables import net_label
from resnet_lib.chapters.plots import (
    INK,
    LINE,
    PLAIN,
    QUIET,
    V1,
    BookFigure,
    book_style,
    new_figure,
)
from resnet_lib.chapters.reported_imagenet import PAPER, find_ten_crop

if TYPE_CHECKING:  # it imports Keras
    from resnet_lib.nets.counting import LayerCost, NetCost

BAND_GAP = 0.9  # rows between two sizes of map
DRAWN = {
    "plain": (find_ten_crop("plain18"), find_ten_crop("plain34")),
    "resnet": (
        find_ten_crop("resnet18", "A"),
        *(find_ten_crop(f"resnet{depth}", "B") for depth in (34, 50, 101, 152)),
    ),
    "vgg": (find_ten_crop("vgg16"),),
}
BESIDE = {  # where a disc's words stand: to the right of it or left, above it or below
    "Plain-18": (-1, 1),
    "Plain-34": (1, 0),
    "ResNet-18": (-1, -1),
    "ResNet-34": (1, 1),
    "ResNet-50": (-1, -1),
    "ResNet-101": (0, 1),
    "ResNet-152": (0, 1),
    "VGG-16": (0, -1),
}


def family_colour(name: str) -> str:
    return {"plain": PLAIN, "resnet": V1}.get(name.rstrip("0123456789"), QUIET)


def place_layers(
    nets: Sequence[NetCost],
) -> tuple[dict[tuple[str, str], float], dict[tuple[int, ...], tuple[float, float]]]:
    """Place each layer: `({(net, layer): y}, {size: (top, bottom)})`, from 0 downwards.

    Layers of one map size stand in one band over all nets, those on a shortcut in none.
    """
    stages = [
        {
            size: list(of_size)
            for size, of_size in groupby(list_main_layers(net), lambda one: one.size)
        }
        for net in nets
    ]
    sizes = sorted({size for stage in stages for size in stage}, reverse=True)
    places, bands, top = {}, {}, 0.0
    for size in sizes:
        tallest = max(len(stage.get(size, ())) for stage in stages)
        for net, stage in zip(nets, stages, strict=True):
            for row, layer in enumerate(stage.get(size, ())):
                places[net.name, layer.name] = top + row + 0.5
        bands[size] = (top, top + tallest)
        top += tallest + BAND_GAP
    return places, bands


def list_main_layers(net: NetCost) -> list[LayerCost]:
    return [one for one in net.layers if "_shortcut" not in one.name]


@book_style
def side_by_side(nets: Sequence[NetCost]) -> BookFigure:
    """Draw some `NetCost`s as columns of layers, input at the top, aligned by map size.

    A bar is as long as its layer has multiply-adds, to one scale in all columns. Arcs are the
    shortcuts, dashed where the shape changes.
    """
    places, bands = place_layers(nets)
    longest = [max(one.multiply_adds for one in net.layers) / 1e9 for net in nets]
    widths = [
        long + 0.62 + 0.2 * bool(net.shortcuts) for long, net in zip(longest, nets, strict=True)
    ]
    bottom = max(low for _, low in bands.values())
    figure = BookFigure(figsize=(8, 1.6 + 0.17 * bottom), layout="constrained", facecolor="white")
    columns = figure.subplots(ncols=len(nets), width_ratios=widths, sharey=True, squeeze=False)[0]
    for axes, net, width in zip(columns, nets, widths, strict=True):
        left = -0.2 * bool(net.shortcuts) - 0.02
        axes.set(xlim=(left, left + width), ylim=(bottom + 0.3, -0.3))
        axes.spines["left"].set_visible(False)
        axes.tick_params(axis="y", length=0)
        for top, low in bands.values():
            axes.axhspan(top - 0.3, low + 0.3, color=LINE, alpha=0.28, linewidth=0, zorder=0)
        draw_layers(axes, net, places)
        draw_shortcuts(axes, net, places)
        counts = f"{net.multiply_adds / 1e9:.1f} · 10⁹\n{net.parameters / 1e6:.1f} million"
        axes.set_title(f"{net_label(net.name)}\n{counts}", color=family_colour(net.name))
        axes.set_xticks(np.arange(0, max(one.multiply_adds for one in net.layers) / 1e9, 0.5))
    columns[0].set_yticks(
        [(top + low) / 2 for top, low in bands.values()],
        [f"{size[0]} × {size[1]}" if size else "dense" for size in bands],
        fontsize=10,
        color=INK,
    )
    columns[0].text(
        *(-0.03, 1),
        "multiply-adds\nparameters",
        transform=columns[0].transAxes + ScaledTranslation(0, 6 / 72, figure.dpi_scale_trans),
        ha="right",
        fontsize=11,
        color=QUIET,
    )
    caption = (
        "Bars: multiply-adds of each layer for one image, in 10⁹, to one scale. At the left: the "
        "size of the maps that come out. Beside the bars: kernel, channels. Arcs: shortcuts, "
        "dashed where the shape changes."
    )
    figure.supxlabel(textwrap.fill(caption, 104), x=0.01, ha="left", fontsize=9.5, color=QUIET)
    return figure


def draw_layers(axes: Axes, net: NetCost, places: Mapping[tuple[str, str], float]) -> None:
    """Draw a bar for each layer, and label each group of equal layers."""
    rows = [places[net.name, one.name] for one in list_main_layers(net)]
    colour = family_colour(net.name)
    axes.plot([0, 0], [rows[0] - 0.8, rows[-1] + 0.8], color=colour, linewidth=1, zorder=1)
    for layer, row in zip(list_main_layers(net), rows, strict=True):
        bar = (layer.multiply_adds / 1e9, 0.72)
        axes.add_patch(Rectangle((0, row - bar[1] / 2), *bar, color=colour, linewidth=0.8))
    groups = groupby(list_main_layers(net), lambda one: (one.size, one.kernel, one.channels))
    for (size, kernel, channels), group in groups:
        run = list(group)
        words = f"{kernel[0]}×{kernel[1]}, {channels}" if size else f"{channels:,}"
        row = places[net.name, run[0].name]
        clear = max(one.multiply_adds for one in run[:2]) / 1e9 + 0.04
        axes.text(clear, row, words, va="center", fontsize=9.5, color=INK)
        if len(run) > 1:
            text = f"{len(run)} layers"
            if not size:  # what little work they do hides how much they hold
                text += f": {sum(one.weights for one in run) / 1e6:.0f} million weights"
            axes.text(clear, row + 1, text, va="center", fontsize=9.5, color=QUIET)


def draw_shortcuts(axes: Axes, net: NetCost, places: Mapping[tuple[str, str], float]) -> None:
    """Draw an arc from before a block's first layer to behind its last."""
    for block, kind in net.shortcuts.items():
        rows = [
            places[net.name, one.name]
            for one in list_main_layers(net)
            if one.name.startswith(f"{block}_")
        ]
        top, low = min(rows) - 0.5, max(rows) + 0.45
        arc = Path([(0, top), (-0.19, top), (-0.19, low), (0, low)], [1, 4, 4, 4])
        style = "-" if kind == "identity" else (0, (2, 1.4))
        axes.add_patch(PathPatch(arc, fill=False, edgecolor=V1, linewidth=1.4, linestyle=style))


@book_style
def error_against_cost(cost_of: Callable[..., NetCost]) -> BookFigure:
    """Draw top-1 error on ImageNet, ten crops, against multiply-adds; disc area is parameters.

    `cost_of` as in `imagenet_tables`. VGG-19, whose error the paper does not give, is a line.
    """
    figure, axes = new_figure(7.7, 5.2)
    for kind, classified in DRAWN.items():
        costs = [cost_of(one.net, one.option) for one in classified]
        x = [cost.multiply_adds / 1e9 for cost in costs]
        y = [one.top1 for one in classified]
        colour = family_colour(kind)
        area = np.array([9 * cost.parameters / 1e6 for cost in costs])
        axes.plot(x, y, color=colour, linewidth=1.4, alpha=0.6)
        axes.scatter(x, y, s=area, color=colour, alpha=0.75, linewidth=0, zorder=3)
        for one, cost, at, radius in zip(classified, costs, x, np.sqrt(area / np.pi), strict=True):
            right, up = BESIDE[one.name]
            axes.annotate(
                f"{one.name}\n{cost.parameters / 1e6:.0f} million",
                (at, one.top1),
                (right * (radius + 5), up * (radius + 5)),
                textcoords="offset points",
                ha=("right", "center", "left")[right + 1],
                va=("top", "center", "bottom")[up + 1],
                color=colour,
                linespacing=1.05,
            )
    vgg19 = cost_of("vgg19")
    most = vgg19.multiply_adds / 1e9
    axes.axvline(most, color=QUIET, linestyle=":", linewidth=1.4)
    text = f"VGG-19\n{vgg19.parameters / 1e6:.0f} million"
    axes.annotate(text, (most, 20.3), (-5, 0), textcoords="offset points", ha="right", color=QUIET)
    axes.set(xlim=(-2.2, most + 0.6), ylim=(20, 30), xticks=range(0, int(most) + 1, 5))
    axes.set_xlabel("multiply-adds for one image, 10⁹")
    axes.set_title("top-1 error on ImageNet, %, and parameters (area)")
    caption = (
        f"Errors: {PAPER}, Tables 2 and 3, validation images, ten crops each; VGG-19 is not among "
        "them. Parameters and multiply-adds: counted here. ResNet-18: option A, the others: B."
    )
    figure.supxlabel(textwrap.fill(caption, 104), x=0.01, ha="left", fontsize=9, color=QUIET)
    return figure
