"""What the widgets show to readers without JavaScript: an HTML `<img>` that holds its own data."""

import base64
import html
import textwrap

import numpy as np
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, MaxNLocator

from resnet_lib import dense, lab_words
from resnet_lib.curves import caption_of
from resnet_lib.nets import depth_from_n, kind_of
from resnet_lib.page_nets import v1_blocks
from resnet_lib.plots import COLOURS, INK, LINE, QUIET, draw_error_curves, in_style, new_figure

FLOAT32_LEAST = 2.0**-149


def html_image(figure, alt):
    """The figure as an HTML `<img>` that holds its own data, described by `alt`."""
    data = base64.b64encode(figure._repr_png_(dpi=80)).decode()
    width, height = figure.get_size_inches()
    return (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'width="640" height="{640 * height / width:.0f}">'
    )


@in_style
def architecture_picture(version, n, shortcut):
    """An HTML `<img>` of the net's blocks and skips, for readers without JavaScript."""
    colour = COLOURS[kind_of(version, shortcut)]
    depth = depth_from_n(version, n)
    channels = {"v1": (16, 32, 64), "v2": (64, 128, 256)}[version]
    kind = {"none": "plain net", "highway": "highway net"}.get(shortcut, "ResNet")
    drawn = min(n, 18)
    figure, axes = new_figure(8, 2.9)
    draw_blocks(axes, drawn, shortcut != "none", colour)
    for stage in range(3):
        size = 32 >> stage
        more = f", {n - drawn} more" if n > drawn else ""
        text = f"stage {stage + 1}\n{size}×{size}×{channels[stage]}\n{n} blocks{more}"
        axes.text(-0.7, -1.6 * stage, text, ha="right", va="center", color=INK, fontsize=9)
    alt = (
        f"{kind} {version} of depth {depth}: three stages of {n} blocks each, at 32×32, 16×16 and "
        f"8×8 pixels with {channels[0]}, {channels[1]} and {channels[2]} channels"
        + (", no shortcuts." if shortcut == "none" else ", a shortcut around every block.")
    )
    return html_image(figure, alt)


def draw_blocks(axes, n, skips, colour, scales=None):
    """The blocks of a net with `n` a stage, a row a stage; what `scales` weakens is filled less."""
    for stage in range(3):
        base, tall = -1.6 * stage, (0.8, 0.6, 0.42)[stage]
        axes.plot([-0.4, n + 0.4], [base, base], color=LINE, zorder=0, linewidth=1.5)
        for block in range(n):
            scale = 1 if scales is None else scales[stage * n + block]
            corner = (block + 0.28, base - tall / 2)
            if scale < 1:
                shell = Rectangle(corner, 0.44, tall, facecolor="white", edgecolor=colour)
                shell.set_linestyle("--")
                axes.add_patch(shell)
            body = Rectangle(corner, 0.44, tall * scale, color=colour, linewidth=0)
            body.set_alpha((0.6, 0.8, 1)[stage])
            axes.add_patch(body)
            if skips:
                top = base + tall / 2 + 0.16
                axes.plot(
                    [block, block, block + 1, block + 1], [base, top, top, base], color=colour
                )
    axes.set(xlim=(-0.5, max(n + 0.5, 6)), ylim=(-3.9, 0.8))
    axes.axis("off")


@in_style
def switchboard_picture(net, scales):
    """An HTML `<img>` of a net of `switchboard` with these scales, and its recorded errors.

    Under each block stands the error over all test images with that block alone switched off.
    """
    n, lesions = net["n"], net["lesions"]
    colour = COLOURS[net["kind"]]
    figure, axes = new_figure(8, 3.4)
    draw_blocks(axes, n, net["shortcut"] != "none", colour, scales)
    for place, error in enumerate(lesions["single"] if lesions else []):
        stage, block = divmod(place, n)
        at = (block + 0.5, -1.6 * stage - (0.4, 0.3, 0.21)[stage] - 0.12)
        axes.text(*at, f"{error:.1f} %", ha="center", va="top", color=INK, fontsize=8)
    off = [name for name, scale in zip(v1_blocks(n), scales, strict=True) if scale == 0]
    said = f"{net['label']}, {net['test_error']:.2f} % of the test images wrong."
    if lesions:
        singles = ", ".join(
            f"{name} {error:.2f} %"
            for name, error in zip(v1_blocks(n), lesions["single"], strict=True)
        )
        said += f" With one block alone switched off: {singles}."
    if off:
        said += f" Drawn as switched off: {', '.join(off)}."
    under = "Under each block: wrong with it alone switched off." if lesions else ""
    axes.set_title(f"{net['label']}: {net['test_error']:.2f} % of the test images wrong")
    figure.supxlabel(
        textwrap.fill(" ".join(filter(None, [under, net["caption"]])), 110),
        x=0.01,
        ha="left",
        fontsize=8,
        color=QUIET,
    )
    return html_image(figure, f"{said} {net['caption']}")


def error_curves_picture(runs, curves, scale):
    """An HTML `<img>` of what `curves_of` gave; its alt text says each run's errors at the end."""

    def said(run):
        training, test = run["training_error"], (run["test_error"] or [None])[-1]
        errors = (("test", test), ("training", training))
        parts = [f"{name} error {error:.2f} %" for name, error in errors if error is not None]
        return f"{run['label']}, seed {run['seed']}, {run['status']}: {', '.join(parts)}"

    alt = "; ".join(map(said, runs)) or "no run is recorded yet"
    return html_image(
        draw_error_curves(runs, curves, scale), f"Learning curves. {alt}. {caption_of(runs)}"
    )


@in_style
def gradient_lab_picture(spec):
    """An HTML `<img>` of what a `DenseSpec`'s untrained net does; its alt text is the verdict."""
    norms, spreads = dense.first_look(spec)
    verdict = lab_words.verdict(norms)
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
    settings = settings_of(spec, spec.skip)
    frame(figure, verdict, settings)
    return html_image(figure, f"{verdict} Gradient norms of an untrained net: {settings}.")


@in_style
def slopes_picture(spec):
    """An HTML `<img>` of the slopes on a line of a `DenseSpec`'s net, without a skip and with one.

    Its alt text says how alike neighbours are in both.
    """
    pair = dense.pair_of(spec)
    figure, strips = new_figure(6.4, 3.6, nrows=2, sharex=True)
    x, said = np.linspace(-2, 2, dense.LINE), []
    for axes, net, name in zip(strips, pair, ("plain", "with skip"), strict=True):
        slopes = dense.slopes_on_a_line(net)
        drawn = slopes / (np.abs(slopes).max() or 1)
        colour = COLOURS["plain" if net.skip == "none" else "v1"]
        axes.fill_between(x, drawn, color=colour, alpha=0.22, linewidth=0)
        axes.plot(x, drawn, color=colour, linewidth=1.2)
        axes.axhline(0, color=LINE, linewidth=0.8)
        axes.set(xlim=(-2, 2), xticks=(-2, 0, 2), yticks=())
        words = lab_words.slope_words(slopes)
        axes.set_title(f"{name}, {words}", fontsize=10)
        said.append(f"{name.capitalize()}, {words}.")
    settings = settings_of(spec, f"none and {pair[1].skip}")
    frame(figure, "Slope of a net of one input, each to its own scale", settings)
    return html_image(
        figure, f"{' '.join(said)} Slopes of an untrained net of one input: {settings}."
    )


def settings_of(spec, skip):
    """A `DenseSpec` in words, with `skip` as its skip."""
    units = {"relu": "ReLU"}.get(spec.activation, spec.activation)
    weights = "small" if spec.initialization == "small" else spec.initialization.title()
    return (
        f"{units} units, {weights} initial weights, normalisation: {spec.normalization}, "
        f"skip: {skip}, depth {spec.depth}, seed {spec.seed}"
    )


def frame(figure, headline, settings):
    """What stands above and below a picture of the lab."""
    headline = textwrap.fill(headline, 64)
    figure.suptitle(headline, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    caption = textwrap.fill(f"{settings}, float64", 100)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=QUIET)


@in_style
def curves_picture(axes_of, lines, alt):
    """An HTML `<img>` of `lines`, each (name, kind, y), on the axes of a `Prediction`."""
    figure, axes = new_figure(6.4, 3.2)
    for name, kind, y in lines:
        axes.plot(axes_of.x, y, color=COLOURS[kind], linewidth=2)
        axes.annotate(
            *(f" {name}", (axes_of.x[-1], y[-1])), va="center", color=INK, annotation_clip=False
        )
    axes.set(xlabel=axes_of.xlabel, ylim=(axes_of.low, axes_of.high))
    axes.set_title(axes_of.ylabel)
    return html_image(figure, alt)
