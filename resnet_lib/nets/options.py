"""Check the options of a net (version, n, shortcut, image shape), and derive its depth and name.

This module does not import Keras.
"""

from collections.abc import Sequence
from numbers import Integral

#: What a block adds its residual to: the input, through a 1×1 convolution where shapes differ;
#: the input, with zero channels there; nothing (the plain net); the input, through a gate.
SHORTCUTS = ("projection", "pad", "none", "highway")
LAYERS_PER_N = {"v1": 6, "v2": 9}  # 3 stages x n blocks x 2 (v1) or 3 (v2) convolutions
V1_WIDTHS = (16, 32, 64)  # by stage: channels of both convolutions of a block
V2_WIDTHS = ((16, 64), (64, 128), (128, 256))  # by stage: channels within a block, and out of it


def depth_from_n(version: str, n: int) -> int:
    """Return the depth of the net with `n` blocks in each stage: 6n+2 for "v1", 9n+2 for "v2".

    The depth counts the layers with weights on the longest path from input to output. Raises
    `ValueError` for another version, or an `n` that is not a whole number from 1.

    >>> depth_from_n("v1", 3), depth_from_n("v2", 3)
    (20, 29)
    """
    if version not in LAYERS_PER_N:
        raise ValueError(f'version must be "v1" or "v2"; got {version!r}')
    if not is_whole_number(n, 1):
        raise ValueError(f"n, the blocks in a stage, must be a whole number from 1; got {n!r}")
    return LAYERS_PER_N[version] * n + 2


def n_from_depth(version: str, depth: int) -> int:
    """Return n, the blocks in each stage of the net with `depth` layers.

    Raises `ValueError`, with the two nearest depths, where there is no such net.

    >>> n_from_depth("v1", 20), n_from_depth("v2", 29)
    (3, 3)
    """
    per_n = LAYERS_PER_N[version]
    if not is_whole_number(depth, per_n + 2) or (depth - 2) % per_n:
        lower_n = max(1, (depth - 2) // per_n) if isinstance(depth, Integral) else 3
        raise ValueError(
            f"depth of ResNet {version} must be {per_n}n+2 for a whole n from 1; got {depth!r}; "
            f"the nearest that work are {depth_from_n(version, lower_n)} (n={lower_n}) and "
            f"{depth_from_n(version, lower_n + 1)} (n={lower_n + 1})"
        )
    return (depth - 2) // per_n


def check_shortcut(shortcut: str) -> None:
    """Raise `ValueError` unless `shortcut` is one of `SHORTCUTS`."""
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {', '.join(SHORTCUTS)}; got {shortcut!r}")


def check_input_shape(input_shape: Sequence[int], min_size: int) -> None:
    """Raise `ValueError` unless this is `(height, width, channels)` from `min_size` pixels."""
    shape = tuple(input_shape) if isinstance(input_shape, list | tuple) else ()
    if len(shape) != 3 or not all(map(is_whole_number, shape, (min_size, min_size, 1))):
        raise ValueError(
            "input_shape must be (height, width, channels), such as (32, 32, 3), with height and "
            f"width at least {min_size}; got {input_shape!r}"
        )


def check_num_classes(num_classes: int) -> None:
    """Raise `ValueError` unless `num_classes` is a whole number from 2."""
    if not is_whole_number(num_classes, 2):
        raise ValueError(f"num_classes must be a whole number from 2; got {num_classes!r}")


def has_bias(shortcut: str) -> bool:
    """Return whether the convolutions of a net with this shortcut have a bias.

    The article's convolutions have one. Those of the paper, and so of the plain net, have none.
    """
    return shortcut in ("projection", "highway")


def net_kind(version: str, shortcut: str) -> str:
    """Return the kind of a net, which sets its colour: "plain", "highway", "v1" or "v2"."""
    return {"none": "plain", "highway": "highway"}.get(shortcut, version)


def net_name(version: str, depth: int, shortcut: str) -> str:
    """Return a model's name: `resnet20_v1`, `resnet20_v1_pad`, `plain56_v1` or `highway20_v1`."""
    kind = net_kind(version, shortcut)
    family = kind if kind in ("plain", "highway") else "resnet"
    return f"{family}{depth}_{version}" + ("_pad" if shortcut == "pad" else "")


def is_whole_number(value: object, minimum: int) -> bool:
    """Return whether `value` is an integer from `minimum`, of Python or NumPy, and not a bool."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= minimum
