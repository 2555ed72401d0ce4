"""Describe a CIFAR net by version, n and shortcut, before any layer exists.

This module imports Keras only in `NetSpec.build`.
"""

from dataclasses import dataclass

from resnet_lib.nets.options import V2_WIDTHS, check_shortcut, depth_from_n, net_name


@dataclass(frozen=True)
class NetSpec:
    """Which CIFAR net: `version` "v1" or "v2", `n` blocks a stage, and what its shortcuts are.

    Nothing is checked before it is used: `depth` and `build` raise `ValueError`.

    >>> NetSpec("v1", 9, "none").name
    'plain56_v1'
    """

    version: str  #: "v1" or "v2"
    n: int  #: blocks in each of the three stages
    shortcut: str = "projection"  #: one of `SHORTCUTS`

    @property
    def depth(self):
        """Layers with weights along the longest path; `ValueError` where there is no such net."""
        return depth_from_n(self.version, self.n)

    @property
    def name(self):
        """Kind, depth and version, such as `resnet20_v1_pad`."""
        return net_name(self.version, self.depth, self.shortcut)

    @property
    def parameters(self):
        """Weights that training changes, for CIFAR-10; counted, no net is built.

        >>> NetSpec("v1", 3, "pad").parameters
        269722
        """
        self.depth  # noqa: B018  raises for a version or n that cannot be
        check_shortcut(self.shortcut)
        return count_parameters(self.version, self.n, self.shortcut)

    def build(self, input_shape=(32, 32, 3), num_classes=10):
        """The `keras.Model`, with fresh weights."""
        from resnet_lib.nets import resnet  # not at the top: it brings Keras

        builder = {"v1": resnet.resnet_v1, "v2": resnet.resnet_v2}
        depth = self.depth  # raises for a version or n that cannot be
        return builder[self.version](input_shape, depth, num_classes, shortcut=self.shortcut)


def count_parameters(version, n, shortcut):
    """How many weights training changes, for images of three channels and ten classes.

    What `resnet_v1` and `resnet_v2` build has as many; here they are only added up.
    """

    def conv(size, channels, filters, bias=shortcut in ("projection", "highway")):
        return (size * size * channels + bias) * filters

    def norm(channels):
        return 2 * channels  # a scale and an offset each

    total, channels = conv(3, 3, 16) + norm(16), 16
    for stage in range(3):
        inside, filters = (2**stage * 16,) * 2 if version == "v1" else V2_WIDTHS[stage]
        for block in range(n):
            if version == "v1":
                total += conv(3, channels, filters) + conv(3, filters, filters) + 2 * norm(filters)
            else:  # the stem has normalised what the first block takes
                total += norm(channels) if stage + block else 0
                total += conv(1, channels, inside) + norm(inside)
                total += conv(3, inside, inside) + norm(inside) + conv(1, inside, filters)
            if channels != filters and shortcut in ("projection", "highway"):
                total += conv(1, channels, filters)
            if shortcut == "highway":
                total += conv(1, filters, filters)
            channels = filters
    return total + (norm(channels) if version == "v2" else 0) + conv(1, channels, 10, bias=True)
