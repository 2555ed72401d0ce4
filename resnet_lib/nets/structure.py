"""Find the parts of a built model: the model within it, and the sums of its residual blocks."""

import keras
from keras import layers


def inner_model(model: keras.Model) -> keras.Model | None:
    """Return the model that is a layer of this one, as in those for uint8 images; or None."""
    return next((layer for layer in model.layers if isinstance(layer, keras.Model)), None)


def check_inspectable(model: keras.Model) -> None:
    """Raise `ValueError` for a model whose layers cannot all be measured.

    The measurements would not see the layers of an inner model, nor a separate Softmax layer.
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


def residual_sums(model: keras.Model) -> list[layers.Add]:
    """Return the layers that add x to F(x), in order; in this library, x is their first input."""
    return [layer for layer in model.layers if isinstance(layer, layers.Add)]
