"""Check the options of a CIFAR net (version, n, shortcut), and derive its depth and name.

This module does not import Keras.
"""

from numbers import Integral

#: What may stand around a block: a 1×1 convolution where shapes differ; zero channels there;
#: nothing (the plain net); a gate on every block.
SHORTCUTS = ("projection", "pad", "none", "highway")
LAYERS_PER_N = {"v1": 6, "v2": 9}  # 3 stages x n blocks x 2 (v1) or 3 (v2) convolutions
V2_WIDTHS = ((16, 64), (64, 128), (128, 256))  # by stage: channels within a block, and out of it


def depth_from_n(version, n):
    """Depth of the net with `n` blocks a stage: 6n+2 for "v1", 9n+2 for "v2".

    Counted are the layers with weights on the longest way through. Raises `ValueError` for another
    version, or an `n` that is no whole number from 1.

    >>> depth_from_n("v1", 3), depth_from_n("v2", 3)
    (20, 29)
    """
    if version not in LAYERS_PER_N:
        raise ValueError(f'version must be "v1" or "v2"; got {version!r}')
    if not is_whole_number(n, 1):
        raise ValueError(f"n, the blocks in a stage, must be a whole number from 1; got {n!r}")
    return LAYERS_PER_N[version] * n + 2


def check_shortcut(shortcut):
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {', '.join(SHORTCUTS)}; got {shortcut!r}")


def net_kind(version, shortcut):
    """The family a net is drawn as: "plain", "highway", or residual, "v1" or "v2"."""
    return {"none": "plain", "highway": "highway"}.get(shortcut, version)


def net_name(version, depth, shortcut):
    """A model's name: `resnet20_v1`, `resnet20_v1_pad`, `plain56_v1` or `highway20_v1`."""
    kind = net_kind(version, shortcut)
    family = kind if kind in ("plain", "highway") else "resnet"
    return f"{family}{depth}_{version}" + ("_pad" if shortcut == "pad" else "")


def is_whole_number(value, least):
    """True for a Python or NumPy integer from `least`; a bool is a slip, not a number."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= least
