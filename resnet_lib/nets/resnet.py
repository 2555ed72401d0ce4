"""Residual networks for small images: the layer, then v1, then v2. Read it top-down.

A block adds what its branch F computes to what it was given:

    v1   y = relu(x + F(x))     F = conv-BN-relu-conv-BN            He et al. 2015, arXiv 1512.03385
    v2   y = x + F(x)           F = three times BN-relu-conv        He et al. 2016, arXiv 1603.05027

`shortcut` says what stands in place of that plain sum; everything else is the same net.

    "projection"  x + F(x); a 1x1 convolution of x where the shapes differ. The article's net.
    "pad"         x + F(x); where the shapes differ x is subsampled and padded with zero channels
                  (option A of the paper), and no convolution has a bias. The paper's CIFAR net.
    "none"        F(x) alone: the plain net, with exactly the parameters of "pad".
    "highway"     T * F(x) + (1 - T) * x with T = sigmoid(1x1 convolution of x); the gate's bias
                  starts negative, so that new blocks carry (Srivastava et al. 2015, 1505.00387).

Trainable parameters for 10 classes, which the tests hold the code to:

    depth             20         32         44         56          110
    v1 "pad"     269,722    464,154    658,586    853,018    1,727,962
    v1           273,066    467,946    662,826    857,706    1,734,666
    depth             11         20         29         56          110
    v2           297,418    570,602    843,786  1,663,338    3,302,442
"""

import sys
from functools import partial
from numbers import Integral

import keras
from keras import layers

from resnet_lib.nets.normalization import BatchNormalization
from resnet_lib.nets.options import (
    LAYERS_PER_N,
    check_shortcut,
    depth_from_n,
    is_whole_number,
    net_name,
)

GATE_BIAS = -2.0  # sigmoid(-2) = 0.12: a new highway block passes 88 % of its input on


def resnet_layer(
    inputs,
    num_filters=16,
    kernel_size=3,
    strides=1,
    activation="relu",
    batch_normalization=True,
    conv_first=True,
    *,
    use_bias=True,
    name=None,
):
    """Convolution, batch normalisation and activation: the brick both nets are built of.

    `conv_first=True` gives conv-BN-activation (v1), `False` BN-activation-conv (v2's
    pre-activation). `activation=None` and `batch_normalization=False` leave that step out.
    Input `(batch, height, width, channels)`; output `(batch, ceil(height / strides),
    ceil(width / strides), num_filters)`. The kernel starts from He's normal distribution and
    carries the article's penalty 1e-4 * sum(w**2). With `name="stem"` the layers are called
    `stem_conv`, `stem_bn` and `stem_relu`.

    >>> x = keras.Input((32, 32, 3))
    >>> resnet_layer(x, num_filters=16, strides=2).shape
    (None, 16, 16, 16)
    """

    def named(role):
        return name and f"{name}_{role}"

    def normalize_and_activate(x):
        if batch_normalization:
            x = BatchNormalization(name=named("bn"))(x)
        if activation is not None:
            x = layers.Activation(activation, name=named(activation))(x)
        return x

    convolve = layers.Conv2D(
        num_filters,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=use_bias,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(1e-4),
        name=named("conv"),
    )
    if conv_first:
        return normalize_and_activate(convolve(inputs))
    return convolve(normalize_and_activate(inputs))


@keras.saving.register_keras_serializable("resnet_lib")
class PadShortcut(layers.Layer):
    """The paper's option A: every `strides`-th pixel, then zero channels up to `num_filters`.

    `(batch, height, width, channels)` to `(batch, ceil(height / strides), ceil(width / strides),
    num_filters)`, with no parameter at all. Source: He et al. 2015, section 3.3.
    """

    def __init__(self, num_filters, strides, **kwargs):
        super().__init__(**kwargs)
        self.num_filters, self.strides = num_filters, strides

    def call(self, x):
        # The mean of one pixel is that pixel. TensorFlow's strided slice takes eight times as long.
        how = {"strides": self.strides, "padding": "valid", "data_format": "channels_last"}
        x = keras.ops.average_pool(x, 1, **how)
        missing = self.num_filters - x.shape[-1]
        return keras.ops.pad(x, [[0, 0], [0, 0], [0, 0], [0, missing]])

    def get_config(self):
        return super().get_config() | {"num_filters": self.num_filters, "strides": self.strides}


def join(x, branch, strides, shortcut, name):
    """Bring a block's input `x` and its `branch` F(x) together: the sum, or what replaces it."""
    if shortcut == "none":
        return branch
    num_filters = branch.shape[-1]
    if strides > 1 or x.shape[-1] != num_filters:
        if shortcut == "pad":
            x = PadShortcut(num_filters, strides, name=f"{name}_shortcut_pad")(x)
        else:
            bare = {"activation": None, "batch_normalization": False, "name": f"{name}_shortcut"}
            x = resnet_layer(x, num_filters, kernel_size=1, strides=strides, **bare)
    if shortcut == "highway":  # T * F + (1 - T) * x = x + T * (F - x)
        gate = layers.Conv2D(
            num_filters,
            1,
            activation="sigmoid",
            kernel_initializer="he_normal",
            bias_initializer=keras.initializers.Constant(GATE_BIAS),
            name=f"{name}_gate",
        )(x)
        branch = layers.Subtract(name=f"{name}_difference")([branch, x])
        branch = layers.Multiply(name=f"{name}_gated")([gate, branch])
    return layers.Add(name=f"{name}_add")([x, branch])


def resnet_v1(input_shape, depth, num_classes=10, *, shortcut="projection"):
    """The original residual net of depth 6n+2: 3 stages of n blocks of two 3x3 convolutions.

    `input_shape` is `(height, width, channels)`, at least 8x8; the model maps float images
    `(batch, height, width, channels)`, mean subtracted, to probabilities `(batch, num_classes)`.
    At 32x32 the stages give 32x32x16, 16x16x32 and 8x8x64. Layers are named by stage, block and
    role: `stage2_block1_1_conv`, `stage2_block1_add`.
    Raises `ValueError` for a depth, shape, class number or shortcut that cannot be built.
    Source: He et al. 2015, section 4.2.

    >>> resnet_v1((32, 32, 3), depth=20).count_params()
    274442
    """
    num_blocks = blocks_per_stage("v1", input_shape, depth, num_classes, shortcut)
    layer = partial(resnet_layer, use_bias=has_bias(shortcut))
    num_filters = 16

    inputs = keras.Input(input_shape, name="image")
    x = layer(inputs, num_filters, name="stem")
    for stage in (1, 2, 3):
        for block in range(1, num_blocks + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            y = layer(x, num_filters, strides=strides, name=f"{name}_1")
            y = layer(y, num_filters, activation=None, name=f"{name}_2")
            x = join(x, y, strides, shortcut, name)
            x = layers.Activation("relu", name=f"{name}_relu")(x)
        num_filters *= 2

    return classifier(inputs, x, num_classes, name=net_name("v1", depth, shortcut))


def resnet_v2(input_shape, depth, num_classes=10, *, shortcut="projection"):
    """The pre-activation net of depth 9n+2: 3 stages of n bottlenecks 1x1, 3x3, 1x1.

    Shapes, names and errors as in `resnet_v1`; at 32x32 the stages give 32x32x64, 16x16x128 and
    8x8x256. Nothing but the sum stands on the path from block to block. As in the article the
    3x3 convolutions of the second and third stage are twice as wide as in the paper; with 1.7 M
    parameters at depth 56 against v1's 0.86 M, the two versions differ in more than their order.
    Source: He et al. 2016, figure 4e.

    >>> resnet_v2((32, 32, 3), depth=29).count_params()
    849002
    """
    num_blocks = blocks_per_stage("v2", input_shape, depth, num_classes, shortcut)
    layer = partial(resnet_layer, use_bias=has_bias(shortcut))
    pre_activated = partial(layer, conv_first=False)
    num_filters, num_filters_out = 16, 64

    inputs = keras.Input(input_shape, name="image")
    x = layer(inputs, num_filters, name="stem")
    for stage in (1, 2, 3):
        for block in range(1, num_blocks + 1):
            name = f"stage{stage}_block{block}"
            strides = 2 if stage > 1 and block == 1 else 1
            first = {"kernel_size": 1, "strides": strides, "name": f"{name}_1"}
            if stage == block == 1:  # the stem has normalised and activated its output already
                first |= {"activation": None, "batch_normalization": False}
            y = pre_activated(x, num_filters, **first)
            y = pre_activated(y, num_filters, name=f"{name}_2")
            y = pre_activated(y, num_filters_out, kernel_size=1, name=f"{name}_3")
            x = join(x, y, strides, shortcut, name)
        num_filters, num_filters_out = num_filters_out, 2 * num_filters_out

    x = BatchNormalization(name="final_bn")(x)
    x = layers.Activation("relu", name="final_relu")(x)
    return classifier(inputs, x, num_classes, name=net_name("v2", depth, shortcut))


def classifier(inputs, x, num_classes, name):
    """Average every feature map, then one softmax layer; returns the finished `keras.Model`."""
    x = layers.GlobalAveragePooling2D(name="pool")(x)  # (batch, 64) in v1, (batch, 256) in v2
    outputs = layers.Dense(
        num_classes,
        activation="softmax",
        kernel_initializer="he_normal",
        dtype=keras.config.dtype_policy().variable_dtype,  # half precision would blunt the softmax
        name="classifier",
    )(x)
    # Keras walks a new model's graph by recursion, a call a layer: 4,000 deep in ResNet-1202.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit + 10_000)
    try:
        return keras.Model(inputs, outputs, name=name)
    finally:
        sys.setrecursionlimit(limit)


def has_bias(shortcut):
    """The article's convolutions carry a bias; the paper's, and so the plain net's, do not."""
    return shortcut in ("projection", "highway")


def blocks_per_stage(version, input_shape, depth, num_classes, shortcut):
    """Raise a `ValueError` that says how to mend the arguments, or return n for this depth."""
    per_n = LAYERS_PER_N[version]
    if not is_whole_number(depth, per_n + 2) or (depth - 2) % per_n:
        below = max(1, (depth - 2) // per_n) if isinstance(depth, Integral) else 3
        raise ValueError(
            f"depth of ResNet {version} must be {per_n}n+2 for a whole n from 1; got {depth!r}; "
            f"the nearest that work are {depth_from_n(version, below)} (n={below}) and "
            f"{depth_from_n(version, below + 1)} (n={below + 1})"
        )
    check_shapes(input_shape, 8, num_classes)
    check_shortcut(shortcut)
    return (depth - 2) // per_n


def check_shapes(input_shape, smallest, num_classes):
    """Raise a `ValueError` unless images of this shape, `smallest` pixels or more, can go in."""
    shape = tuple(input_shape) if isinstance(input_shape, list | tuple) else ()
    least = (smallest, smallest, 1)
    if len(shape) != 3 or not all(map(is_whole_number, shape, least)):
        raise ValueError(
            "input_shape must be (height, width, channels), such as (32, 32, 3), with height and "
            f"width at least {smallest}; got {input_shape!r}"
        )
    if not is_whole_number(num_classes, 2):
        raise ValueError(f"num_classes must be a whole number from 2; got {num_classes!r}")
