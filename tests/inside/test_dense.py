"""The NumPy net of the gradient lab against finite differences, closed forms and Keras."""

from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest

from resnet_lib.inside import dense
from resnet_lib.inside.dense import DenseSpec, preset
from resnet_lib.widgets.gradient_lab import descriptions

ALL = [
    DenseSpec(5, activation, "glorot", normalization, skip)
    for activation, normalization, skip in product(
        dense.ACTIVATIONS, dense.NORMALIZATIONS, dense.SKIPS
    )
]
every_spec = pytest.mark.parametrize(
    "spec", ALL, ids=lambda spec: f"{spec.activation}-{spec.normalization}-{spec.skip}"
)
X, Y = dense.two_moons()


@every_spec
def test_every_gradient_equals_a_finite_difference(spec):
    layers = dense.initial_weights(spec)
    for number, layer in enumerate(layers):  # away from what is special: no bias 0, no scale 1
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


def keras_net(spec, weights):
    """The same net, of Keras's own layers."""
    h = inputs = keras.Input((2,), dtype="float64")
    made = []
    for number, layer in enumerate(weights[:-1]):
        made.append(keras.layers.Dense(layer["b"].size, use_bias=False, dtype="float64"))
        z = made[-1](h)
        if spec.normalization == "batch":
            z = keras.layers.BatchNormalization(epsilon=dense.EPSILON, dtype="float64")(z)
        branch = keras.layers.Activation(spec.activation, dtype="float64")(z)
        h = h + spec.scale * branch if number and spec.skip != "none" else branch
    made.append(keras.layers.Dense(1, dtype="float64"))
    model = keras.Model(inputs, made[-1](h))
    for one, layer in zip(made, weights, strict=True):
        one.set_weights([layer["W"], layer["b"]][: len(one.weights)])
    return model


@every_spec
def test_the_loss_is_the_loss_of_the_same_net_in_keras(spec):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless it is told so before it starts")
    layers = dense.initial_weights(spec)
    logits = np.asarray(keras_net(spec, layers)(X, training=True))[:, 0]
    expected = np.mean(np.logaddexp(0, logits) - Y * logits)
    assert dense.loss_and_gradients(spec, layers, X, Y)[0] == pytest.approx(expected, rel=1e-9)


def test_a_sigmoid_passes_at_most_a_quarter_on():
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


def test_draws_are_standard_normal_and_belong_to_their_place():
    draws = dense.normals(0, 1, 100_000)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1) < 0.01
    assert abs((draws[1:] * draws[:-1]).mean()) < 0.01
    for other in ((0, 2), (1, 1)):
        assert not np.intersect1d(dense.normals(0, 1, 1024), dense.normals(*other, 1024)).size


def test_the_bits_are_those_of_mulberry32():
    """Its first two numbers for the seed 0, computed with Python's own integers."""

    def uniform(state):
        bits = ((state ^ state >> 15) * (state | 1)) % 2**32
        bits ^= (bits + (bits ^ bits >> 7) * (bits | 61)) % 2**32
        return ((bits ^ bits >> 14) + 0.5) / 2**32

    first, second = (uniform(number * 0x6D2B79F5 % 2**32) for number in (1, 2))
    expected = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    assert dense.normals(0, 0, 1)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("initialization", dense.INITIALIZATIONS)
def test_another_depth_leaves_the_first_layers_as_they_are(initialization):
    short = dense.initial_weights(DenseSpec(6, initialization=initialization))
    long = dense.initial_weights(DenseSpec(60, initialization=initialization))
    for one, other in zip(short, [*long[:5], long[-1]], strict=True):
        assert np.array_equal(one["W"], other["W"])


def test_what_each_remedy_mends():
    """The chapter's claims: the first layer's gradient norm over the last layer's."""
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
def test_training_fails_and_succeeds_where_the_lab_says_so():
    # Of the deep plain net no two processors give the same figure: rounding grows as gradients do.
    plain, residual = (
        [dense.training_losses(replace(preset(name, 56), seed=seed))[-1] for seed in range(5)]
        for name in ("batch norm", "residual")
    )
    assert max(residual) < 0.001 < 0.05 < np.median(plain)
    still = dense.training_losses(preset("1991", 20))
    assert abs(still - np.log(2)).max() < 1e-3
    broken = dense.training_losses(DenseSpec(56, "relu", "he", "none", "identity"))
    assert np.isnan(broken[-1])
    assert np.isfinite(broken[0])


def test_the_slope_on_a_line_is_a_finite_difference():
    """Without batch normalisation, whose means the slope takes as given."""
    spec = DenseSpec(6, "tanh", "he", "none", "scaled")
    layers = dense.initial_weights(spec, inputs=1)
    for place, layer in enumerate(layers[:-1], dense.BIAS_STREAM + 1):
        n, m = layer["W"].shape
        layer["b"] = dense.INITIALIZATIONS["he"](n, m) * dense.normals(0, place, m)
    x = np.linspace(-2, 2, dense.LINE_POINTS)[:, None]
    after, before = (dense.forward(spec, layers, x + step)[0] for step in (1e-6, -1e-6))
    expected = pytest.approx((after - before) / 2e-6, rel=1e-5, abs=1e-8)
    assert dense.slopes_on_line(spec) == expected


def test_new_weights_leave_the_task_s_points_as_they_are():
    """An untrained net tells them apart by its weights alone."""
    single = DenseSpec(1, seed=5)
    loss, _, _ = dense.loss_and_gradients(single, dense.initial_weights(single), X, Y)
    assert dense.training_losses(single, 0)[0] == loss


def test_neighbours_are_alike_by_1_on_a_line_and_by_0_in_noise():
    noise, huge, huge_and_tiny = (dense.normals(0, 5, 10_000) for _ in range(3))
    huge[:10] = 1e9  # every pair of neighbours counts the same, however large its slopes
    huge_and_tiny[:10] = 1e9
    huge_and_tiny[5] = 1e-300
    for slopes, alike, tolerance in (
        (np.full(50, 3.0), 1, 1e-6),
        (np.tile([1.0, -1.0], 50), -1, 1e-6),
        (np.zeros(5), 1, 0),  # zeros are the same
        (np.full(5, 1e-200), 1, 1e-6),
        (np.array([1.0, 2, 0, 0, -3]), (0.8 + 0 + 1 + 0) / 4, 1e-6),
        (np.array([1, np.nan, 1]), np.nan, 0),
        (np.array([1, np.inf, 1]), np.nan, 0),
        *((one, 0, 0.03) for one in (noise, huge, huge_and_tiny)),
    ):
        found = dense.neighbour_correlation(slopes)
        assert found == pytest.approx(alike, abs=tolerance, nan_ok=True), slopes


@pytest.mark.parametrize("seed", range(3))
def test_with_depth_a_plain_net_s_slope_turns_into_noise_and_a_residual_one_s_does_not(seed):
    """The words say the same of every seed."""
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


def test_norms_survive_where_their_squares_do_not():
    assert dense.norm(np.array([3e-200, 4e-200])) == pytest.approx(5e-200)
    assert dense.norm(np.zeros(3)) == 0
    assert dense.norm(np.array([1.0, np.inf])) == np.inf


@pytest.mark.parametrize(
    "wrong",
    [{"depth": 0}, {"depth": 101}, {"depth": 2.5}, {"activation": "gelu"}, {"skip": True}],
    ids=str,
)
def test_a_wrong_setting_is_told_what_would_be_right(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} must be"):
        DenseSpec(**wrong)
