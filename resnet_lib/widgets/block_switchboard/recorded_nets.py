"""Collect the recorded nets and test images that the BlockSwitchboard shows.

A module of its own, as nothing here needs Keras or a page.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypedDict

from PIL import Image

from resnet_lib.nets.options import net_kind
from resnet_lib.runs.curves import run_to_curve, runs_caption
from resnet_lib.runs.measurements import Measurement, load_measurements
from resnet_lib.runs.run import RECORDED, Run, headline_runs, require_net
from resnet_lib.widgets.net_in_page.image_sprite import GALLERY_ROWS, TEST_IMAGES, read_sprite
from resnet_lib.widgets.net_in_page.weights_file import name_by_content, pack_weights

SHOWN_NETS = ("ResNet-20", "plain-20", "ResNet-56")  # in this order, where their weights are kept
SINGLE_VALUES = ("whole", "single", "first", "last", "orders", "random")  # of a measured lesion


class SwitchboardNet(TypedDict):
    """A recorded net, as the page reads it."""

    label: str
    kind: str  # of `net_kind`
    n: int
    shortcut: str
    run: str
    test_error: float  # per cent
    caption: str
    file: str  # the name of its weights file
    lesions: dict[str, Any] | None


class SwitchboardImages(TypedDict):
    """The test images, as the page reads them."""

    file: str  # the name of the sprite
    labels: list[int]
    gallery: list[int]  # the images to choose from
    sprite: str  # the URL of `encode_gallery`


class SwitchboardState(TypedDict):
    """The traits of the widget that do not change."""

    nets: list[SwitchboardNet]
    images: SwitchboardImages


def switchboard(folder: Path = RECORDED) -> tuple[SwitchboardState, dict[str, bytes]]:
    """Return `(state, files)`: the traits that do not change, and `{name: bytes}` that they name.

    The state holds `nets`, a dict each, and `images`; `files` a net file each and the test images.
    Nets whose weights are not kept are left out.
    """
    lesions = load_measurements("lesions", folder)
    nets: list[SwitchboardNet] = []
    files: dict[str, bytes] = {}
    for label, run in sorted(
        select_shown(headline_runs(folder)), key=lambda one: SHOWN_NETS.index(one[0])
    ):
        try:
            content = pack_weights(run, folder)
        except FileNotFoundError:
            continue
        assert run.test_error is not None, "the run is finished"
        name, net = name_by_content(run.name, content), require_net(run)
        files[name] = content
        nets.append(
            {
                "label": label,
                "kind": net_kind(net.version, net.shortcut),
                "n": net.n,
                "shortcut": net.shortcut,
                "run": run.name,
                "test_error": round(run.test_error, 3),
                "caption": runs_caption([run_to_curve(run)]),
                "file": name,
                "lesions": lesion_errors(lesions[run.name]) if run.name in lesions else None,
            }
        )
    png, labels, gallery = read_sprite()
    name = name_by_content("test_images", png)
    files[name] = png
    images: SwitchboardImages = {
        "file": name,
        "labels": labels,
        "gallery": gallery,
        "sprite": encode_gallery(),
    }
    return {"nets": nets, "images": images}, files


def select_shown(runs: Iterable[Run]) -> Iterator[tuple[str, Run]]:
    """Yield the runs that are shown, each with its label: "ResNet-20" or "plain-20"."""
    for run in runs:
        net = require_net(run)
        label = f"{'plain' if net.shortcut == 'none' else 'ResNet'}-{net.depth}"
        if label in SHOWN_NETS:
            yield label, run


def lesion_errors(lesion: Measurement) -> dict[str, Any]:
    """Return the errors of a measured lesion for the page, in per cent, by setting."""
    figures = {name: lesion.values[name][0] for name in SINGLE_VALUES}
    return figures | {"removed": lesion.settings["removed"], "images": lesion.settings["images"]}


@cache
def encode_gallery() -> str:
    """Return the images to choose from, a column per class, as the URL of a lossless PNG."""
    with Image.open(TEST_IMAGES) as sprite:
        top = sprite.crop((0, 0, sprite.width, 32 * GALLERY_ROWS))
    buffer = io.BytesIO()
    top.save(buffer, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
