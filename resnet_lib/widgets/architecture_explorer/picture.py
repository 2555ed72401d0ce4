"""Draw the static picture of the ArchitectureExplorer."""

from __future__ import annotations

from resnet_lib.chapters.plots import COLOURS, INK, book_style, new_figure
from resnet_lib.nets.options import depth_from_n, net_kind
from resnet_lib.widgets.shared.pictures import draw_blocks, html_image


@book_style
def architecture_picture(version: str, n: int, shortcut: str) -> str:
    """Return an HTML `<img>` of the net's blocks and skips, for readers without JavaScript."""
    colour = COLOURS[net_kind(version, shortcut)]
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
