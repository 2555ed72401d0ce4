"""Compare the NumPy net of the gradient lab with finite differences, closed forms and Keras."""

from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest

from resnet_lib.inside import dense
from resnet_lib.inside.dense import DenseSpec, preset
from resnet_lib.widgets.gradient_lab import descriptions

SPECS = [
    DenseSpec(5, activation, "glorot", normalization, skip)
    for activation, normalization, skip in product(
        dense.ACTIVATIONS, dense.NORMALIZATIONS, dense.SKIPS
    )
]
every_spec = pytest.mark.parametrize(
    "spec", SPECS, ids=lambda spec: f"{spec.activation}-{spec.normalization}-{spec.skip}"
)
X, Y = dense.two_moons()


@every_spec
def test_every_gradient_equals_a_finite_difference(spec):
    layers = dense.initial_weights(spec)
    for number, layer in enumerate(layers):  # a bias of 0 or a scale of 1 would hide errors
        layer["b"] = 0.1 * dense.normals(7, number, layer["b"].size)
        layer["gamma"] = 1 + 0.1 * dense.normals(8, number, layer["gamma"].size)
    _, gradients, _ = dense.loss_and_gradients(spec, layers, X, Y)
    step = 1e-6
    for layer, gradient in zip(layers, gradients, strict=True):
        for (name, values), at in product(gradient.items(), (0, -1)):
            kept, losses = layer[name].flat[at], []
            for moved in (kept + step, kept - step, kept):
                layer[name].flat[at] = moved
                losses.append(dense.loss_and_gradients(spec, layers, X, Y)[0])
            difference = (losses[0] - losses[1]) / (2 * step)
            assert values.flat[at] == pytest.approx(difference, rel=1e-5, abs=1e-9)


def build_keras_net(spec, weights):
    """Build the same net from Keras's layers."""
    h = inputs = keras.Input((2,), dtype="float64")
    dense_layers = []
    for number, layer in enumerate(weights[:-1]):
        dense_layers.append(keras.layers.Dense(layer["b"].size, use_bias=False, dtype="float64"))
        z = dense_layers[-1](h)
        if spec.normalization == "batch":
            z = keras.layers.BatchNormalization(epsilon=dense.EPSILON, dtype="float64")(z)
        branch = keras.layers.Activation(spec.activation, dtype="float64")(z)
        h = h + spec.scale * branch if number and spec.skip != "none" else branch
    dense_layers.append(keras.layers.Dense(1, dtype="float64"))
    model = keras.Model(inputs, dense_layers[-1](h))
    for dense_layer, layer in zip(dense_layers, weights, strict=True):
        dense_layer.set_weights([layer["W"], layer["b"]][: len(dense_layer.weights)])
    return model


@every_spec
def test_the_loss_equals_the_loss_of_the_keras_net(spec):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has float64 only if it is enabled before JAX starts")
    layers = dense.initial_weights(spec)
    logits = np.asarray(build_keras_net(spec, layers)(X, training=True))[:, 0]
    expected = np.mean(np.logaddexp(0, logits) - Y * logits)
    assert dense.loss_and_gradients(spec, layers, X, Y)[0] == pytest.approx(expected, rel=1e-9)


def test_sigmoids_bound_the_gradient_norm():
    """Each layer multiplies by its kernel and a slope of at most 1/4, so the norm is bounded."""
    spec = DenseSpec(12, "sigmoid", "small")
    layers = dense.initial_weights(spec)
    _, gradients, trace = dense.loss_and_gradients(spec, layers, X, Y)
    logits, _ = dense.forward(spec, layers, X)
    bound = np.linalg.norm((1 / (1 + np.exp(-logits)) - Y) / len(Y))
    for layer in layers[1:]:
        bound *= np.linalg.norm(layer["W"], 2) / 4
    bound *= np.linalg.norm(trace[0]["input"], 2)
    assert 0 < np.linalg.norm(gradients[0]["W"]) <= bound


def test_draws_are_standard_normal_and_streams_are_separate():
    draws = dense.normals(0, 1, 100_000)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1) < 0.01
    assert abs((draws[1:] * draws[:-1]).mean()) < 0.01
    for other in ((0, 2), (1, 1)):
        assert not np.intersect1d(dense.normals(0, 1, 1024), dense.normals(*other, 1024)).size


def test_the_generator_is_mulberry32():
    """Compute the first two numbers for seed 0 with Python's integers."""

    def uniform(state):
        bits = ((state ^ state >> 15) * (state | 1)) % 2**32
        bits ^= (bits + (bits ^ bits >> 7) * (bits | 61)) % 2**32
        return ((bits ^ bits >> 14) + 0.5) / 2**32

    first, second = (uniform(number * 0x6D2B79F5 % 2**32) for number in (1, 2))
    expected = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    assert dense.normals(0, 0, 1)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("initialization", dense.INITIALIZATIONS)
def test_the_first_layers_do_not_depend_on_the_depth(initialization):
    short = dense.initial_weights(DenseSpec(6, initialization=initialization))
    long = dense.initial_weights(DenseSpec(60, initialization=initialization))
    for one, other in zip(short, [*long[:5], long[-1]], strict=True):
        assert np.array_equal(one["W"], other["W"])


def test_each_preset_has_the_gradient_ratio_of_the_chapter():
    """Check the first layer's gradient norm divided by the last layer's."""
    for name, low, high in (
        ("1991", 0, 1e-40),
        ("Glorot", 0.1, 100),
        ("He", 0.01, 10),
        ("batch norm", 1e3, np.inf),
        ("residual", 0.1, 10),
    ):
        norms, _ = dense.untrained_signals(preset(name, 56))
        assert low < norms[0] / norms[-1] < high, name


@pytest.mark.slow
def test_training_fails_and_succeeds_as_the_lab_says():
    # Two processors give different losses of the deep plain net: rounding grows as gradients do.
    plain, residual = (
        [dense.training_losses(replace(preset(name, 56), seed=seed))[-1] for seed in range(5)]
        for name in ("batch norm", "residual")
    )
    assert max(residual) < 0.001 < 0.05 < np.median(plain)
    stalled = dense.training_losses(preset("1991", 20))
    assert abs(stalled - np.log(2)).max() < 1e-3
    diverged = dense.training_losses(DenseSpec(56, "relu", "he", "none", "identity"))
    assert np.isnan(diverged[-1])
    assert np.isfinite(diverged[0])


def test_slopes_on_a_line_equal_finite_differences():
    """Use no batch normalisation, because slopes treat its means as constants."""
    spec = DenseSpec(6, "tanh", "he", "none", "scaled")
    layers = dense.initial_weights(spec, inputs=1)
    for place, layer in enumerate(layers[:-1], dense.BIAS_STREAM + 1):
        n, m = layer["W"].shape
        layer["b"] = dense.INITIALIZATIONS["he"](n, m) * dense.normals(0, place, m)
    x = np.linspace(-2, 2, dense.LINE_POINTS)[:, None]
    after, before = (dense.forward(spec, layers, x + step)[0] for step in (1e-6, -1e-6))
    expected = pytest.approx((after - before) / 2e-6, rel=1e-5, abs=1e-8)
    assert dense.slopes_on_line(spec) == expected


def test_the_points_of_the_task_do_not_depend_on_the_seed():
    """A net with seed 5 is trained on the same points."""
    single = DenseSpec(1, seed=5)
    loss, _, _ = dense.loss_and_gradients(single, dense.initial_weights(single), X, Y)
    assert dense.training_losses(single, 0)[0] == loss


def test_neighbour_correlation_is_1_for_equal_slopes_and_0_for_noise():
    noise, huge, huge_and_tiny = (dense.normals(0, 5, 10_000) for _ in range(3))
    huge[:10] = 1e9  # all pairs of neighbours have equal weight
    huge_and_tiny[:10] = 1e9
    huge_and_tiny[5] = 1e-300
    for slopes, expected, tolerance in (
        (np.full(50, 3.0), 1, 1e-6),
        (np.tile([1.0, -1.0], 50), -1, 1e-6),
        (np.zeros(5), 1, 0),  # two zeros are equal
        (np.full(5, 1e-200), 1, 1e-6),
        (np.array([1.0, 2, 0, 0, -3]), (0.8 + 0 + 1 + 0) / 4, 1e-6),
        (np.array([1, np.nan, 1]), np.nan, 0),
        (np.array([1, np.inf, 1]), np.nan, 0),
        *((slopes, 0, 0.03) for slopes in (noise, huge, huge_and_tiny)),
    ):
        found = dense.neighbour_correlation(slopes)
        assert found == pytest.approx(expected, abs=tolerance, nan_ok=True), slopes


@pytest.mark.parametrize("seed", range(3))
def test_slopes_of_deep_plain_nets_are_noise_and_of_residual_nets_are_not(seed):
    """The descriptions are the same for every seed."""
    words = {}
    for depth in (4, 20, 56, 100):
        spec = replace(preset("batch norm", depth), seed=seed)
        alike = (
            dense.neighbour_correlation(dense.slopes_on_line(net))
            for net in dense.plain_and_skip(spec)
        )
        words[depth] = [descriptions.describe_similarity(one) for one in alike]
    smooth, apart = ["smooth", "smooth"], ["like white noise", "rough"]
    assert words == {4: smooth, 20: apart, 56: apart, 100: apart}


def test_norms_are_right_where_squares_underflow():
    assert dense.norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert dense.norm(np.zeros(3)) == 0
    assert dense.norm(np.array([1.0, np.inf])) == np.inf


@pytest.mark.parametrize(
    "options",
    [{"depth": 0}, {"depth": 101}, {"depth": 2.5}, {"activation": "gelu"}, {"skip": True}],
    ids=str,
)
def test_an_error_names_the_allowed_values(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        DenseSpec(**options)
