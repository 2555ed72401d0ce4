"""Which net is meant: its name and its depth, before any layer exists. Nothing here needs Keras."""

from dataclasses import dataclass
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
    if not is_whole(n, 1):
        raise ValueError(f"n, the blocks in a stage, must be a whole number from 1; got {n!r}")
    return LAYERS_PER_N[version] * n + 2


def check_shortcut(shortcut):
    if shortcut not in SHORTCUTS:
        raise ValueError(f"shortcut must be one of {', '.join(SHORTCUTS)}; got {shortcut!r}")


def kind_of(version, shortcut):
    """The family a net is drawn as: "plain", "highway", or residual, "v1" or "v2"."""
    return {"none": "plain", "highway": "highway"}.get(shortcut, version)


def net_name(version, depth, shortcut):
    """A model's name: `resnet20_v1`, `resnet20_v1_pad`, `plain56_v1` or `highway20_v1`."""
    kind = kind_of(version, shortcut)
    family = kind if kind in ("plain", "highway") else "resnet"
    return f"{family}{depth}_{version}" + ("_pad" if shortcut == "pad" else "")


def trained_weights(version, n, shortcut):
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


def is_whole(value, least):
    """True for a Python or NumPy integer from `least`; a bool is a slip, not a number."""
    return isinstance(value, Integral) and not isinstance(value, bool) and value >= least


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
        return trained_weights(self.version, self.n, self.shortcut)

    def build(self, input_shape=(32, 32, 3), num_classes=10):
        """The `keras.Model`, with fresh weights."""
        from resnet_lib import resnet  # not at the top: it brings Keras

        builder = {"v1": resnet.resnet_v1, "v2": resnet.resnet_v2}
        depth = self.depth  # raises for a version or n that cannot be
        return builder[self.version](input_shape, depth, num_classes, shortcut=self.shortcut)
