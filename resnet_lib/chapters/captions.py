"""Label, colour and caption the figures and tables of measurements."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sized
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from resnet_lib.chapters.plots import INK, PLAIN, QUIET, V1
from resnet_lib.runs.curves import runs_to_curves
from resnet_lib.runs.measurements import Measurement, headline_measurements
from resnet_lib.runs.run import RECORDED, Run
from resnet_lib.tables import format_number

DEPTHS = (20, 56, 110)
# Without normalisation: grey, told apart by their dashes.
KINDS: dict[str, tuple[str, str, Any]] = {
    "sigmoid": ("sigmoid", INK, "-"),
    "glorot": ("ReLU, Glorot", QUIET, (0, (5, 2))),
    "he": ("ReLU, He", QUIET, (0, (1.5, 1.5))),
    "plain": ("plain, batch norm", PLAIN, "-"),
    "residual": ("residual, batch norm", V1, "-"),
}
NONE_YET = "Nothing is measured yet: python -m resnet_lib record"
UNDERFLOW = "0 in float32"


def labelled_measurements(
    what: str, folder: str | Path = RECORDED
) -> list[tuple[Run, str, Measurement]]:
    """Return `[(run, label, measurement)]` of those of the book's four runs that are measured."""
    measured = headline_measurements(what, folder)
    labels = [curve["label"] for curve in runs_to_curves([run for run, _ in measured])]
    return [(run, label, one) for (run, one), label in zip(measured, labels, strict=True)]


def power(value: float) -> str:
    """Format a number from 0 on: "5.1·10⁻¹⁴", "0.31", "470" or "0 in float32"."""
    return UNDERFLOW if value == 0 else format_number(value, digits=2)


def caption_of(measurements: Iterable[Measurement]) -> str:
    """Return a caption with the images, the seeds or runs, and the devices of measurements."""
    measurements = list(measurements)
    if not measurements:
        return NONE_YET
    settings = [one.settings for one in measurements]

    def distinct(key: str) -> str:
        values = [one[key] for one in settings if key in one]
        flat = [v for value in values for v in (value if isinstance(value, list) else [value])]
        return ", ".join(f"{v:,}" for v in dict.fromkeys(flat))

    parts = []
    if images := distinct("images"):
        parts.append(f"{images} images of CIFAR-10")
    if points := distinct("points"):
        parts.append(f"{points} points between two images of CIFAR-10")
    if seeds := distinct("seeds"):
        parts.append(f"seeds {seeds}" if "," in seeds else f"seed {seeds}")
    recipes = {
        re.sub(r"^.*?-(.*)-seed(\d+)$", r"recipe \1, seed \2", one["run"])
        for one in settings
        if "run" in one
    }
    parts += sorted(recipes)
    if steps := distinct("steps"):
        parts.append(
            f"{steps} × {steps} points, filter-normalised directions of seed {distinct('seed')}"
        )
    devices = dict.fromkeys(f"{one.device} ({one.backend}, float32)" for one in measurements)
    return "; ".join([*parts, *devices]) + "."


def hide_unused_panels(panels: np.ndarray, found: Sized) -> None:
    for axes in panels.flat[len(found) :]:
        axes.set_visible(False)


def add_caption(figure: Figure, measurements: Iterable[Measurement]) -> None:
    caption = textwrap.fill(caption_of(measurements), 115)
    figure.supxlabel(caption, x=0.01, ha="left", fontsize=8, color=QUIET)
