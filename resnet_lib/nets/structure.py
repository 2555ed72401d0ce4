"""Find the parts of a built model: the model within it, and the sums of its residual blocks."""

import keras
from keras import layers


def inner_model(model):
    """The model that is a layer of this one, as in those that take uint8 images; or None."""
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), None)


def check_inspectable(model):
    """Raise a `ValueError` for a model that cannot be looked into.

    The layers of a model within it would be passed over, and so would a softmax of its own layer.
    """
    if (inner := inner_model(model)) is not None:
        raise ValueError(
            f"{model.name} holds the model {inner.name} within it; measure that one: "
            f"model.get_layer({inner.name!r}), on images as it takes them, which for a model that "
            'train() saved are model.get_layer("normalize")(images)'
        )
    if isinstance(model.layers[-1], layers.Softmax):
        raise ValueError(
            f"{model.name} ends in a Softmax layer; leave it out and let the model give logits, or "
            'give the Dense layer before it activation="softmax"'
        )


def residual_sums(model):
    """The layers that add a branch to its skip, in order; in this library the skip comes first."""
    return [layer for layer in model.layers if isinstance(layer, layers.Add)]
