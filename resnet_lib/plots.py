"""The book's figures: one matplotlib figure a function. Nothing here needs Keras."""

import base64
import io

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

# Okabe and Ito's colours, which colour-blind readers can tell apart: one meaning each.
PLAIN, V1, V2, HIGHWAY = "#D55E00", "#0072B2", "#CC79A7", "#009E73"
INK, QUIET, LINE = "#1c2128", "#59626e", "#d6dae0"
STYLE = {
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "figure.dpi": 110,
    "font.size": 10,
    "svg.fonttype": "none",
    "xtick.color": QUIET,
    "ytick.color": QUIET,
}


in_style = matplotlib.rc_context(STYLE)  # decorates every function that draws


class BookFigure(Figure):
    """A figure that a notebook shows when it is a cell's value, with no state behind it."""

    def _repr_png_(self):
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=144)
        return buffer.getvalue()


def new_figure(width, height, **subplots):
    """A figure of `width` x `height` inches and its axes, in the book's style."""
    figure = BookFigure(figsize=(width, height), layout="constrained", facecolor="white")
    return figure, figure.subplots(**subplots)


@in_style
def learning_rates(curves, epochs):
    """Learning rate against epoch, on a log axis. `curves` maps a label to a function of epoch."""
    figure, axes = new_figure(6.4, 2.9)
    at = np.arange(epochs)
    for (label, rate), colour in zip(curves.items(), (V1, PLAIN, HIGHWAY), strict=False):
        rates = [rate(epoch) for epoch in at]
        axes.step(at, rates, where="post", color=colour, linewidth=2)
        axes.annotate(label, (at[0], rates[0]), (0, 5), textcoords="offset points", color=colour)
    axes.set(yscale="log", xlabel="epoch", xlim=(0, epochs))
    axes.set_title("learning rate", pad=16)
    return figure


@in_style
def image_grid(rows, labels=None, titles=None):
    """Small images in rows: `rows` is `(rows, columns, height, width, 3)`, uint8 or in [0, 1].

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


@in_style
def depth_curves(curves, ylabel):
    """A figure of merit against the number of blocks. `curves`: label to (colour, values)."""
    figure, axes = new_figure(6.4, 3.1)
    for label, (colour, values) in curves.items():
        axes.plot(range(1, len(values) + 1), values, color=colour, linewidth=2.2, label=label)
    axes.set(xlabel="blocks", title=ylabel)
    axes.set_xlim(1, max(len(values) for _, values in curves.values()))
    label_ends(axes)
    return figure


def label_ends(axes, apart=13):
    """Write each line's label at its right end, at least `apart` points above the one below."""
    axes.figure.draw_without_rendering()  # fixes the scale from data to points
    points = 72 / axes.figure.dpi
    lowest = -np.inf
    for line in sorted(axes.lines, key=lambda line: line.get_ydata()[-1]):
        end = tuple(line.get_xydata()[-1])
        height = axes.transData.transform(end)[1] * points
        lowest = max(height, lowest + apart)
        axes.annotate(
            line.get_label(),
            end,
            (6, lowest - height),
            textcoords="offset points",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
        )


@in_style
def architecture_picture(version, n, shortcut):
    """An HTML `<img>` of the net's blocks and skips, for readers without JavaScript."""
    colour = {"none": PLAIN, "highway": HIGHWAY}.get(shortcut, {"v1": V1, "v2": V2}[version])
    depth = {"v1": 6, "v2": 9}[version] * n + 2
    channels = {"v1": (16, 32, 64), "v2": (64, 128, 256)}[version]
    kind = {"none": "plain net", "highway": "highway net"}.get(shortcut, "ResNet")
    drawn = min(n, 18)
    figure, axes = new_figure(8, 2.9)
    for stage in range(3):
        size, base = 32 >> stage, -1.6 * stage
        tall = (0.8, 0.6, 0.42)[stage]
        axes.plot([-0.4, drawn + 0.4], [base, base], color=LINE, zorder=0, linewidth=1.5)
        for block in range(drawn):
            body = Rectangle((block + 0.28, base - tall / 2), 0.44, tall, color=colour, linewidth=0)
            body.set_alpha((0.6, 0.8, 1)[stage])
            axes.add_patch(body)
            if shortcut != "none":
                top = base + tall / 2 + 0.16
                axes.plot(
                    [block, block, block + 1, block + 1], [base, top, top, base], color=colour
                )
        more = f", {n - drawn} more" if n > drawn else ""
        text = f"stage {stage + 1}\n{size}×{size}×{channels[stage]}\n{n} blocks{more}"
        axes.text(-0.7, base, text, ha="right", va="center", color=INK, fontsize=9)
    axes.set(xlim=(-0.5, max(drawn + 0.5, 6)), ylim=(-3.9, 0.8))
    axes.axis("off")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    data = base64.b64encode(buffer.getvalue()).decode()
    alt = (
        f"{kind} {version} of depth {depth}: three stages of {n} blocks each, at 32×32, 16×16 and "
        f"8×8 pixels with {channels[0]}, {channels[1]} and {channels[2]} channels"
        + (", no shortcuts." if shortcut == "none" else ", a shortcut around every block.")
    )
    return f'<img alt="{alt}" src="data:image/png;base64,{data}" width="640">'
