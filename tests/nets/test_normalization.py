"""Batch normalisation in one operation, against the Keras layer that it replaces."""

import keras
import numpy as np
import pytest

from resnet_lib.inside.calls import call, value_and_gradients
from resnet_lib.nets.normalization import BatchNormalization
from resnet_lib.nets.resnet import resnet_v1

IMAGES = np.random.default_rng(0).normal(3, 2, (8, 4, 4, 5)).astype("float32")


def pair(**options):
    """Our layer and Keras's, with the same random weights."""
    pair = BatchNormalization(**options), keras.layers.BatchNormalization(**options)
    for layer in pair:
        random = np.random.default_rng(1)
        layer.build(IMAGES.shape)
        layer.set_weights([random.uniform(0.5, 1.5, weight.shape) for weight in layer.weights])
    return pair


def assert_close(ours, theirs, **tolerance):
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


@pytest.mark.parametrize("momentum", [0.9, 0.99])
@pytest.mark.parametrize(("training", "frozen"), [(True, False), (False, False), (True, True)])
def test_outputs_and_averages_are_those_of_keras(training, frozen, momentum):
    """A frozen layer uses its averages."""
    layers = pair(momentum=momentum)
    for layer in layers:
        layer.trainable = not frozen
    assert_close(*([np.asarray(layer(IMAGES, training=training))] for layer in layers), atol=1e-5)
    assert_close(*(layer.get_weights() for layer in layers), rtol=1e-5)


def test_steps_of_training_are_those_of_keras():
    """Through the gradient: weights after three steps of SGD."""
    after = []
    for layer in pair(momentum=0.9):
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), layer, keras.layers.Flatten()])
        model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
        model.fit(IMAGES, IMAGES.reshape(8, -1) ** 2, epochs=3, batch_size=8, verbose=0)
        after.append(layer.get_weights())
    assert_close(*after, rtol=1e-4)


def test_gradients_in_inference_are_those_of_keras():
    """The diagnostics and the lesions differentiate nets in inference mode."""

    def gradients(layer):
        model = keras.Sequential([keras.Input(IMAGES.shape[1:]), layer])
        weights = model.trainable_variables

        def loss(arrays):
            given = {id(one): array for one, array in zip(weights, arrays[1:], strict=True)}
            return keras.ops.sum(call(model, arrays[0], False, given)[0] ** 3)

        at = [keras.ops.convert_to_tensor(array) for array in (IMAGES, *layer.get_weights()[:2])]
        return value_and_gradients(loss, at)[1]

    assert_close(*map(gradients, pair()), rtol=1e-4)


def test_the_nets_average_over_ten_steps_and_keep_it_when_saved():
    layer = resnet_v1((32, 32, 3), 8).get_layer("stem_bn")
    assert isinstance(layer, BatchNormalization)
    assert layer.momentum == 0.9
    config = layer.get_config()
    assert BatchNormalization.from_config(config | {"momentum": 0.7}).momentum == 0.7
