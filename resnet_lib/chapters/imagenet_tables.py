"""Tabulate the paper's results on ImageNet and the costs of its nets.

Where a function takes `cost_of`, that is `counting.imagenet_cost` or another function from a net's
name and option to its `NetCost`. Nothing here needs Keras.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import hypot
from typing import TYPE_CHECKING

from resnet_lib.chapters.reported_imagenet import (
    DETECTION,
    FIRST_PLACES,
    PAPER,
    TABLE_1,
    TEN_CROP,
    VALIDATION_IMAGES,
    ClassificationResult,
    find_ten_crop,
)
from resnet_lib.chapters.results import NOT_KNOWN, format_difference, is_significant, standard_error
from resnet_lib.tables import Said, Table

if TYPE_CHECKING:  # it imports Keras
    from resnet_lib.nets.counting import NetCost

TEN_CROPS = "scores averaged over ten crops of each image"


def format_error(value: float | None, digits: int = 2) -> str:
    return NOT_KNOWN if value is None else f"{value:.{digits}f}"


def name_with_note(one: ClassificationResult) -> str:
    return f"{one.name}\n{one.note}" if one.note else one.name


# ---------------------------------------------------------------- errors


def depth_and_skips() -> Table:
    """Tabulate the top-1 error on ImageNet of plain and residual nets of 18 and 34 layers."""
    rows = []
    for depth in (18, 34):
        plain, residual = find_ten_crop(f"plain{depth}"), find_ten_crop(f"resnet{depth}", "A")
        rows.append((f"{depth}", format_error(plain.top1), format_error(residual.top1)))
    return Table(
        ("layers", "plain, top-1 error, %", "residual, top-1 error, %"),
        rows,
        f"{PAPER}, Table 2: ImageNet, {VALIDATION_IMAGES:,} validation images; {TEN_CROPS}. "
        "Option A: both columns have the same parameters.",
    )


def said_of_depth() -> Said:
    """What 16 more layers do to both kinds, and what so many images can tell apart: a `Said`."""
    plain = find_ten_crop("plain18"), find_ten_crop("plain34")
    residual = find_ten_crop("resnet18", "A"), find_ten_crop("resnet34", "A")
    parts, least = [], []
    for one, other in (plain, residual, (plain[0], residual[0])):
        assert one.top1 is not None, "in Table 2"
        assert other.top1 is not None, "in Table 2"
        clear = is_significant(one.top1, other.top1, VALIDATION_IMAGES)
        parts.append(
            f"from {one.name} to {other.name} {format_difference(other.top1 - one.top1)}, "
            f"{'told apart' if clear else 'not told apart'}"
        )
        errors = [standard_error(error, VALIDATION_IMAGES) for error in (one.top1, other.top1)]
        least.append(2 * hypot(*errors))
    return Said(
        f"Top-1 error: {'; '.join(parts)}. Two standard errors of such a difference are "
        f"{max(least):.2f} points, for {VALIDATION_IMAGES:,} images."
    )


def ten_crops(cost_of: Callable[..., NetCost]) -> Table:
    """Tabulate errors of single nets, ten crops, with the costs of the library's nets."""
    rows = []
    for one in TEN_CROP:
        cost = cost_of(one.net, one.option) if one.net else None
        rows.append(
            (
                name_with_note(one),
                f"{cost.parameters:,}" if cost else NOT_KNOWN,
                format_error(cost.multiply_adds / 1e9) if cost else NOT_KNOWN,
                format_error(one.top1),
                format_error(one.top5),
            )
        )
    return Table(
        ("net", "parameters", "multiply-adds, 10⁹", "top-1 error, %", "top-5 error, %"),
        rows,
        f"Errors: {PAPER}, Tables 2 and 3, ImageNet, {VALIDATION_IMAGES:,} validation images; "
        f"{TEN_CROPS}. From 50 layers on, option B. Parameters and multiply-adds: counted here, on "
        "the nets that this library builds.",
    )


def best_results(classified: Sequence[ClassificationResult], of: str) -> Table:
    """Tabulate `SINGLE_MODELS` or `ENSEMBLES`; `of` says in the caption what they are."""
    errors = {"top-1 error, %": "top1", "top-5 error, %": "top5"}
    given = {
        header: field
        for header, field in errors.items()
        if any(getattr(one, field) is not None for one in classified)
    }
    rows = [
        (
            name_with_note(one),
            *(format_error(getattr(one, field), one.digits) for field in given.values()),
        )
        for one in classified
    ]
    return Table(("net", *given), rows, f"{PAPER}, {classified[0].source}: {of}.")


# ---------------------------------------------------------------- costs


def costs(cost_of: Callable[..., NetCost], names: Iterable[str]) -> Table:
    """Tabulate the counted costs of some nets beside the paper's multiply-adds."""
    rows = []
    for name in names:
        cost = cost_of(name)
        dense = sum(one.weights for one in cost.layers if not one.size)
        rows.append(
            (
                net_label(name),
                f"{count_layers(cost)}",
                f"{cost.parameters:,}",
                f"{100 * dense / cost.parameters:.0f} %",
                f"{cost.multiply_adds:,}",
                format_error(TABLE_1.get(name), 1),
            )
        )
    headers = (
        *("net", "layers", "parameters", "of them in dense layers", "multiply-adds"),
        "the paper’s, 10⁹",
    )
    return Table(
        headers,
        rows,
        "Counted on the nets as this library builds them, 224 × 224 pixels, 1,000 classes, option "
        "B. Layers: those with weights on the longest way through. Multiply-adds: for one image, "
        f"in convolutions and dense layers. The paper’s: {PAPER}, Table 1, sections 3.3 and 4.1.",
    )


def said_of_costs(
    cost_of: Callable[..., NetCost], deep: str = "resnet152", wide: str = "vgg19"
) -> Said:
    """How many times the layers of `wide` the net `deep` has, and at what share of its cost."""
    one, other = cost_of(deep), cost_of(wide)
    return Said(
        f"{net_label(deep)} has {count_layers(one) / count_layers(other):.0f} times the layers of "
        f"{net_label(wide)}, {format_share(one.parameters, other.parameters)} of its parameters "
        f"and {format_share(one.multiply_adds, other.multiply_adds)} of its multiply-adds."
    )


def format_share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %"


def net_label(name: str) -> str:
    """Return "ResNet-34" for "resnet34"."""
    for begins, family in (("resnet", "ResNet"), ("plain", "Plain"), ("vgg", "VGG")):
        if name.startswith(begins):
            return f"{family}-{name.removeprefix(begins)}"
    raise ValueError(f"no net of the library is called {name!r}; imagenet.IMAGENET_NETS are")


def count_layers(cost: NetCost) -> int:
    """Count the layers with weights on the longest path: all but those on a shortcut."""
    return sum("_shortcut" not in one.name for one in cost.layers)


# ---------------------------------------------------------------- beyond classification


def detection() -> Table:
    """Tabulate the results of one detector on VGG-16 and on ResNet-101."""
    rows = [
        (
            f"{one.data}\n{one.measure}",
            f"{one.vgg16:.1f}",
            f"{one.resnet101:.1f}",
            f"+{one.resnet101 - one.vgg16:.1f}",
            f"+{100 * (one.resnet101 / one.vgg16 - 1):.0f} %",
        )
        for one in DETECTION
    ]
    return Table(
        ("images", "on VGG-16", "on ResNet-101", "points", "relative"),
        rows,
        f"{PAPER}, Tables 7 and 8: mean average precision (mAP) of Faster R-CNN in per cent, "
        "higher is better. A box counts as found when it overlaps the true one by at least .5 of "
        "their union; COCO’s own measure averages ten such thresholds, .5 to .95.",
    )


def first_places() -> Table:
    """Tabulate the contests of 2015 that residual nets won."""
    return Table(
        ("contest of 2015", "task", "the winning entry", "made of"),
        FIRST_PLACES,
        f"{PAPER}: abstract, sections 4.1 and 4.3, appendices B and C. On test images.",
    )
