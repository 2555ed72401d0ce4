"""The diagnostics against finite differences, closed forms, and nets worked out in NumPy."""

from itertools import product

import keras
import numpy as np
import pytest
from both_backends import answers_of

from resnet_lib import diagnostics, resnet_v1, resnet_v2
from resnet_lib.diagnostics import (
    gradient_correlation,
    gradient_norms,
    loss_surface,
    path_gradients,
    signal_statistics,
)

RNG = np.random.default_rng(0)
IMAGES = RNG.standard_normal((6, 8, 8, 3)).astype("float32")
CLASSES = np.array([0, 1, 2, 0, 1, 2])


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def entropy(scores, y):
    return -np.log(softmax(scores)[np.arange(len(y)), y]).mean()


@pytest.fixture
def three_layers():
    """4 inputs, ReLU 5, ReLU 6, softmax 3; and its kernels as NumPy arrays."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((4,))
    x = keras.layers.Dense(5, use_bias=False, name="first")(inputs)
    x = keras.layers.Activation("relu", name="first_relu")(x)
    x = keras.layers.Dense(6, use_bias=False, name="second")(x)
    x = keras.layers.Activation("relu", name="second_relu")(x)
    outputs = keras.layers.Dense(3, use_bias=False, activation="softmax", name="third")(x)
    model = keras.Model(inputs, outputs)
    return model, [np.asarray(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("of", ["weights", "activations"])
def test_three_layers_by_hand(three_layers, of):
    model, (first, second, third) = three_layers
    x, y = RNG.standard_normal((7, 4)).astype("float32"), np.array([0, 1, 2, 2, 1, 0, 0])
    before_1 = x @ first
    hidden_1 = np.maximum(before_1, 0)
    before_2 = hidden_1 @ second
    hidden_2 = np.maximum(before_2, 0)
    delta_3 = (softmax(hidden_2 @ third) - np.eye(3)[y]) / len(y)
    delta_2 = (delta_3 @ third.T) * (before_2 > 0)
    delta_1 = (delta_2 @ second.T) * (before_1 > 0)
    expected = {
        "weights": (x.T @ delta_1, hidden_1.T @ delta_2, hidden_2.T @ delta_3),
        "activations": (delta_1, delta_2, delta_3),
    }[of]
    found = gradient_norms(model, x, y, of=of)
    assert list(found) == ["first", "second", "third"]
    assert list(found.values()) == pytest.approx(list(map(np.linalg.norm, expected)), rel=1e-4)


def test_a_linear_nets_gradient_in_closed_form():
    """Of x -> x a b c, with numbers a, b, c: each gradient is the product of the other two."""
    inputs = keras.Input((1,))
    x = inputs
    for name in "abc":
        x = keras.layers.Dense(1, use_bias=False, name=name)(x)
    outputs = keras.layers.Concatenate()([x, keras.layers.Rescaling(0.0)(x)])  # logits: x, 0
    model = keras.Model(inputs, outputs)
    a, b, c = 0.5, -2.0, 3.0
    model.set_weights([np.full((1, 1), value) for value in (a, b, c)])
    x = 0.7
    slope = 1 / (1 + np.exp(-a * b * c * x)) - 1  # of the loss -log sigmoid, by the logit
    found = gradient_norms(model, np.array([[x]]), np.array([0]))
    expected = {
        name: abs(slope * x * a * b * c / w) for name, w in zip("abc", (a, b, c), strict=True)
    }
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shortcut", ["pad", "projection", "none", "highway"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_gradient_norms_are_finite_differences_of_the_loss(version, shortcut):
    """Along its own gradient the loss changes by the norm, and by that of no other kernel."""
    build, depth = {"v1": (resnet_v1, 8), "v2": (resnet_v2, 11)}[version]
    net = build((8, 8, 3), depth, 3, shortcut=shortcut)
    found = gradient_norms(net, IMAGES, CLASSES, training=False)
    kernels = {layer.name: layer.kernel for layer in net.layers if layer.name in found}
    names = list(found)
    assert (names[0], names[-1]) == ("stem_conv", "classifier")

    def loss(values):
        given = {id(kernel): value for kernel, value in zip(kernels.values(), values, strict=True)}
        scores = diagnostics.logits(net, IMAGES, False, given)
        return diagnostics.cross_entropy(scores, CLASSES)

    start = [kernel.value for kernel in kernels.values()]
    _, gradients = diagnostics.value_and_gradients(loss, start)
    for name in (names[0], names[len(names) // 2], names[-1]):
        place = names.index(name)
        way = np.asarray(gradients[place]) / found[name]
        step, losses = 1e-2 * max(np.abs(np.asarray(start[place])).max(), 1e-3), []
        for sign in (1, -1):
            moved = [np.asarray(value) for value in start]
            moved[place] = moved[place] + sign * step * way
            losses.append(float(loss(moved)))
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(found[name], rel=0.03)


def test_the_model_is_left_as_it_was():
    net = resnet_v1((8, 8, 3), 8, 3, shortcut="pad")
    before = [np.array(weight) for weight in net.get_weights()]
    answers = np.asarray(net(IMAGES))
    gradient_norms(net, IMAGES, CLASSES)
    gradient_norms(net, IMAGES, CLASSES, of="activations")
    signal_statistics(net, IMAGES)
    gradient_correlation(net, IMAGES, lags=2)
    path_gradients(net, IMAGES, CLASSES, samples=2)
    loss_surface(net, IMAGES, CLASSES, steps=3)
    for one, other in zip(before, net.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert np.array_equal(answers, np.asarray(net(IMAGES)))


def test_a_sure_and_wrong_net_has_a_gradient_still(three_layers):
    """At a probability of e**-200 a loss that is computed from probabilities would be infinite."""
    model, weights = three_layers
    x = np.ones((1, 4), "float32")
    model.set_weights([np.abs(weights[0]), np.abs(weights[1]), 0 * weights[2]])
    model.get_layer("third").kernel.assign(np.eye(6, 3, dtype="float32") * [[1e4, 0, 0]])
    assert float(model(x)[0, 1]) == 0
    found = gradient_norms(model, x, np.array([1]))
    assert all(np.isfinite(value) and value > 0 for value in found.values())


def test_the_norm_of_what_float32_cannot_square():
    assert diagnostics.norm(np.array([3e-30, 4e-30], "float32")) == pytest.approx(5e-30)
    assert diagnostics.norm(np.zeros((2, 2))) == 0


# ---------------------------------------------------------------- signals


def test_signals_by_hand(three_layers):
    model, (first, second, _) = three_layers
    x = RNG.standard_normal((50, 4)).astype("float32")
    first[:, 2] = -np.abs(first[:, 2])
    model.get_layer("first").kernel.assign(first)
    x[:, :] = np.abs(x)  # so that unit 2 is dead for every point
    hidden_1 = np.maximum(x @ first, 0)
    hidden_2 = np.maximum(hidden_1 @ second, 0)
    activations, sums = signal_statistics(model, x)
    assert sums == []
    assert [one.name for one in activations] == ["first_relu", "second_relu"]
    for one, hidden in zip(activations, (hidden_1, hidden_2), strict=True):
        assert one.mean == pytest.approx(hidden.mean(), rel=1e-4)
        assert one.variance == pytest.approx(hidden.var(), rel=1e-4)
        assert one.dead == pytest.approx((hidden == 0).all(axis=0).mean())
    assert activations[0].dead >= 0.2


@pytest.mark.parametrize("build", [resnet_v1, resnet_v2])
def test_the_variance_of_skips_grows_and_that_of_branches_does_not(build):
    net = build((16, 16, 3), 56, shortcut="pad")
    images = RNG.standard_normal((16, 16, 16, 3)).astype("float32")
    _, sums = signal_statistics(net, images)
    stage = [one for one in sums if one.name.startswith("stage1")]
    assert stage[-1].skip_variance > 2 * stage[0].skip_variance
    if build is resnet_v1:  # its branches end in batch normalisation of scale 1
        assert [one.branch_variance for one in sums] == pytest.approx([1] * len(sums), abs=0.05)
        terms = keras.Model(net.input, net.get_layer("stage1_block2_add").input)
        skip, branch = (np.asarray(one) for one in terms(images, training=True))
        assert sums[1].skip_variance == pytest.approx(skip.var(), rel=1e-3)
        assert sums[1].branch_variance == pytest.approx(branch.var(), rel=1e-3)


# ---------------------------------------------------------------- neighbouring gradients


def test_a_linear_net_has_one_gradient_everywhere():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Dense(8)(inputs)))
    line = np.linspace(-1, 1, 40)[:, None]
    assert gradient_correlation(model, line, lags=10) == pytest.approx(np.ones(11), abs=1e-5)


def test_the_correlation_is_that_of_the_gradients_by_finite_differences():
    keras.utils.set_random_seed(3)
    inputs = keras.Input((1,))
    hidden = keras.layers.Dense(16, activation="tanh", kernel_initializer="he_normal")(inputs)
    hidden = keras.layers.Dense(16, activation="tanh", kernel_initializer="he_normal")(hidden)
    model = keras.Model(inputs, keras.layers.Dense(2)(hidden))
    line = np.linspace(-3, 3, 50)[:, None].astype("float32")
    step = 1e-2
    ahead, back = (np.asarray(model(line + sign * step))[:, 1] for sign in (1, -1))
    slopes = (ahead - back).astype("float64") / (2 * step)
    found = gradient_correlation(model, line, lags=3, output=1)
    for lag in (1, 2, 3):
        pairs = zip(slopes[lag:], slopes[:-lag], strict=True)
        expected = np.mean([2 * a * b / (a * a + b * b) for a, b in pairs])
        assert found[lag] == pytest.approx(expected, abs=5e-3)


def test_one_huge_gradient_does_not_decide():
    """A steep step between two points, and slopes that agree everywhere else."""
    inputs = keras.Input((1,))
    steep = keras.layers.Dense(1, activation="sigmoid", name="steep")(inputs)
    model = keras.Model(
        inputs, keras.layers.Add()([keras.layers.Dense(1, name="d")(inputs), steep])
    )
    model.get_layer("d").set_weights([np.ones((1, 1)), np.zeros(1)])
    model.get_layer("steep").set_weights([np.full((1, 1), 1e4), np.zeros(1)])
    line = np.linspace(-1, 1, 101)[:, None]
    assert gradient_correlation(model, line, lags=1)[1] > 0.95


def test_neighbours_in_a_deep_plain_net_agree_less():
    line = np.linspace(0, 1, 32)[:, None, None, None] * (IMAGES[1] - IMAGES[0]) + IMAGES[0]
    alike = {}
    for shortcut in ("none", "pad"):
        keras.utils.set_random_seed(0)
        net = resnet_v1((8, 8, 3), 38, 3, shortcut=shortcut)
        alike[shortcut] = gradient_correlation(net, line, lags=1)[1]
    assert alike["none"] + 0.15 < alike["pad"], alike


def test_batch_statistics_make_inference_what_training_computes():
    net = resnet_v1((8, 8, 3), 8, 3, shortcut="pad")
    statistics = diagnostics.batch_statistics(net, IMAGES)
    still = diagnostics.call(net, IMAGES, False, statistics)[0]
    training = diagnostics.call(net, IMAGES, True)[0]
    assert np.allclose(still, training, atol=1e-4)


@pytest.mark.parametrize("lags", [0, 6])
def test_more_lags_than_points_are_refused(lags):
    net = resnet_v1((8, 8, 3), 8, 3)
    with pytest.raises(ValueError, match="lags must be from 1 to points - 1 = 5"):
        gradient_correlation(net, IMAGES, lags=lags)


# ---------------------------------------------------------------- paths


def linear_residual_net(kernels):
    """x + x W, one block after another, with the names of this library; then logits."""
    x = inputs = keras.Input((kernels[0].shape[0],))
    x = keras.layers.Activation("linear", name="stem_relu")(x)
    for number, kernel in enumerate(kernels):
        branch = keras.layers.Dense(kernel.shape[1], use_bias=False, name=f"dense{number}")(x)
        x = keras.layers.Add(name=f"block{number}_add")([x, branch])
    model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False)(x))
    model.set_weights([*kernels, RNG.standard_normal((kernels[0].shape[0], 3))])
    return model


def test_the_paths_of_a_linear_net_one_by_one():
    kernels = [0.7 * RNG.standard_normal((4, 4)) for _ in range(4)]
    model = linear_residual_net(kernels)
    last = model.get_weights()[-1]
    x, y = RNG.standard_normal((5, 4)), np.array([0, 1, 2, 0, 1])
    hidden = x.astype("float64")
    for kernel in kernels:
        hidden = hidden + hidden @ kernel
    delta = (softmax(hidden @ last) - np.eye(3)[y]) / len(y) @ last.T
    sums, norms = np.zeros((5, *delta.shape)), [[] for _ in range(5)]
    for chosen in product((False, True), repeat=4):  # all 16 paths
        path = delta
        for kernel, through in zip(kernels[::-1], chosen[::-1], strict=True):
            path = path @ kernel.T if through else path
        sums[sum(chosen)] += path
        norms[sum(chosen)].append(np.linalg.norm(path))
    found = path_gradients(model, x.astype("float32"), y, samples=400)
    assert found.paths.tolist() == [1, 4, 6, 4, 1]
    assert found.whole == pytest.approx(np.linalg.norm(sums.sum(axis=0)), rel=1e-4)
    assert found.arriving == pytest.approx([np.linalg.norm(one) for one in sums], rel=1e-4)
    assert found.one_path == pytest.approx([np.mean(one) for one in norms], rel=0.1)


@pytest.mark.parametrize(("build", "depth"), [(resnet_v1, 20), (resnet_v2, 11)])
@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_shortest_and_longest_path_are_single_and_all_of_them_make_the_gradient(
    build, depth, shortcut
):
    net = build((8, 8, 3), depth, 3, shortcut=shortcut)
    found = path_gradients(net, IMAGES, CLASSES, samples=3)
    assert found.one_path[[0, -1]] == pytest.approx(found.arriving[[0, -1]], rel=1e-3)
    assert (found.arriving <= found.paths * found.one_path * 3).all()
    statistics = diagnostics.batch_statistics(net, IMAGES)
    stem = keras.Model(net.input, net.get_layer("stem_relu").output)
    rest = keras.Model(net.get_layer("stem_relu").output, net.output)
    hidden, _ = diagnostics.call(stem, IMAGES, False, statistics)

    def loss(arrays):
        scores = diagnostics.logits(rest, arrays[0], False, statistics)
        return diagnostics.cross_entropy(scores, CLASSES)

    _, (whole,) = diagnostics.value_and_gradients(loss, [hidden])
    assert found.whole == pytest.approx(diagnostics.norm(whole), rel=1e-3)


def test_a_plain_net_has_no_paths():
    with pytest.raises(ValueError, match="adds no branch to a skip"):
        path_gradients(resnet_v1((8, 8, 3), 8, 3, shortcut="none"), IMAGES, CLASSES)


# ---------------------------------------------------------------- the surface


@pytest.mark.parametrize("directions", ["filter-normalised", "random"])
def test_the_surface_is_the_loss_of_weights_that_were_moved(three_layers, directions):
    model, kernels = three_layers
    x, y = RNG.standard_normal((7, 4)).astype("float32"), np.array([0, 1, 2, 2, 1, 0, 0])
    found = loss_surface(model, x, y, directions, steps=5, span=0.5, seed=4)
    assert found.at.tolist() == [-0.5, -0.25, 0, 0.25, 0.5]
    random = np.random.default_rng(4)
    plane = [[random.standard_normal(kernel.shape) for kernel in kernels] for _ in range(2)]
    if directions == "filter-normalised":
        for way in plane:
            for one, kernel in zip(way, kernels, strict=True):
                for unit in range(kernel.shape[1]):
                    one[:, unit] *= np.linalg.norm(kernel[:, unit]) / np.linalg.norm(one[:, unit])
    for row, column in [(2, 2), (0, 4), (3, 1)]:
        across, up = found.at[column], found.at[row]
        first, second, third = (
            kernel + across * one + up * other
            for kernel, one, other in zip(kernels, *plane, strict=True)
        )
        hidden = np.maximum(np.maximum(x @ first, 0) @ second, 0)
        assert found.loss[row, column] == pytest.approx(entropy(hidden @ third, y), rel=1e-4)


def test_a_direction_is_as_long_as_each_filter():
    kernel = RNG.standard_normal((3, 3, 4, 5))
    assert diagnostics.lengths(kernel).shape == (1, 1, 1, 5)
    assert diagnostics.lengths(kernel)[0, 0, 0, 2] == pytest.approx(
        np.linalg.norm(kernel[..., 2].ravel())
    )


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"directions": "diagonal"}, "directions must be"), ({"steps": 4}, "odd number from 3")],
)
def test_a_wrong_surface_is_refused(wrong, words):
    with pytest.raises(ValueError, match=words):
        loss_surface(resnet_v1((8, 8, 3), 8, 3), IMAGES, CLASSES, **wrong)


def test_gradients_of_nothing_known_are_refused():
    with pytest.raises(ValueError, match='of must be "weights" or "activations"'):
        gradient_norms(resnet_v1((8, 8, 3), 8, 3), IMAGES, CLASSES, of="biases")


def test_a_softmax_of_its_own_layer_is_refused():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Softmax()(keras.layers.Dense(3)(inputs)))
    with pytest.raises(ValueError, match="ends in a Softmax layer"):
        gradient_norms(model, np.ones((2, 4)), np.array([0, 1]))


@pytest.mark.parametrize(
    "measured",
    [
        lambda model: gradient_norms(model, IMAGES, CLASSES),
        lambda model: signal_statistics(model, IMAGES),
        lambda model: gradient_correlation(model, IMAGES, lags=1),
        lambda model: path_gradients(model, IMAGES, CLASSES),
        lambda model: loss_surface(model, IMAGES, CLASSES, steps=3),
    ],
)
def test_a_net_within_a_model_is_to_be_taken_out(measured):
    """As `trained_model` gives it; its layers would be passed over, and its softmax missed."""
    net = resnet_v1((8, 8, 3), 8, 3, shortcut="pad")
    inputs = keras.Input((8, 8, 3))
    with pytest.raises(ValueError, match=r"holds the model resnet8_v1_pad within it"):
        measured(keras.Model(inputs, net(inputs)))


# ---------------------------------------------------------------- both backends

EVERYTHING = """
from resnet_lib import (
    gradient_correlation, gradient_norms, loss_surface, path_gradients, resnet_v1, signal_statistics
)
random = np.random.default_rng(3)
net = resnet_v1((8, 8, 3), 14, 3, shortcut="pad")
for weight in net.trainable_weights:
    spread = (2 / np.prod(weight.shape[:-1])) ** 0.5 if len(weight.shape) > 1 else 0.1
    weight.assign(random.normal(1 if weight.path.endswith("gamma") else 0, spread, weight.shape))
x, y = random.normal(size=(6, 8, 8, 3)).astype("float32"), np.array([0, 1, 2, 0, 1, 2])
found = [list(gradient_norms(net, x, y, of=of).values()) for of in ("weights", "activations")]
activations, sums = signal_statistics(net, x)
found += [[one[1:] for one in activations], [one[1:] for one in sums]]
found += [gradient_correlation(net, x, lags=3).tolist()]
found += [np.asarray(one).tolist() for one in path_gradients(net, x, y, samples=2)]
found += [loss_surface(net, x, y, steps=3, span=0.1).loss.tolist()]
print(json.dumps(found))
"""


def test_tensorflow_and_jax_give_the_same_figures():
    for ours, theirs in zip(*answers_of(EVERYTHING), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=5e-3, atol=1e-5)
