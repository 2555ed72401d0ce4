"""Compare a net that is computed part by part with the whole net."""

import keras
import numpy as np
import pytest

from resnet_lib import lesion, resnet_v1, resnet_v2, signal_statistics
from resnet_lib.inside.calls import call, model_parts, split_tensors

IMAGES = np.random.default_rng(0).standard_normal((6, 8, 8, 3)).astype("float32")
NETS = {
    "plain": lambda: resnet_v1((8, 8, 3), 20, shortcut="none"),
    "pad": lambda: resnet_v1((8, 8, 3), 20, shortcut="pad"),
    "highway": lambda: resnet_v1((8, 8, 3), 20, shortcut="highway"),
    "v2": lambda: resnet_v2((8, 8, 3), 20),
    "lesioned": lambda: lesion(resnet_v1((8, 8, 3), 20), ["stage1_block2", "stage3_block1"]),
}


def call_whole(model, outputs=None):
    """Return the outputs of the whole model in training, and its running averages."""
    model = model if outputs is None else keras.Model(model.input, outputs)
    weights = ([variable.value for variable in model.trainable_variables],)
    weights += ([variable.value for variable in model.non_trainable_variables],)
    return model.stateless_call(*weights, IMAGES, training=True)


@pytest.mark.parametrize("build", NETS.values(), ids=NETS)
def test_parts_compute_the_outputs_of_the_net(build):
    net = build()
    assert len(model_parts(net)) > 3
    assert max(len(part.layers) for part in model_parts(net)) < len(net.layers) / 3
    assert model_parts(net) is model_parts(net), "the parts are built once"
    expected, averages = call_whole(net)
    found, after = call(net, IMAGES, True)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert after.keys() == set(map(id, net.non_trainable_variables))
    for variable, average in zip(net.non_trainable_variables, averages, strict=True):
        np.testing.assert_allclose(after[id(variable)], average, rtol=1e-5, atol=1e-6)


def build_transformer(blocks=4):
    x = inputs = keras.Input((8, 8, 3))
    x = keras.layers.Reshape((64, 3))(x)
    x = keras.layers.Dense(8)(x)
    for _ in range(blocks):
        y = keras.layers.LayerNormalization()(x)
        x = keras.layers.Add()([x, keras.layers.MultiHeadAttention(2, 4)(y, y)])
        x = keras.layers.Activation("gelu")(x)
        x = keras.layers.Add()([x, keras.layers.Dense(8)(keras.layers.LayerNormalization()(x))])
    return keras.Model(inputs, x)


@pytest.mark.parametrize("build", [NETS["pad"], NETS["v2"], build_transformer])
def test_signals_equal_the_signals_of_the_whole_net(build):
    net = build()
    assert len(split_tensors(net, 7)) > 3
    sums = [layer for layer in net.layers if isinstance(layer, keras.layers.Add)]
    activation_layers = [
        layer for layer in net.layers if isinstance(layer, keras.layers.Activation)
    ]
    terms = [term for layer in sums for term in layer.input]
    expected, _ = call_whole(net, [*(layer.output for layer in activation_layers), *terms])
    variances = [np.var(np.asarray(output, "float64")) for output in expected]
    activations, blocks = signal_statistics(net, IMAGES)
    found = [signal.variance for signal in activations]
    found += [
        variance for block in blocks for variance in (block.skip_variance, block.branch_variance)
    ]
    assert found == pytest.approx(variances, rel=1e-5)


def test_a_model_with_several_inputs_or_few_layers_is_one_part():
    left, right = keras.Input((4,)), keras.Input((4,))
    x = keras.layers.Add()([left, right])
    for _ in range(20):
        x = keras.layers.Dense(4)(x)
    two_inputs = keras.Model([left, right], keras.layers.Add()([x, right]))
    small = resnet_v1((8, 8, 3), 8)
    assert model_parts(two_inputs) == [two_inputs]
    assert model_parts(keras.Model(small.input, small.get_layer("stem_relu").output))[1:] == []
