"""A deeper net that computes what a shallower one does. Source: He et al. 2015, section 1."""

import re

import numpy as np


def copy_into_deeper_net(shallow, deep):
    """Give `deep` weights with which it computes, in inference mode, what `shallow` computes.

    Both are v1 models with the same shortcut, no highway nets. Blocks of both get the shallow
    net's weights. Each block that only `deep` has is made to hand on its input: in a plain net by
    kernels that copy, 1 at the centre of each channel's own filter and 0 elsewhere; in a residual
    net by a last batch normalisation of scale 0, which silences the branch. What enters a block
    comes from a ReLU, so the ReLU at its end changes nothing. Returns how many weights had to take
    one particular value: every one of a plain block, in a residual block a scale and an offset a
    channel.

    Raises `ValueError` for other nets, or where `deep` is the shallower.
    """
    plain = "plain" in deep.name
    given = {layer.name: layer for layer in shallow.layers if layer.weights}
    taking = {layer.name: layer for layer in deep.layers if layer.weights}
    added = {
        name: re.fullmatch(r"stage\d_block\d+_(1|2)_(conv|bn)", name)
        for name in taking.keys() - given
    }
    fits = all(
        name in taking
        and [weight.shape for weight in layer.weights]
        == [weight.shape for weight in taking[name].weights]
        for name, layer in given.items()
    )
    if not fits or not all(added.values()) or ("plain" in shallow.name) != plain:
        raise ValueError(
            "expected a v1 net and a deeper one with the same shortcut, no highway nets; "
            f"got {shallow.name} and {deep.name}"
        )
    for name, layer in given.items():
        taking[name].set_weights(layer.get_weights())
    return sum(
        set_identity_weights(taking[name], *match.groups(), plain) for name, match in added.items()
    )


def set_identity_weights(layer, place, kind, plain):
    """Set one layer of an added block, the branch's first or second; returns how many are fixed."""
    if kind == "conv" and plain:
        kernel = np.zeros(layer.kernel.shape, "float32")  # (3, 3, channels, channels)
        kernel[1, 1] = np.eye(kernel.shape[-1])
        layer.kernel.assign(kernel)
        return kernel.size
    if kind == "bn":
        ones = np.ones(layer.gamma.shape, "float32")
        layer.moving_mean.assign(0 * ones)
        layer.moving_variance.assign(ones)
        layer.beta.assign(0 * ones)
        if plain:
            layer.gamma.assign(ones * np.sqrt(1 + layer.epsilon))
            return 2 * ones.size  # scale and offset
        if place == "2":
            layer.gamma.assign(0 * ones)
            return 2 * ones.size
    return 0
