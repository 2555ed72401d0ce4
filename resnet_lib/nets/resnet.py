"""Build residual networks for small images: the layer, the sum of a block, then v1 and v2.

A block adds its input x to its residual F(x), the output of a few layers:

    v1   y = relu(x + F(x))     F = conv-BN-relu-conv-BN            He et al. 2015, arXiv 1512.03385
    v2   y = x + F(x)           F = three times BN-relu-conv        He et al. 2016, arXiv 1603.05027

`shortcut` chooses what is added to F(x). The rest of the net stays as it is.

    "projection"  x + F(x); a 1x1 convolution of x where the shapes differ. The article's net.
    "pad"         x + F(x); where the shapes differ, x is subsampled and padded with zero channels
                  (option A of the paper). No convolution has a bias. The paper's CIFAR net.
    "none"        F(x) alone: the plain net, with exactly the parameters of "pad".
    "highway"     T * F(x) + (1 - T) * x with T = sigmoid(1x1 convolution of x). The gate's bias
                  starts negative, so that a new block passes on most of x (Srivastava et al. 2015,
                  arXiv 1505.00387).

Trainable parameters for 10 classes, which the tests check:

    depth             20         32         44         56          110
    v1 "pad"     269,722    464,154    658,586    853,018    1,727,962
    v1           273,066    467,946    662,826    857,706    1,734,666
    depth             11         20         29         56          110
    v2           297,418    570,602    843,786  1,663,338    3,302,442
"""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
from keras import KerasTensor, layers

from resnet_lib.nets.normalization import BatchNormalization
from resnet_lib.nets.options import (
    V1_WIDTHS,
    V2_WIDTHS,
    check_input_shape,
    check_num_classes,
    check_shortcut,
    has_bias,
    n_from_depth,
    net_name,
)

GATE_BIAS = -2.0  # sigmoid(-2) = 0.12: a new highway block passes on 88 % of its input
MIN_IMAGE_SIZE = 8  # pixels: two stages halve it
RECURSION_MARGIN = 10_000  # calls; a new ResNet-1202 needs 4,000


def resnet_layer(
    inputs: KerasTensor,
    num_filters: int = 16,
    kernel_size: int = 3,
    strides: int = 1,
    activation: str | None = "relu",
    batch_normalization: bool = True,
    conv_first: bool = True,
    *,
    use_bias: bool = True,
    name: str | None = None,
) -> KerasTensor:
    """Apply a convolution, batch normalisation and an activation; both nets consist of this layer.

    `conv_first=True` gives conv-BN-activation (v1), `False` BN-activation-conv (v2's
    pre-activation). `activation=None` and `batch_normalization=False` leave that step out.
    Input `(batch, height, width, channels)`; output `(batch, ceil(height / strides),
    ceil(width / strides), num_filters)`. The kernel starts from He's normal distribution and
    has the article's penalty 1e-4 * sum(w**2). With `name="stem"` the layers are called
    `stem_conv`, `stem_bn` and `stem_relu`.

    >>> x = keras.Input((32, 32, 3))
    >>> resnet_layer(x, num_filters=16, strides=2).shape
    (None, 16, 16, 16)
    """

    def layer_name(role: str) -> str | None:
        return f"{name}_{role}" if name else None

    convolution = layers.Conv2D(
        num_filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(1e-4),
        name=layer_name("conv"),
    )
    steps = []
    if batch_normalization:
        steps.append(BatchNormalization(name=layer_name("bn")))
    if activation is not None:
        steps.append(layers.Activation(activation, name=layer_name(activation)))
    x = inputs
    for step in [convolution, *steps] if conv_first else [*steps, convolution]:
        x = step(x)
    return x


def add_skip(
    x: KerasTensor, residual: KerasTensor, strides: int, shortcut: str, name: str
) -> KerasTensor:
    """Return x + F(x), or what `shortcut` puts in its place; `residual` is F(x).

    `x` is the block's input `(batch, height, width, channels)`. The output has the shape of
    `residual`, `(batch, ceil(height / strides), ceil(width / strides), num_filters)`.
    """
    if shortcut == "none":
        return residual
    x = match_shape(x, residual.shape[-1], strides, shortcut, f"{name}_shortcut")
    if shortcut == "highway":
        residual = gate_residual(x, residual, name)
    return layers.Add(name=f"{name}_add")([x, residual])  # x + F(x)


def match_shape(
    x: KerasTensor, num_filters: int, strides: int, shortcut: str, name: str
) -> KerasTensor:
    """Return `x` in the shape of the block's residual; unchanged where it has this shape."""
    if strides == 1 and x.shape[-1] == num_filters:
        return x
    if shortcut == "pad":
        return PadShortcut(num_filters, strides, name=f"{name}_pad")(x)
    return resnet_layer(
        x,
        num_filters,
        kernel_size=1,
        strides=strides,
        activation=None,
        batch_normalization=False,
        name=name,
    )


def gate_residual(x: KerasTensor, residual: KerasTensor, name: str) -> KerasTensor:
    """Return T * (F(x) - x), so that adding x gives T * F(x) + (1 - T) * x, a highway block."""
    gate = layers.Conv2D(
        x.shape[-1],
        kernel_size=1,
        activation="sigmoid",
        kernel_initializer="he_normal",
        bias_initializer=keras.initializers.Constant(GATE_BIAS),
        name=f"{name}_gate",
    )(x)
    difference = layers.Subtract(name=f"{name}_difference")([residual, x])
    return layers.Multiply(name=f"{name}_gated")([gate, difference])


@keras.saving.register_keras_serializable("resnet_lib")
class PadShortcut(layers.Layer):
    """Subsample by `strides` and append zero channels up to `num_filters`: the paper's option A.

    Input `(batch, height, width, channels)`; output `(batch, ceil(height / strides),
    ceil(width / strides), num_filters)`. The layer has no parameters. Source: He et al. 2015,
    section 3.3.
    """

    def __init__(self, num_filters: int, strides: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_filters, self.strides = num_filters, strides

    def call(self, x: KerasTensor) -> KerasTensor:
        # The mean of one pixel is that pixel. TensorFlow's strided slice takes eight times as long.
        x = keras.ops.average_pool(
            x, 1, strides=self.strides, padding="valid", data_format="channels_last"
        )
        missing = self.num_filters - x.shape[-1]
        return keras.ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, missing]])

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"num_filters": self.num_filters, "strides": self.strides}


def resnet_v1(
    input_shape: Sequence[int], depth: int, num_classes: int = 10, *, shortcut: str = "projection"
) -> keras.Model:
    """Build the original residual net: depth 6n+2, 3 stages of n blocks of two 3x3 convolutions.

    `input_shape` is `(height, width, channels)`, at least 8x8. The model maps float images
    `(batch, height, width, channels)`, mean subtracted, to probabilities `(batch, num_classes)`.
    At 32x32 the stages give 32x32x16, 16x16x32 and 8x8x64. Layers are named by stage, block and
    role: `stage2_block1_1_conv`, `stage2_block1_add`.
    Raises `ValueError` for a depth, shape, class number or shortcut that cannot be built.
    Source: He et al. 2015, section 4.2.

    >>> resnet_v1((32, 32, 3), depth=20).count_params()
    274442
    """
    num_blocks = n_from_depth("v1", depth)
    check_input_shape(input_shape, MIN_IMAGE_SIZE)
    check_num_classes(num_classes)
    check_shortcut(shortcut)
    layer = partial(resnet_layer, use_bias=has_bias(shortcut))

    inputs = keras.Input(input_shape, name="image")
    x = layer(inputs, V1_WIDTHS[0], name="stem")  # (batch, 32, 32, 16) for images of 32x32
    for stage, num_filters in enumerate(V1_WIDTHS, start=1):
        for block in range(1, num_blocks + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            residual = layer(x, num_filters, strides=strides, name=f"{name}_1")
            residual = layer(residual, num_filters, activation=None, name=f"{name}_2")
            x = add_skip(x, residual, strides, shortcut, name)  # x + F(x)
            x = layers.Activation("relu", name=f"{name}_relu")(x)  # y = relu(x + F(x))
        # after the stages: (batch, 32, 32, 16), (batch, 16, 16, 32), (batch, 8, 8, 64)

    return add_classifier(inputs, x, num_classes, name=net_name("v1", depth, shortcut))


def resnet_v2(
    input_shape: Sequence[int], depth: int, num_classes: int = 10, *, shortcut: str = "projection"
) -> keras.Model:
    """Build the pre-activation net: depth 9n+2, 3 stages of n bottlenecks 1x1, 3x3, 1x1.

    Shapes, names and errors as in `resnet_v1`; at 32x32 the stages give 32x32x64, 16x16x128 and
    8x8x256. The path from block to block contains only the sums. As in the article, the
    3x3 convolutions of the second and third stage are twice as wide as in the paper. At depth 56,
    v2 has 1.7 M parameters and v1 0.86 M, so the two versions differ in more than their order.
    Source: He et al. 2016, figure 4e.

    >>> resnet_v2((32, 32, 3), depth=29).count_params()
    849002
    """
    num_blocks = n_from_depth("v2", depth)
    check_input_shape(input_shape, MIN_IMAGE_SIZE)
    check_num_classes(num_classes)
    check_shortcut(shortcut)
    layer = partial(resnet_layer, use_bias=has_bias(shortcut))
    pre_activated = partial(layer, conv_first=False)

    inputs = keras.Input(input_shape, name="image")
    x = layer(inputs, V2_WIDTHS[0][0], name="stem")  # (batch, 32, 32, 16) for images of 32x32
    for stage, (num_filters, num_filters_out) in enumerate(V2_WIDTHS, start=1):
        for block in range(1, num_blocks + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            first = {"kernel_size": 1, "strides": strides, "name": f"{name}_1"}
            if stage == block == 1:  # the stem has normalised and activated its output already
                first |= {"activation": None, "batch_normalization": False}
            residual = pre_activated(x, num_filters, **first)
            residual = pre_activated(residual, num_filters, name=f"{name}_2")
            residual = pre_activated(residual, num_filters_out, kernel_size=1, name=f"{name}_3")
            x = add_skip(x, residual, strides, shortcut, name)  # y = x + F(x)
        # after the stages: (batch, 32, 32, 64), (batch, 16, 16, 128), (batch, 8, 8, 256)

    x = BatchNormalization(name="final_bn")(x)
    x = layers.Activation("relu", name="final_relu")(x)
    return add_classifier(inputs, x, num_classes, name=net_name("v2", depth, shortcut))


def add_classifier(inputs: KerasTensor, x: KerasTensor, num_classes: int, name: str) -> keras.Model:
    """Average every feature map, apply one softmax layer, and return the complete model."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (batch, 64) in v1, (batch, 256) in v2
    outputs = layers.Dense(
        num_classes,
        activation="softmax",
        kernel_initializer="he_normal",
        dtype=keras.config.dtype_policy().variable_dtype,  # a softmax needs full precision
        name="classifier",
    )(x)  # (batch, num_classes)
    # Keras visits the layers of a new model by recursion, one call for each layer.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + RECURSION_MARGIN)
    try:
        return keras.Model(inputs, outputs, name=name)
    finally:
        sys.setrecursionlimit(limit)
