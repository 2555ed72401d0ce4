"""What a net costs, against the paper's table 1 and by hand. The CIFAR nets: test_layers."""

import keras
import pytest
from keras import layers

from resnet_lib import imagenet_net
from resnet_lib.chapters.reported_imagenet import TABLE_1
from resnet_lib.nets.counting import imagenet_cost, layer_costs, multiply_adds, net_cost


@pytest.mark.parametrize(("name", "billions"), TABLE_1.items())
def test_counts_agree_with_the_paper(name, billions):
    """Within 2 %: it prints one decimal, 3.8 for what its own table makes 3.86.

    With the stride in the 3x3 instead of the 1x1, ResNet-50 would be 8 % above.
    """
    assert imagenet_cost(name).multiply_adds / 1e9 == pytest.approx(billions, rel=0.02)


def test_resnet_34_by_hand():
    """All positions times all weights, by stage; maps halve their sides and double the channels."""
    stem, classifier = 7 * 7 * 3 * 64 * 112**2, 512 * 1000
    inside = 9 * 64 * 64 * 56**2  # of every 3x3 but the first of stages 2 to 4, which is half of it
    plain = stem + classifier + 29 * inside + 3 * inside // 2
    projections = 3 * 64 * 128 * 28**2
    assert imagenet_cost("plain34").multiply_adds == plain
    assert imagenet_cost("resnet34").multiply_adds == plain + projections


@pytest.mark.parametrize("net", [("plain18", "B"), ("resnet18", "A"), ("resnet50", "C")])
def test_a_net_without_weights_costs_what_the_built_one_does(net):
    name, option = net
    assert imagenet_cost(name, option) == net_cost(imagenet_net(name, option=option))


def test_the_kinds_of_shortcuts():
    kinds = {option: list(imagenet_cost("resnet34", option).shortcuts.values()) for option in "ABC"}
    for option, kind in (("A", "pad"), ("B", "projection")):
        changed = [number for number, one in enumerate(kinds[option]) if one == kind]
        assert changed == [3, 7, 13], "where a stage begins"
        assert kinds[option].count("identity") == 13
    assert kinds["C"] == ["projection"] * 16
    assert imagenet_cost("plain34").shortcuts == imagenet_cost("vgg19").shortcuts == {}


def test_groups_depthwise_kernels_and_dense_layers_over_positions():
    x = inputs = keras.Input((8, 6, 4))
    x = layers.Conv2D(8, 3, groups=2, padding="same")(x)
    x = layers.DepthwiseConv2D(3, strides=2, padding="same")(x)
    x = layers.Dense(5)(x)
    grouped, depthwise, everywhere = layer_costs(keras.Model(inputs, x))
    assert grouped.multiply_adds == 8 * 6 * (3 * 3 * 2 * 8)
    assert (depthwise.multiply_adds, depthwise.size) == (4 * 3 * (3 * 3 * 8), (4, 3))
    assert everywhere[1:3] == ((), (4, 3))
    assert everywhere.multiply_adds == 4 * 3 * (8 * 5)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (lambda: layers.Conv2DTranspose(2, 3, name="up"), "up is a Conv2DTranspose"),
        (lambda: layers.Conv2DTranspose(2, 3, name="up", trainable=False), "up is a Conv2D"),
        (lambda: keras.Sequential([layers.Dense(2)], name="inner"), "inner is a Sequential"),
    ],
)
def test_what_is_not_counted_is_named(layer, says):
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match=f"{says}.*counted are Conv2D"):
        multiply_adds(keras.Model(inputs, layer()(inputs)))


def test_counting_leaves_the_names_of_other_layers_alone():
    numbers = []
    for _ in range(2):
        name = layers.Dense(1).name
        numbers.append(int(name.rpartition("_")[2]) if "_" in name else 0)
        imagenet_cost.cache_clear()
        imagenet_cost("resnet18")
    assert numbers[1] == numbers[0] + 1
