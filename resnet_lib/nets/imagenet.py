"""Build the ImageNet nets of He et al. 2015 (arXiv 1512.03385, table 1) and two VGG nets.

ResNet-18 and -34 stack blocks of two 3x3 convolutions, ResNet-50, -101 and -152 bottlenecks of
1x1, 3x3 and 1x1. The plain nets are ResNet-18 and -34 without shortcuts. Convolutions have no
bias. Where a block changes the shape, its input passes through a 1x1 convolution and batch
normalisation (the paper's option B). VGG-16 and -19 are configurations D and E of Simonyan &
Zisserman 2014 (arXiv 1409.1556): no normalisation, biases, and three dense layers with most of the
weights.

Trainable parameters, 1,000 classes: ResNet-18 11,689,512, -34 21,797,672, -50 25,557,032,
-101 44,549,160, -152 60,192,808, VGG-16 138,357,544, VGG-19 143,667,240.
"""

from collections.abc import Sequence
from functools import partial

import keras
from keras import KerasTensor, layers

from resnet_lib.nets.options import check_input_shape, check_num_classes
from resnet_lib.nets.resnet import PadShortcut, resnet_layer

# name: (convolutions in a block, blocks in each stage, shortcuts?)
RESIDUAL_NETS = {
    "plain18": (2, (2, 2, 2, 2), False),
    "plain34": (2, (3, 4, 6, 3), False),
    "resnet18": (2, (2, 2, 2, 2), True),
    "resnet34": (2, (3, 4, 6, 3), True),
    "resnet50": (3, (3, 4, 6, 3), True),
    "resnet101": (3, (3, 4, 23, 3), True),
    "resnet152": (3, (3, 8, 36, 3), True),
}
# 3x3 convolutions before each pooling
VGG_NETS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
VGG_FILTERS = (64, 128, 256, 512, 512)
#: The names that `imagenet_net` knows.
IMAGENET_NETS = (*RESIDUAL_NETS, *VGG_NETS)
SHORTCUT_OPTIONS = ("A", "B", "C")
MIN_IMAGE_SIZE = 32  # pixels: stem, pooling and three stages halve it


def imagenet_net(
    name: str,
    input_shape: Sequence[int] = (224, 224, 3),
    num_classes: int = 1000,
    *,
    option: str = "B",
) -> keras.Model:
    """Build one of `IMAGENET_NETS`, with initial weights.

    Maps float images `(batch, height, width, channels)`, at least 32x32, to probabilities
    `(batch, num_classes)`. At 224x224 the stages give 56x56, 28x28, 14x14 and 7x7. Layers are
    named by stage, block and role, as in `resnet_v1`: `stage3_block1_add`. `option` is the paper's
    letter for the shortcuts of a residual net. "A": where the shape changes, every second pixel and
    zero channels, no parameters. "B": there, a 1x1 convolution. "C": one in every block.
    Raises `ValueError` for a name, shape, number of classes or option that cannot be built.
    Source: He et al. 2015, table 1; VGG: Simonyan and Zisserman 2014, arXiv 1409.1556.

    >>> imagenet_net("resnet50").count_params()  # with batch norm's moving averages
    25610152
    """
    if name not in IMAGENET_NETS:
        raise ValueError(f"name must be one of {', '.join(IMAGENET_NETS)}; got {name!r}")
    if option not in SHORTCUT_OPTIONS:
        raise ValueError(f"option must be one of {', '.join(SHORTCUT_OPTIONS)}; got {option!r}")
    check_input_shape(input_shape, MIN_IMAGE_SIZE)
    check_num_classes(num_classes)

    inputs = keras.Input(input_shape, name="image")
    if name in VGG_NETS:
        x = vgg_features(inputs, VGG_NETS[name])
    else:
        x = residual_features(inputs, *RESIDUAL_NETS[name], option)
    outputs = layers.Dense(num_classes, activation="softmax", name="classifier")(x)
    return keras.Model(inputs, outputs, name=name)


def residual_features(
    inputs: KerasTensor,
    num_convolutions: int,
    stages: Sequence[int],
    has_shortcuts: bool,
    option: str,
) -> KerasTensor:
    """Apply stem, four stages and average pool: `(batch, h, w, c)` to `(batch, 512 or 2048)`."""
    layer = partial(resnet_layer, use_bias=False)
    x = layer(inputs, 64, kernel_size=7, strides=2, name="stem")
    pool = layers.MaxPooling2D(3, strides=2, padding="same", name="stem_pool")
    x = pool(x)  # (batch, h/4, w/4, 64)

    for stage, num_blocks in enumerate(stages, start=1):
        num_filters = 64 * 2 ** (stage - 1)
        for block in range(1, num_blocks + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            if num_convolutions == 2:
                residual = layer(x, num_filters, strides=strides, name=f"{name}_1")
                residual = layer(residual, num_filters, activation=None, name=f"{name}_2")
            else:
                residual = layer(x, num_filters, kernel_size=1, strides=strides, name=f"{name}_1")
                residual = layer(residual, num_filters, name=f"{name}_2")
                residual = layer(
                    residual, 4 * num_filters, kernel_size=1, activation=None, name=f"{name}_3"
                )
            if has_shortcuts:
                x = match_shape(x, residual.shape[-1], strides, option, f"{name}_shortcut")
                residual = layers.Add(name=f"{name}_add")([x, residual])  # x + F(x)
            x = layers.Activation("relu", name=f"{name}_relu")(residual)

    return layers.GlobalAveragePooling2D(name="pool")(x)


def match_shape(
    x: KerasTensor, num_filters: int, strides: int, option: str, name: str
) -> KerasTensor:
    """Return the block's input `x` in the shape of its residual, by the paper's `option`."""
    shape_changes = strides > 1 or x.shape[-1] != num_filters
    if shape_changes and option == "A":
        return PadShortcut(num_filters, strides, name=f"{name}_pad")(x)
    if shape_changes or option == "C":
        return resnet_layer(
            x,
            num_filters,
            kernel_size=1,
            strides=strides,
            activation=None,
            use_bias=False,
            name=name,
        )
    return x


def vgg_features(inputs: KerasTensor, stages: Sequence[int]) -> KerasTensor:
    """Apply 3x3 convolutions and two dense layers: `(batch, h, w, c)` to `(batch, 4096)`."""
    x = inputs
    for stage, num_convolutions in enumerate(stages, start=1):
        for index in range(1, num_convolutions + 1):
            name = f"stage{stage}_{index}"
            x = resnet_layer(x, VGG_FILTERS[stage - 1], batch_normalization=False, name=name)
        x = layers.MaxPooling2D(2, name=f"stage{stage}_pool")(x)
    x = layers.Flatten(name="flatten")(x)  # (batch, 7 * 7 * 512) at 224x224
    for index in (1, 2):
        x = layers.Dense(4096, activation="relu", name=f"dense{index}")(x)
        x = layers.Dropout(0.5, name=f"dropout{index}")(x)
    return x
