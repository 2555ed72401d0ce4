"""Give a deeper net weights with which it computes what a shallower one computes.

Source: He et al. 2015, section 1, "a solution by construction".
"""

import re

import keras
import numpy as np

ADDED_LAYER = re.compile(r"stage\d_block\d+_(1|2)_(conv|bn)")  # of a block's residual in v1


def copy_into_deeper_net(shallow: keras.Model, deep: keras.Model) -> int:
    """Give `deep` weights with which it computes, in inference mode, what `shallow` computes.

    Both are v1 models with the same shortcut, no highway nets. Blocks of both get the shallow
    net's weights. Each block that only `deep` has becomes the identity. In a plain net its kernels
    copy: 1 at the centre of each channel's own filter and 0 elsewhere. In a residual net its last
    batch normalisation has the scale 0, so F(x) = 0. The input of a block is the output of a ReLU,
    so the ReLU at its end changes nothing.

    Returns how many weights had to take one particular value: all weights of a plain block, and
    a scale and an offset for each channel of a residual block. Raises `ValueError` for other nets,
    or if `deep` is the shallower one.
    """
    is_plain = "plain" in deep.name
    shallow_layers = {layer.name: layer for layer in shallow.layers if layer.weights}
    deep_layers = {layer.name: layer for layer in deep.layers if layer.weights}
    added = {name: ADDED_LAYER.fullmatch(name) for name in deep_layers.keys() - shallow_layers}
    shapes_agree = all(
        name in deep_layers
        and [weight.shape for weight in layer.weights]
        == [weight.shape for weight in deep_layers[name].weights]
        for name, layer in shallow_layers.items()
    )
    if not shapes_agree or not all(added.values()) or ("plain" in shallow.name) != is_plain:
        raise ValueError(
            "expected a v1 net and a deeper one with the same shortcut, no highway nets; "
            f"got {shallow.name} and {deep.name}"
        )
    for name, layer in shallow_layers.items():
        deep_layers[name].set_weights(layer.get_weights())
    return sum(
        set_identity_weights(deep_layers[name], match[1], match[2], is_plain)
        for name, match in added.items()
        if match
    )


def set_identity_weights(
    layer: keras.layers.Layer, position: str, role: str, is_plain: bool
) -> int:
    """Set one layer of an added block; return how many weights had to take one value.

    `position` in the residual is "1" or "2"; `role` is "conv" or "bn".
    """
    if role == "conv" and is_plain:
        kernel = np.zeros(layer.kernel.shape, "float32")  # (3, 3, channels, channels)
        kernel[1, 1] = np.eye(kernel.shape[-1])
        layer.kernel.assign(kernel)
        return kernel.size
    if role == "bn":
        ones = np.ones(layer.gamma.shape, "float32")  # (channels,)
        layer.moving_mean.assign(0 * ones)
        layer.moving_variance.assign(ones)
        layer.beta.assign(0 * ones)
        if is_plain:
            layer.gamma.assign(ones * np.sqrt(1 + layer.epsilon))
            return 2 * ones.size  # scale and offset
        if position == "2":
            layer.gamma.assign(0 * ones)
            return 2 * ones.size
    return 0
