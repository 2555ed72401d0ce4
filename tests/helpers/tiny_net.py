"""Replace every ResNet by a net with one convolution, which compiles in a fifth of the time.

A test file that trains many nets uses it if its claims do not depend on the layers:

    tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)
"""

import keras
import pytest
from keras import layers

from resnet_lib import NetSpec
from resnet_lib.nets.normalization import BatchNormalization

RESNET = NetSpec.build


def build(spec, input_shape=(32, 32, 3), num_classes=10):
    """Replace `NetSpec.build`: return a net with the name of the ResNet, but other layers."""
    inputs = keras.Input(input_shape)
    filters = 2 * spec.depth
    x = layers.Conv2D(filters, 3, strides=4, use_bias=False, name="stem_conv")(inputs)
    x = BatchNormalization(name="stem_bn")(x)
    x = layers.Activation("relu", name="stem_relu")(x)  # (batch, 8, 8, filters)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    dtype = keras.config.dtype_policy().variable_dtype
    outputs = layers.Dense(num_classes, "softmax", dtype=dtype, name="classifier")(x)
    return keras.Model(inputs, outputs, name=spec.name)


def replace_resnets():
    """Let every `NetSpec` of this process build the tiny net, as a fixture."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NetSpec, "build", build)
        yield


def restore_resnets(monkeypatch):
    """Let one test of such a file train real ResNets."""
    monkeypatch.setattr(NetSpec, "build", RESNET)
