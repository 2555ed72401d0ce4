"""Compare the diagnostics with finite differences, closed forms and nets computed in NumPy."""

from itertools import product

import keras
import numpy as np
import pytest

from resnet_lib import resnet_v1, resnet_v2
from resnet_lib.inside import diagnostics
from resnet_lib.inside.diagnostics import (
    gradient_correlation,
    gradient_norms,
    loss_surface,
    path_gradients,
    signal_statistics,
)


def normals(*shape):
    """Draw numbers that do not depend on earlier tests."""
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


SHAPE = (8, 8, 3)
IMAGES, CLASSES = normals(6, *SHAPE), np.array([0, 1, 2, 0, 1, 2])
POINTS, LABELS = normals(7, 4), np.array([0, 1, 2, 2, 1, 0, 0])


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def relu(x):
    return np.maximum(x, 0)


@pytest.fixture(autouse=True)
def seed():
    keras.utils.set_random_seed(1)


@pytest.fixture(scope="module")
def small():
    """Build a small residual net, which no test changes."""
    keras.utils.set_random_seed(0)
    return resnet_v1(SHAPE, 8, 3, shortcut="pad")


def build_three_layers(last="softmax"):
    """Build 4 inputs, ReLU 5, ReLU 6, softmax 3; return the model and its kernels."""
    x = inputs = keras.Input((4,))
    for name, units in (("first", 5), ("second", 6)):
        x = keras.layers.Dense(units, use_bias=False, name=name)(x)
        x = keras.layers.Activation("relu", name=f"{name}_relu")(x)
    outputs = keras.layers.Dense(3, use_bias=False, activation=last, name="third")(x)
    model = keras.Model(inputs, outputs)
    return model, [np.asarray(weight) for weight in model.get_weights()]


@pytest.mark.parametrize("last", ["softmax", None])
def test_gradients_of_three_layers_by_hand(last):
    """Test a net that ends in probabilities, and one that ends in logits."""
    model, (first, second, third) = build_three_layers(last)
    hidden_1 = relu(POINTS @ first)
    hidden_2 = relu(hidden_1 @ second)
    delta_3 = (softmax(hidden_2 @ third) - np.eye(3)[LABELS]) / len(LABELS)
    delta_2 = (delta_3 @ third.T) * (hidden_2 > 0)
    delta_1 = (delta_2 @ second.T) * (hidden_1 > 0)
    for of, expected in {
        "weights": (POINTS.T @ delta_1, hidden_1.T @ delta_2, hidden_2.T @ delta_3),
        "activations": (delta_1, delta_2, delta_3),
    }.items():
        found = gradient_norms(model, POINTS, LABELS, of=of)
        assert list(found) == ["first", "second", "third"]
        norms = [np.linalg.norm(one) for one in expected]
        assert list(found.values()) == pytest.approx(norms, rel=1e-4)


@pytest.mark.parametrize("shortcut", ["pad", "projection", "none", "highway"])
@pytest.mark.parametrize(("build", "depth"), [(resnet_v1, 8), (resnet_v2, 11)])
def test_gradient_norms_equal_finite_differences_of_the_loss(build, depth, shortcut):
    """A step along the gradient of one kernel changes the loss by the gradient's norm."""
    net = build(SHAPE, depth, 3, shortcut=shortcut)
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
    for index in (0, len(names) // 2, len(names) - 1):
        norm = found[names[index]]
        direction = np.asarray(gradients[index]) / norm
        step, losses = 1e-2 * max(np.abs(np.asarray(start[index])).max(), 1e-3), []
        for sign in (1, -1):
            moved = [np.asarray(value) for value in start]
            moved[index] = moved[index] + sign * step * direction
            losses.append(float(loss(moved)))
        assert (losses[0] - losses[1]) / (2 * step) == pytest.approx(norm, rel=0.03)


def test_no_measurement_changes_the_net(small):
    before, answers = small.get_weights(), np.asarray(small(IMAGES))
    gradient_norms(small, IMAGES, CLASSES)
    gradient_norms(small, IMAGES, CLASSES, of="activations")
    signal_statistics(small, IMAGES)
    gradient_correlation(small, IMAGES, lags=2)
    path_gradients(small, IMAGES, CLASSES, samples=2)
    loss_surface(small, IMAGES, CLASSES, steps=3)
    for old, new in zip(before, small.get_weights(), strict=True):
        assert np.array_equal(old, new)
    assert np.array_equal(answers, np.asarray(small(IMAGES)))


def test_a_confident_mistake_has_a_finite_gradient():
    """With a probability of e**-200 a loss computed from probabilities would be infinite."""
    model, weights = build_three_layers()
    x = np.ones((1, 4), "float32")
    steep = np.eye(6, 3) * [[1e4, 0, 0]]
    model.set_weights([np.abs(weights[0]), np.abs(weights[1]), steep])
    assert float(model(x)[0, 1]) == 0
    found = gradient_norms(model, x, np.array([1]))
    assert all(np.isfinite(value) and value > 0 for value in found.values())


def test_norms_are_right_where_float32_squares_underflow():
    assert diagnostics.norm(np.array([3e-30, 4e-30], "float32")) == pytest.approx(5e-30)
    assert diagnostics.norm(np.zeros((2, 2))) == 0


def test_signals_by_hand():
    model, (first, second, _) = build_three_layers()
    x = np.abs(normals(50, 4))
    first[:, 2] = -np.abs(first[:, 2])  # so that unit 2 is dead for every point
    model.get_layer("first").kernel.assign(first)
    hidden_1 = relu(x @ first)
    activations, sums = signal_statistics(model, x)
    assert sums == []
    assert [one.name for one in activations] == ["first_relu", "second_relu"]
    for one, hidden in zip(activations, (hidden_1, relu(hidden_1 @ second)), strict=True):
        assert (one.mean, one.variance) == pytest.approx((hidden.mean(), hidden.var()), rel=1e-4)
        assert one.dead == pytest.approx((hidden == 0).all(axis=0).mean())
    assert activations[0].dead >= 0.2


@pytest.mark.parametrize(("build", "depth"), [(resnet_v1, 26), (resnet_v2, 38)])
def test_skip_variance_grows_with_depth_and_branch_variance_does_not(build, depth):
    net = build((16, 16, 3), depth, shortcut="pad")
    images = normals(16, 16, 16, 3)
    _, sums = signal_statistics(net, images)
    stage = [one for one in sums if one.name.startswith("stage1")]
    assert stage[-1].skip_variance > 2 * stage[0].skip_variance
    if build is resnet_v1:  # its branches end in batch normalisation of scale 1
        assert [one.branch_variance for one in sums] == pytest.approx([1] * len(sums), abs=0.05)
        terms = keras.Model(net.input, net.get_layer("stage1_block2_add").input)
        found = (sums[1].skip_variance, sums[1].branch_variance)
        expected = [np.asarray(one).var() for one in terms(images, training=True)]
        assert found == pytest.approx(expected, rel=1e-3)


def test_a_linear_net_has_correlation_1():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Dense(8)(inputs)))
    line = np.linspace(-1, 1, 40)[:, None]
    assert gradient_correlation(model, line, lags=10) == pytest.approx(np.ones(11), abs=1e-5)


def test_gradient_correlation_by_finite_differences():
    x = inputs = keras.Input((1,))
    for _ in range(2):
        x = keras.layers.Dense(16, activation="tanh", kernel_initializer="he_normal")(x)
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    line = np.linspace(-3, 3, 50)[:, None].astype("float32")
    step = 1e-2
    ahead, back = (np.asarray(model(line + sign * step))[:, 1] for sign in (1, -1))
    slopes = (ahead - back).astype("float64") / (2 * step)
    found = gradient_correlation(model, line, lags=3, output=1)
    for lag in (1, 2, 3):
        a, b = slopes[lag:], slopes[:-lag]
        assert found[lag] == pytest.approx(np.mean(2 * a * b / (a * a + b * b)), abs=5e-3)


def test_one_huge_gradient_does_not_dominate_the_correlation():
    """Use a steep step between two points, and equal slopes everywhere else."""
    inputs = keras.Input((1,))
    terms = keras.layers.Dense(1), keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(inputs, keras.layers.Add()([term(inputs) for term in terms]))
    for term, slope in zip(terms, (1, 1e4), strict=True):
        term.set_weights([np.full((1, 1), slope), np.zeros(1)])
    line = np.linspace(-1, 1, 101)[:, None]
    assert gradient_correlation(model, line, lags=1)[1] > 0.95


def test_gradients_of_a_deep_plain_net_are_less_correlated():
    line = np.linspace(0, 1, 32)[:, None, None, None] * (IMAGES[1] - IMAGES[0]) + IMAGES[0]
    correlation = {}
    for shortcut in ("none", "pad"):
        keras.utils.set_random_seed(0)
        net = resnet_v1(SHAPE, 38, 3, shortcut=shortcut)
        correlation[shortcut] = gradient_correlation(net, line, lags=1)[1]
    assert correlation["none"] + 0.15 < correlation["pad"], correlation


def test_batch_statistics_make_inference_equal_training(small):
    statistics = diagnostics.batch_statistics(small, IMAGES)
    inference = diagnostics.call(small, IMAGES, False, statistics)[0]
    assert np.allclose(inference, diagnostics.call(small, IMAGES, True)[0], atol=1e-4)


def build_linear_residual_net(kernels):
    """Build blocks x + x W, with layer names of this library, then logits."""
    width = len(kernels[0])
    inputs = keras.Input((width,))
    x = keras.layers.Activation("linear", name="stem_relu")(inputs)
    for number in range(len(kernels)):
        branch = keras.layers.Dense(width, use_bias=False)(x)
        x = keras.layers.Add(name=f"block{number}_add")([x, branch])
    model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False)(x))
    model.set_weights([*kernels, normals(width, 3)])
    return model


def test_path_gradients_of_a_linear_net_by_hand():
    kernels = 0.7 * normals(4, 4, 4)
    model = build_linear_residual_net(kernels)
    last, hidden = model.get_weights()[-1], POINTS.astype("float64")
    for kernel in kernels:
        hidden = hidden + hidden @ kernel
    delta = (softmax(hidden @ last) - np.eye(3)[LABELS]) / len(LABELS) @ last.T
    sums, norms = np.zeros((5, *delta.shape)), [[] for _ in range(5)]
    for chosen in product((False, True), repeat=4):  # all 16 paths
        path = delta
        for kernel, through in zip(kernels[::-1], chosen[::-1], strict=True):
            path = path @ kernel.T if through else path
        sums[sum(chosen)] += path
        norms[sum(chosen)].append(np.linalg.norm(path))
    found = path_gradients(model, POINTS, LABELS, samples=400)
    assert found.paths.tolist() == [1, 4, 6, 4, 1]
    assert found.whole == pytest.approx(np.linalg.norm(sums.sum(axis=0)), rel=1e-4)
    assert found.arriving == pytest.approx([np.linalg.norm(one) for one in sums], rel=1e-4)
    assert found.one_path == pytest.approx([np.mean(one) for one in norms], rel=0.1)


@pytest.mark.parametrize(("build", "depth"), [(resnet_v1, 14), (resnet_v2, 11)])
@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_all_paths_sum_to_the_gradient_and_extreme_lengths_have_one_path(build, depth, shortcut):
    net = build(SHAPE, depth, 3, shortcut=shortcut)
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


@pytest.mark.parametrize("directions", ["filter-normalised", "random"])
def test_the_surface_equals_the_loss_of_moved_weights(directions):
    model, kernels = build_three_layers()
    found = loss_surface(model, POINTS, LABELS, directions, steps=5, span=0.5, seed=4)
    assert found.at.tolist() == [-0.5, -0.25, 0, 0.25, 0.5]
    random = np.random.default_rng(4)
    plane = [[random.standard_normal(kernel.shape) for kernel in kernels] for _ in range(2)]
    if directions == "filter-normalised":
        for direction in plane:
            for draw, kernel in zip(direction, kernels, strict=True):
                draw *= np.linalg.norm(kernel, axis=0) / np.linalg.norm(draw, axis=0)
    for row, column in [(2, 2), (0, 4), (3, 1)]:
        across, up = found.at[column], found.at[row]
        first, second, third = (
            kernel + across * one + up * other
            for kernel, one, other in zip(kernels, *plane, strict=True)
        )
        probabilities = softmax(relu(relu(POINTS @ first) @ second) @ third)
        loss = -np.log(probabilities[np.arange(7), LABELS]).mean()
        assert found.loss[row, column] == pytest.approx(loss, rel=1e-4)


def test_filter_norms():
    kernel = normals(3, 3, 4, 5)
    found = diagnostics.filter_norms(kernel)
    assert found.shape == (1, 1, 1, 5)
    assert found[0, 0, 0, 2] == pytest.approx(np.linalg.norm(kernel[..., 2].ravel()))


def nest(net):
    """Wrap a net as `trained_model` does: the layers inside would not be measured."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, net(inputs))


def add_softmax_layer(net):
    return keras.Model(net.input, keras.layers.Softmax()(net.output))


def build_plain(net):
    return resnet_v1(SHAPE, 8, 3, shortcut="none")


@pytest.mark.parametrize(
    ("change", "measure", "options", "message"),
    [
        (None, gradient_correlation, {"lags": 0}, "lags must be from 1 to points - 1 = 5"),
        (None, gradient_correlation, {"lags": 6}, "lags must be from 1 to points - 1 = 5"),
        (None, loss_surface, {"directions": "diagonal"}, "directions must be"),
        (None, loss_surface, {"steps": 4}, "odd number from 3"),
        (None, gradient_norms, {"of": "biases"}, 'of must be "weights" or "activations"'),
        (build_plain, path_gradients, {}, "adds no branch to a skip"),
        (add_softmax_layer, gradient_norms, {}, "ends in a Softmax layer"),
        (nest, gradient_norms, {}, "holds the model resnet8_v1_pad within it"),
        (nest, signal_statistics, {}, "holds the model resnet8_v1_pad within it"),
        (nest, gradient_correlation, {"lags": 1}, "holds the model resnet8_v1_pad within it"),
        (nest, path_gradients, {}, "holds the model resnet8_v1_pad within it"),
        (nest, loss_surface, {"steps": 3}, "holds the model resnet8_v1_pad within it"),
    ],
)
def test_errors(small, change, measure, options, message):
    classes = [] if measure in (gradient_correlation, signal_statistics) else [CLASSES]
    with pytest.raises(ValueError, match=message):
        measure(change(small) if change else small, IMAGES, *classes, **options)
