"""Draw static pictures for readers without JavaScript: an HTML `<img>` that holds its own data."""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from resnet_lib.chapters.plots import LINE, BookFigure


def html_image(figure: BookFigure, alt: str) -> str:
    """Return the figure as an HTML `<img>` that holds its own data, described by `alt`."""
    data = base64.b64encode(figure._repr_png_(dpi=80)).decode()
    width, height = figure.get_size_inches()
    return (
        f'<img alt="{html.escape(alt)}" src="data:image/png;base64,{data}" '
        f'width="640" height="{640 * height / width:.0f}">'
    )


def draw_blocks(
    axes: Axes, n: int, skips: bool, colour: str, scales: Sequence[float] | None = None
) -> None:
    """Draw the blocks of a net with `n` a stage, a row a stage, filled by `scales`."""
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
