"""Draw the static picture of the BlockSwitchboard."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from resnet_lib.chapters.plots import COLOURS, INK, QUIET, book_style, new_figure
from resnet_lib.widgets.block_switchboard.recorded_nets import SwitchboardNet
from resnet_lib.widgets.net_in_page.weights_file import list_blocks
from resnet_lib.widgets.shared.pictures import draw_blocks, html_image


@book_style
def switchboard_picture(net: SwitchboardNet, scales: Sequence[float]) -> str:
    """Return an HTML `<img>` of a net of `switchboard` with these scales, and its recorded errors.

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
    off = [name for name, scale in zip(list_blocks(n), scales, strict=True) if scale == 0]
    said = f"{net['label']}, {net['test_error']:.2f} % of the test images wrong."
    if lesions:
        singles = ", ".join(
            f"{name} {error:.2f} %"
            for name, error in zip(list_blocks(n), lesions["single"], strict=True)
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
