"""Draw the static picture of a `Prediction` of a curve."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from resnet_lib.chapters.plots import COLOURS, INK, book_style, new_figure
from resnet_lib.widgets.shared.pictures import html_image

if TYPE_CHECKING:
    from resnet_lib.widgets.prediction.widget import Prediction


@book_style
def curves_picture(
    axes_of: Prediction, lines: Iterable[tuple[str, str, Sequence[float]]], alt: str
) -> str:
    """Return an HTML `<img>` of `lines`, each (name, kind, y), on the axes of a `Prediction`."""
    figure, axes = new_figure(6.4, 3.2)
    for name, kind, y in lines:
        axes.plot(axes_of.x, y, color=COLOURS[kind], linewidth=2)
        axes.annotate(
            *(f" {name}", (axes_of.x[-1], y[-1])), va="center", color=INK, annotation_clip=False
        )
    axes.set(xlabel=axes_of.xlabel, ylim=(axes_of.low, axes_of.high))
    axes.set_title(axes_of.ylabel)
    return html_image(figure, alt)
