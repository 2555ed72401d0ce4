"""Batch normalisation in one operation, against the Keras layer that it stands in for."""

import keras
import numpy as np
import pytest

from resnet_lib.calls import call, value_and_gradients
from resnet_lib.normalization import BatchNormalization
from resnet_lib.resnet import resnet_v1

PLAIN_KERAS = keras.layers.BatchNormalization
IMAGES = np.random.default_rng(0).normal(3, 2, (8, 4, 4, 5)).astype("float32")


def pair(**options):
    """The Keras layer and ours, with the same random weights."""
    layers = PLAIN_KERAS(**options), BatchNormalization(**options)
    random = np.random.default_rng(1)
    for layer in layers:
        layer.build(IMAGES.shape)
    weights = [random.uniform(0.5, 1.5, weight.shape) for weight in layers[0].weights]
    for layer in layers:
        layer.set_weights(weights)
    return layers


@pytest.mark.parametrize("momentum", [0.9, 0.99])
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_averages_are_those_of_keras(training, momentum):
    theirs, ours = pair(momentum=momentum)
    expected, got = (np.asarray(layer(IMAGES, training=training)) for layer in (theirs, ours))
    np.testing.assert_allclose(got, expected, atol=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_a_step_of_training_is_that_of_keras():
    """Through the gradient: weights after three steps of SGD."""
    after = []
    for layer in pair(momentum=0.9):
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), layer, keras.layers.Flatten()])
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        model.fit(IMAGES, IMAGES.reshape(8, -1) ** 2, epochs=3, batch_size=8, verbose=0)
        after.append(layer.get_weights())
    for one, other in zip(*after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_gradients_in_inference_are_those_of_keras():
    """The diagnostics and the lesions differentiate nets in inference mode."""

    def gradients(layer):
        layer.trainable = True
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), layer])
        weights = model.trainable_variables

        def loss(arrays):
            given = {id(one): array for one, array in zip(weights, arrays[1:], strict=True)}
            return keras.ops.sum(call(model, arrays[0], False, given)[0] ** 3)

        at = [keras.ops.convert_to_tensor(array) for array in (IMAGES, *layer.get_weights()[:2])]
        return value_and_gradients(loss, at)[1]

    for one, other in zip(*map(gradients, pair()), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4)


def test_a_frozen_layer_uses_what_it_has_learnt():
    layers = pair()
    for layer in layers:
        layer.trainable = False
    expected, got = (np.asarray(layer(IMAGES, training=True)) for layer in layers)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_the_nets_average_over_ten_steps_and_keep_it_when_saved():
    layer = resnet_v1((32, 32, 3), 8).get_layer("stem_bn")
    assert isinstance(layer, BatchNormalization)
    assert layer.momentum == 0.9
    config = layer.get_config()
    assert BatchNormalization.from_config(config | {"momentum": 0.7}).momentum == 0.7
