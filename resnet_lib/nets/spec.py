"""Describe a CIFAR net by version, n and shortcut, without building it.

This module imports Keras only in `NetSpec.build`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resnet_lib.nets.options import (
    V1_WIDTHS,
    V2_WIDTHS,
    check_shortcut,
    depth_from_n,
    has_bias,
    net_name,
)

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class NetSpec:
    """Describe a CIFAR net: `version` "v1" or "v2", `n` blocks in each stage, and its shortcuts.

    The fields are checked when they are used: `depth` and `build` raise `ValueError`.

    >>> NetSpec("v1", 9, "none").name
    'plain56_v1'
    """

    version: str  #: "v1" or "v2"
    n: int  #: blocks in each of the three stages
    shortcut: str = "projection"  #: one of `SHORTCUTS`

    @property
    def depth(self) -> int:
        """Return the layers with weights on the longest path. Raises `ValueError` for no net."""
        return depth_from_n(self.version, self.n)

    @property
    def name(self) -> str:
        """Return kind, depth and version, such as `resnet20_v1_pad`."""
        return net_name(self.version, self.depth, self.shortcut)

    @property
    def parameters(self) -> int:
        """Count the trainable parameters for CIFAR-10, without building the net.

        >>> NetSpec("v1", 3, "pad").parameters
        269722
        """
        self.depth  # noqa: B018  raises for an impossible version or n
        check_shortcut(self.shortcut)
        return count_parameters(self.version, self.n, self.shortcut)

    def build(self, input_shape: Sequence[int] = (32, 32, 3), num_classes: int = 10) -> keras.Model:
        """Build the `keras.Model`, with initial weights."""
        from resnet_lib.nets import resnet  # not at the top: it imports Keras

        depth = self.depth  # raises for an impossible version or n
        build_net = {"v1": resnet.resnet_v1, "v2": resnet.resnet_v2}[self.version]
        return build_net(input_shape, depth, num_classes, shortcut=self.shortcut)


def count_parameters(version: str, n: int, shortcut: str) -> int:
    """Count the trainable parameters of a net for images of three channels and ten classes.

    `resnet_v1` and `resnet_v2` build nets with as many. Here they are only added up.
    """

    def count_conv(size: int, channels: int, filters: int, bias: bool = has_bias(shortcut)) -> int:
        return (size * size * channels + bias) * filters

    def count_norm(channels: int) -> int:
        return 2 * channels  # a scale and an offset each

    total, channels = count_conv(3, 3, V1_WIDTHS[0]) + count_norm(V1_WIDTHS[0]), V1_WIDTHS[0]
    for stage in range(3):
        inner, outer = (V1_WIDTHS[stage],) * 2 if version == "v1" else V2_WIDTHS[stage]
        for block in range(n):
            if version == "v1":
                total += count_conv(3, channels, outer) + count_norm(outer)
                total += count_conv(3, outer, outer) + count_norm(outer)
            else:  # the stem has normalised the input of the first block
                total += count_norm(channels) if stage + block else 0
                total += count_conv(1, channels, inner) + count_norm(inner)
                total += count_conv(3, inner, inner) + count_norm(inner)
                total += count_conv(1, inner, outer)
            if channels != outer and shortcut in ("projection", "highway"):
                total += count_conv(1, channels, outer)
            if shortcut == "highway":
                total += count_conv(1, outer, outer)
            channels = outer
    total += count_norm(channels) if version == "v2" else 0
    return total + count_conv(1, channels, 10, bias=True)
