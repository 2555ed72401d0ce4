"""The ImageNet nets against the parameter counts everyone reports."""

import keras
import numpy as np
import pytest

from resnet_lib import IMAGENET_NETS, imagenet_net
from resnet_lib.nets.counting import imagenet_cost

TRAINABLE = {
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
}


@pytest.mark.parametrize("name", TRAINABLE)
def test_parameter_counts(name):
    assert imagenet_cost(name).parameters == TRAINABLE[name]
    assert set(IMAGENET_NETS) == {*TRAINABLE, "plain18", "plain34"}


@pytest.mark.parametrize("depth", [18, 34])
def test_a_plain_net_is_its_residual_twin_without_shortcuts(depth):
    plain, residual = (
        {layer.name for layer in imagenet_net(f"{kind}{depth}", (32, 32, 3), 10).layers}
        for kind in ("plain", "resnet")
    )
    extra = residual - plain
    assert {name for name in extra if name.endswith("_shortcut_conv")} == {
        f"stage{stage}_block1_shortcut_conv" for stage in (2, 3, 4)
    }
    assert all(name.endswith(("_add", "_shortcut_conv", "_shortcut_bn")) for name in extra)


@pytest.mark.parametrize("name", ["plain34", "resnet34", "resnet50", "resnet101", "resnet152"])
def test_depth_counts_the_layers_with_weights_on_the_longest_path(name):
    weighted = [one for one in imagenet_cost(name).layers if "shortcut" not in one.name]
    assert len(weighted) == int(name.removeprefix("plain").removeprefix("resnet"))


def test_option_a_adds_no_parameters_and_c_a_projection_to_every_block():
    """13 more than B: within a stage, a kernel and two numbers a channel of batch norm."""
    plain, a, b, c = (
        imagenet_cost(*net).parameters
        for net in (("plain34",), ("resnet34", "A"), ("resnet34", "B"), ("resnet34", "C"))
    )
    within = ((3, 64), (3, 128), (5, 256), (2, 512))
    more = sum(blocks * (channels**2 + 2 * channels) for blocks, channels in within)
    assert (a, c) == (plain, b + more)


def test_option_a_takes_every_second_pixel_and_appends_zeros():
    model = imagenet_net("resnet18", (64, 64, 3), 10, option="A")
    skip = model.get_layer("stage2_block1_shortcut_pad")
    both = keras.Model(model.input, [skip.input, skip.output])
    x, padded = both(np.random.default_rng(0).normal(size=(1, 64, 64, 3)).astype("float32"))
    np.testing.assert_array_equal(padded[..., :64], x[:, ::2, ::2])
    assert not np.any(padded[..., 64:])


def test_stages_shrink_as_in_the_paper():
    ends = {one.name: (*one.size, one.channels) for one in imagenet_cost("resnet50").layers}
    shapes = [ends[f"stage{stage}_block3_3_conv"] for stage in (1, 2, 3, 4)]
    assert shapes == [(56, 56, 256), (28, 28, 512), (14, 14, 1024), (7, 7, 2048)]


@pytest.mark.parametrize("name", ["resnet18", "vgg19"])
def test_small_images_and_other_classes(name):
    probabilities = imagenet_net(name, (32, 48, 1), 3)(np.ones((2, 32, 48, 1), "float32"))
    assert tuple(probabilities.shape) == (2, 3)


@pytest.mark.parametrize(
    ("arguments", "option", "says"),
    [
        (("resnet35",), "B", "resnet34"),
        (("resnet18", (16, 16, 3)), "B", "at least 32"),
        (("resnet18", (224, 224, 3), 1), "B", "from 2"),
        (("resnet18",), "D", "one of A, B, C; got 'D'"),
    ],
)
def test_errors(arguments, option, says):
    with pytest.raises(ValueError, match=says):
        imagenet_net(*arguments, option=option)
