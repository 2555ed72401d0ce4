"""The CIFAR nets against published counts, the article's code, and hand-worked cases."""

import math

import keras
import numpy as np
import pytest
from article_nets import article_v1, article_v2
from both_backends import answers_of

from resnet_lib import SHORTCUTS, PadShortcut, depth_from_n, resnet_layer, resnet_v1, resnet_v2

CIFAR = (32, 32, 3)


def trainable(model):
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def layer_names(model):
    return [layer.name for layer in model.layers]


def with_random_weights(model, seed=0):
    """Every weight away from its initial value, batch norm's averages too, so that all count."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        values = random.normal(0, 0.05, weight.shape)
        if weight.path.endswith(("gamma", "moving_variance")):
            values = 1 + np.abs(values)
        weight.assign(values)
    return model


@pytest.mark.parametrize(
    ("builder", "depth", "total", "trained"),
    [
        (resnet_v1, 20, 274_442, 273_066),
        (resnet_v1, 32, 470_218, 467_946),
        (resnet_v1, 44, 665_994, 662_826),
        (resnet_v1, 56, 861_770, 857_706),
        (resnet_v1, 110, 1_742_762, 1_734_666),
        (resnet_v2, 11, 299_178, 297_418),
        (resnet_v2, 20, 574_090, 570_602),
        (resnet_v2, 29, 849_002, 843_786),
        (resnet_v2, 56, 1_673_738, 1_663_338),
        (resnet_v2, 110, 3_323_210, 3_302_442),
    ],
)
def test_article_parameter_counts(builder, depth, total, trained):
    model = builder(CIFAR, depth)
    assert (model.count_params(), trainable(model)) == (total, trained)


@pytest.mark.parametrize("shortcut", ["pad", "none"])
@pytest.mark.parametrize(
    ("depth", "trained"),
    [(20, 269_722), (32, 464_154), (44, 658_586), (56, 853_018), (110, 1_727_962)],
)
def test_paper_parameter_counts(shortcut, depth, trained):
    assert trainable(resnet_v1(CIFAR, depth, shortcut=shortcut)) == trained


@pytest.mark.parametrize(
    ("ours", "article", "depth"), [(resnet_v1, article_v1, 20), (resnet_v2, article_v2, 20)]
)
def test_same_output_as_the_article(ours, article, depth):
    ours = with_random_weights(ours(CIFAR, depth))
    article = article(CIFAR, depth)
    # Graphs of one topology list their layers in one order: weights carry over by place.
    article.set_weights(ours.get_weights())
    images = np.random.default_rng(1).normal(0, 0.3, (4, *CIFAR)).astype("float32")
    expected = article.predict(images, verbose=0)
    assert expected.std() > 1e-3, "the comparison needs outputs that differ between classes"
    np.testing.assert_allclose(ours.predict(images, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize(("builder", "depth"), [(resnet_v1, 8), (resnet_v2, 11)])
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_any_image_from_8_by_8_and_any_number_of_classes_from_2(builder, depth, shortcut):
    for shape, num_classes in (((8, 8, 1), 2), ((9, 13, 3), 5)):
        model = builder(shape, depth, num_classes, shortcut=shortcut)
        probabilities = model(np.ones((2, *shape), "float32"))
        assert tuple(probabilities.shape) == (2, num_classes)
        np.testing.assert_allclose(np.sum(probabilities, axis=-1), 1, rtol=1e-5)


def test_layer_names_say_stage_block_and_role():
    v1, v2 = resnet_v1(CIFAR, 14), resnet_v2(CIFAR, 20)
    for model, per_block in ((v1, 2), (v2, 3)):
        adds = [name for name in layer_names(model) if name.endswith("_add")]
        assert adds == [f"stage{s}_block{b}_add" for s in (1, 2, 3) for b in (1, 2)]
        for conv in range(1, per_block + 1):
            assert f"stage3_block2_{conv}_conv" in layer_names(model)
    shapes = [v1.get_layer(f"stage{stage}_block2_add").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(32, 32, 16), (16, 16, 32), (8, 8, 64)]
    shapes = [v2.get_layer(f"stage{stage}_block2_add").output.shape[1:] for stage in (1, 2, 3)]
    assert shapes == [(32, 32, 64), (16, 16, 128), (8, 8, 256)]


def test_depth_counts_the_layers_with_weights_on_the_longest_path():
    for builder, depth in ((resnet_v1, 20), (resnet_v2, 29)):
        model = builder(CIFAR, depth, shortcut="none")
        weighted = (keras.layers.Conv2D, keras.layers.Dense)
        assert sum(isinstance(layer, weighted) for layer in model.layers) == depth


def test_plain_net_has_no_way_around_a_block():
    names = layer_names(resnet_v1(CIFAR, 20, shortcut="none"))
    assert not [name for name in names if name.endswith(("_add", "_shortcut_conv", "_gate"))]


def test_paper_convolutions_have_no_bias_and_article_ones_do():
    for shortcut in SHORTCUTS:
        convolution = resnet_v1(CIFAR, 8, shortcut=shortcut).get_layer("stage1_block1_1_conv")
        assert convolution.use_bias == (shortcut in ("projection", "highway"))


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


def test_highway_gate_mixes_block_and_input():
    model = with_random_weights(resnet_v1((8, 8, 3), 8, shortcut="highway"))
    names = ["stem_relu", "stage1_block1_2_bn", "stage1_block1_gate", "stage1_block1_add"]
    probe = keras.Model(model.input, [model.get_layer(name).output for name in names])
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    x, branch, gate, mixed = (np.asarray(output) for output in probe(images))
    assert 0 < gate.min() < gate.max() < 1
    np.testing.assert_allclose(mixed, gate * branch + (1 - gate) * x, atol=1e-5)


def test_new_highway_gates_carry():
    model = resnet_v1((8, 8, 3), 8, shortcut="highway")
    for stage in (1, 2, 3):
        kernel, bias = model.get_layer(f"stage{stage}_block1_gate").get_weights()
        assert (bias < 0).all()
        assert kernel.any()


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_saved_net_loads_with_the_same_output(tmp_path, shortcut):
    model = with_random_weights(resnet_v1((8, 8, 3), 8, shortcut=shortcut))
    images = np.random.default_rng(0).normal(size=(2, 8, 8, 3)).astype("float32")
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


def test_resnet_layer_orders_and_leaves_out_its_steps():
    inputs = keras.Input(CIFAR)

    def steps(**options):
        outputs = resnet_layer(inputs, name="a", **options)
        return layer_names(keras.Model(inputs, outputs))[1:]

    assert steps() == ["a_conv", "a_bn", "a_relu"]
    assert steps(conv_first=False) == ["a_bn", "a_relu", "a_conv"]
    assert steps(activation=None) == ["a_conv", "a_bn"]
    assert steps(batch_normalization=False, activation="tanh") == ["a_conv", "a_tanh"]
    assert steps(batch_normalization=False, activation=None) == ["a_conv"]


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
    with pytest.raises(ValueError) as error:  # noqa: PT011  the words are checked below
        call()
    for words in says:
        assert words in str(error.value)


LOGITS = """
from resnet_lib import resnet_v1, resnet_v2
nets = [
    resnet_v1((32, 32, 3), 20, shortcut="pad"),
    resnet_v1((32, 32, 3), 20, shortcut="highway"),
    resnet_v2((32, 32, 3), 20),
]
images = np.random.default_rng(7).normal(0, 0.3, (4, 32, 32, 3)).astype("float32")
random = np.random.default_rng(3)
outputs = []
for net in nets:
    for weight in net.weights:
        spread = (2 / np.prod(weight.shape[:-1])) ** 0.5 if len(weight.shape) > 1 else 0.1
        values = random.normal(0, spread, weight.shape)
        if weight.path.endswith(("gamma", "moving_variance")):
            values = 1 + np.abs(values)
        weight.assign(values)
    net.get_layer("classifier").activation = keras.activations.linear
    outputs.append(np.asarray(net(images), "float64").tolist())
print(json.dumps(outputs))
"""


def test_tensorflow_and_jax_give_the_same_logits():
    for ours, theirs in zip(*answers_of(LOGITS), strict=True):
        assert np.std(ours) > 0.1, "logits near a constant would prove nothing"
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
