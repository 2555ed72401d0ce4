"""The constructed solution: the deeper net computes what the shallower one does."""

import numpy as np
import pytest

from resnet_lib import resnet_v1, resnet_v2
from resnet_lib.nets.construction import copy_into_deeper_net

SHAPE = (8, 8, 3)


def with_random_statistics(model, seed=0):
    """As after a training: batch normalisation whose averages are not 0 and 1."""
    rng = np.random.default_rng(seed)
    for layer in model.layers:
        if layer.name.endswith("_bn"):
            weights = [rng.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()]
            layer.set_weights(weights)
    return model


@pytest.mark.parametrize("shortcut", ["none", "pad", "projection"])
def test_the_deeper_net_answers_as_the_shallower_one(shortcut):
    shallow = with_random_statistics(resnet_v1(SHAPE, 8, shortcut=shortcut))
    deep = with_random_statistics(resnet_v1(SHAPE, 20, shortcut=shortcut), seed=1)
    images = np.random.default_rng(2).normal(size=(4, *SHAPE)).astype("float32")
    assert np.abs(deep(images) - shallow(images)).max() > 1e-4
    fixed = copy_into_deeper_net(shallow, deep)
    assert np.allclose(deep(images), shallow(images), atol=1e-5)
    channels = np.array([16, 32, 64])
    plain = 2 * 2 * (9 * channels**2 + 2 * channels)  # two blocks more in every stage
    silent = 2 * 2 * channels
    assert fixed == (plain if shortcut == "none" else silent).sum()


@pytest.mark.parametrize(
    ("shallow", "deep", "wrong"),
    [
        (
            (resnet_v1, 20, "none"),
            (resnet_v1, 8, "none"),
            "and a deeper one .*got plain20_v1 and plain8_v1",
        ),
        ((resnet_v1, 8, "pad"), (resnet_v1, 14, "none"), "with the same shortcut"),
        ((resnet_v1, 8, "highway"), (resnet_v1, 14, "highway"), "no highway nets; got highway8_v1"),
        ((resnet_v1, 8, "pad"), (resnet_v2, 11, "pad"), "expected a v1 net"),
    ],
)
def test_other_nets_are_refused(shallow, deep, wrong):
    nets = [
        builder(SHAPE, depth, shortcut=shortcut) for builder, depth, shortcut in (shallow, deep)
    ]
    with pytest.raises(ValueError, match=wrong):
        copy_into_deeper_net(*nets)
