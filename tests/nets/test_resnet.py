"""The CIFAR nets against published counts, the article's code, and cases computed by hand."""

import math
import re

import keras
import numpy as np
import pytest
from article_nets import article_v1, article_v2

from resnet_lib import SHORTCUTS, PadShortcut, depth_from_n, resnet_layer, resnet_v1, resnet_v2

CIFAR, TINY = (32, 32, 3), (8, 8, 3)


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def layer_names(model):
    return [layer.name for layer in model.layers]


def random_images(shape=TINY, scale=1.0):
    return np.random.default_rng(1).normal(0, scale, (4, *shape)).astype("float32")


def with_random_weights(model):
    """Every weight away from its initial value, batch norm's averages too, so that all count."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        values = random.normal(0, 0.05, weight.shape)
        if weight.path.endswith(("gamma", "moving_variance")):
            values = 1 + np.abs(values)
        weight.assign(values)
    return model


# Depth: all weights, trained weights. `cifar_net.test.mjs` has the same counts.
ARTICLE_V1 = {20: (274_442, 273_066), 32: (470_218, 467_946), 44: (665_994, 662_826)}
ARTICLE_V1 |= {56: (861_770, 857_706), 110: (1_742_762, 1_734_666)}
ARTICLE_V2 = {11: (299_178, 297_418), 20: (574_090, 570_602), 29: (849_002, 843_786)}
ARTICLE_V2 |= {56: (1_673_738, 1_663_338), 110: (3_323_210, 3_302_442)}
PAPER = {20: 269_722, 32: 464_154, 44: 658_586, 56: 853_018, 110: 1_727_962}


def of_every_depth(*nets):
    """Cases `(*net, depth, counts)`; deep nets take seconds to build."""
    return [
        pytest.param(*net, depth, counts, marks=pytest.mark.slow if depth > 32 else [])
        for *net, by_depth in nets
        for depth, counts in by_depth.items()
    ]


@pytest.mark.parametrize(
    ("builder", "depth", "counts"),
    of_every_depth((resnet_v1, ARTICLE_V1), (resnet_v2, ARTICLE_V2)),
)
def test_article_parameter_counts(builder, depth, counts):
    model = builder(CIFAR, depth)
    assert (model.count_params(), trainable(model)) == counts


@pytest.mark.parametrize(
    ("shortcut", "depth", "trained"), of_every_depth(("pad", PAPER), ("none", PAPER))
)
def test_paper_parameter_counts(shortcut, depth, trained):
    assert trainable(resnet_v1(CIFAR, depth, shortcut=shortcut)) == trained


@pytest.mark.parametrize(("ours", "article"), [(resnet_v1, article_v1), (resnet_v2, article_v2)])
def test_same_output_as_the_article(ours, article):
    ours, article = with_random_weights(ours(CIFAR, 20)), article(CIFAR, 20)
    # Graphs of one topology list their layers in one order: weights carry over by place.
    article.set_weights(ours.get_weights())
    images = random_images(CIFAR, 0.3)
    expected = np.asarray(article(images))
    assert expected.std() > 1e-3, "the comparison needs outputs that differ between classes"
    np.testing.assert_allclose(ours(images), expected, atol=1e-5)


@pytest.mark.parametrize(("builder", "depth"), [(resnet_v1, 8), (resnet_v2, 11)])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_any_image_from_8_by_8_and_any_number_of_classes_from_2(builder, depth, shortcut):
    for shape, num_classes in (((8, 8, 1), 2), ((9, 13, 3), 5)):
        model = builder(shape, depth, num_classes, shortcut=shortcut)
        probabilities = model(np.ones((2, *shape), "float32"))
        assert tuple(probabilities.shape) == (2, num_classes)
        np.testing.assert_allclose(np.sum(probabilities, axis=-1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("builder", "depth", "convolutions", "shapes"),
    [
        (resnet_v1, 14, "12", [(32, 32, 16), (16, 16, 32), (8, 8, 64)]),
        (resnet_v2, 20, "123", [(32, 32, 64), (16, 16, 128), (8, 8, 256)]),
    ],
)
def test_layer_names_say_stage_block_and_role(builder, depth, convolutions, shapes):
    model = builder(CIFAR, depth)
    names = layer_names(model)
    adds = [name for name in names if name.endswith("_add")]
    assert adds == [f"stage{s}_block{b}_add" for s in (1, 2, 3) for b in (1, 2)]
    assert {f"stage3_block2_{conv}_conv" for conv in convolutions} <= set(names)
    assert [model.get_layer(name).output.shape[1:] for name in adds[1::2]] == shapes


@pytest.mark.parametrize(("builder", "depth"), [(resnet_v1, 20), (resnet_v2, 29)])
def test_a_plain_net_has_its_depth_in_layers_and_no_way_around_a_block(builder, depth):
    """Depth counts the layers with weights on the longest path."""
    model = builder(CIFAR, depth, shortcut="none")
    weighted = (keras.layers.Conv2D, keras.layers.Dense)
    assert sum(isinstance(layer, weighted) for layer in model.layers) == depth
    around = ("_add", "_shortcut_conv", "_gate")
    assert not [name for name in layer_names(model) if name.endswith(around)]


@pytest.mark.parametrize("order", ["channels_last", "channels_first"])
def test_pad_shortcut_subsamples_and_adds_zero_channels(order):
    """Also where Keras is set to another order of the axes: the nets here have one."""
    x = np.arange(2 * 5 * 4 * 3, dtype="float32").reshape(2, 5, 4, 3)
    before = keras.config.image_data_format()
    keras.config.set_image_data_format(order)
    try:
        y = np.asarray(PadShortcut(num_filters=7, strides=2)(x))
    finally:
        keras.config.set_image_data_format(before)
    assert y.shape == (2, 3, 2, 7)
    np.testing.assert_array_equal(y[..., :3], x[:, ::2, ::2])
    assert not y[..., 3:].any()


def test_highway_gates_mix_block_and_input_and_carry_at_first():
    model = resnet_v1(TINY, 8, shortcut="highway")
    for stage in (1, 2, 3):
        kernel, bias = model.get_layer(f"stage{stage}_block1_gate").get_weights()
        assert (bias < 0).all()
        assert kernel.any()
    with_random_weights(model)
    names = ["stem_relu", "stage1_block1_2_bn", "stage1_block1_gate", "stage1_block1_add"]
    probe = keras.Model(model.input, [model.get_layer(name).output for name in names])
    x, branch, gate, mixed = (np.asarray(output) for output in probe(random_images()))
    assert 0 < gate.min() < gate.max() < 1
    np.testing.assert_allclose(mixed, gate * branch + (1 - gate) * x, atol=1e-5)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_saved_net_loads_with_the_same_output(tmp_path, shortcut):
    """And convolutions of the paper have no bias, those of the article do."""
    model = with_random_weights(resnet_v1(TINY, 8, shortcut=shortcut))
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(random_images()), model(random_images()))
    has_bias = loaded.get_layer("stage1_block1_1_conv").use_bias
    assert has_bias == (shortcut in ("projection", "highway"))


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, ["a_conv", "a_bn", "a_relu"]),
        ({"conv_first": False}, ["a_bn", "a_relu", "a_conv"]),
        ({"activation": None}, ["a_conv", "a_bn"]),
        ({"batch_normalization": False, "activation": "tanh"}, ["a_conv", "a_tanh"]),
        ({"batch_normalization": False, "activation": None}, ["a_conv"]),
    ],
)
def test_resnet_layer_orders_and_leaves_out_its_steps(options, steps):
    inputs = keras.Input(CIFAR)
    outputs = resnet_layer(inputs, name="a", **options)
    assert layer_names(keras.Model(inputs, outputs))[1:] == steps


def test_depth_from_n():
    assert [depth_from_n("v1", n) for n in (3, 9, 18, 200)] == [20, 56, 110, 1202]
    assert [depth_from_n("v2", n) for n in (1, 6, 12, 111)] == [11, 56, 110, 1001]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: resnet_v1(CIFAR, 21), ["6n+2", "21", "20 (n=3)", "26 (n=4)"]),
        (lambda: resnet_v2(CIFAR, 57), ["9n+2", "57", "56 (n=6)", "65 (n=7)"]),
        (lambda: resnet_v1(CIFAR, 2), ["6n+2", "2", "8 (n=1)", "14 (n=2)"]),
        (lambda: resnet_v1(CIFAR, -4), ["8 (n=1)"]),
        (lambda: resnet_v1(CIFAR, 20.0), ["20.0", "20 (n=3)"]),
        (lambda: resnet_v1(CIFAR, float("nan")), ["nan", "20 (n=3)"]),
        (lambda: resnet_v1(CIFAR, "20"), ["'20'", "20 (n=3)"]),
        (lambda: resnet_v1(CIFAR, 20, shortcut="B"), ["'B'", *SHORTCUTS]),
        (lambda: resnet_v1(CIFAR, 20, 1), ["num_classes", "from 2", "1"]),
        (lambda: resnet_v1((7, 32, 3), 20), ["at least 8", "(7, 32, 3)"]),
        (lambda: resnet_v1((32, 32), 20), ["(height, width, channels)", "(32, 32)"]),
        (lambda: resnet_v1(32, 20), ["(height, width, channels)", "32"]),
        (lambda: depth_from_n("v3", 3), ['"v1" or "v2"', "'v3'"]),
        (lambda: depth_from_n("v1", 0), ["from 1", "0"]),
        (lambda: depth_from_n("v1", 2.5), ["whole number", "2.5"]),
    ],
)
def test_errors_say_what_came_and_what_works(call, says):
    in_any_order = "".join(f"(?=.*{re.escape(words)})" for words in says)
    with pytest.raises(ValueError, match=f"(?s){in_any_order}"):
        call()
