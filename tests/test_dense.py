"""The NumPy net of the gradient lab, held to finite differences, to closed forms and to Keras."""

from dataclasses import replace
from itertools import product

import keras
import numpy as np
import pytest

from resnet_lib import dense, lab_words
from resnet_lib.dense import DenseSpec, preset

ALL = [
    DenseSpec(5, activation, "glorot", normalization, skip)
    for activation, normalization, skip in product(
        dense.ACTIVATIONS, dense.NORMALIZATIONS, dense.SKIPS
    )
]


def name_of(spec):
    return f"{spec.activation}-{spec.normalization}-{spec.skip}"


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_every_gradient_equals_a_finite_difference(spec):
    x, y = dense.two_moons()
    layers = dense.initial_weights(spec)
    for number, layer in enumerate(layers):  # away from what is special: no bias 0, no scale 1
        layer["b"] = 0.1 * dense.normals(7, number, layer["b"].size)
        layer["gamma"] = 1 + 0.1 * dense.normals(8, number, layer["gamma"].size)
    _, gradients, _ = dense.loss_and_gradients(spec, layers, x, y)
    step = 1e-6
    for layer, gradient in zip(layers, gradients, strict=True):
        for name, values in gradient.items():
            for place in [(0,) * values.ndim, tuple(size - 1 for size in values.shape)]:
                losses = []
                for sign in (1, -1):
                    kept = layer[name][place]
                    layer[name][place] = kept + sign * step
                    losses.append(dense.loss_and_gradients(spec, layers, x, y)[0])
                    layer[name][place] = kept
                difference = (losses[0] - losses[1]) / (2 * step)
                assert values[place] == pytest.approx(difference, rel=1e-5, abs=1e-9)


def keras_net(spec, layers):
    """The same net of Keras's own layers, and its weight layers in order."""
    inputs = keras.Input((2,), dtype="float64")
    h, made = inputs, []
    for number, layer in enumerate(layers):
        last = number == len(layers) - 1
        made.append(keras.layers.Dense(layer["b"].size, use_bias=last, dtype="float64"))
        z = made[-1](h)
        if last:
            h = z
            continue
        if spec.normalization == "batch":
            z = keras.layers.BatchNormalization(epsilon=dense.EPSILON, dtype="float64")(z)
        branch = keras.layers.Activation(spec.activation, dtype="float64")(z)
        skipped = number > 0 and spec.skip != "none"
        h = h + spec.scale * branch if skipped else branch
    model = keras.Model(inputs, h)
    for number, (one, layer) in enumerate(zip(made, layers, strict=True)):
        last = number == len(layers) - 1
        one.set_weights([layer["W"], layer["b"]] if last else [layer["W"]])
    return model


@pytest.mark.parametrize("spec", ALL, ids=name_of)
def test_the_loss_is_that_of_the_same_net_in_keras(spec):
    if keras.backend.backend() == "jax":
        pytest.skip("JAX has no float64 unless it is told so before it starts")
    x, y = dense.two_moons()
    layers = dense.initial_weights(spec)
    loss, _, _ = dense.loss_and_gradients(spec, layers, x, y)
    logits = np.asarray(keras_net(spec, layers)(x, training=True))[:, 0]
    expected = np.mean(np.logaddexp(0, logits) - y * logits)
    assert loss == pytest.approx(expected, rel=1e-9)


def test_a_sigmoid_passes_at_most_a_quarter_on():
    """Each layer multiplies by its kernel and a slope of at most 1/4, so the norm is bounded."""
    spec = DenseSpec(12, "sigmoid", "small")
    x, y = dense.two_moons()
    layers = dense.initial_weights(spec)
    _, gradients, trace = dense.loss_and_gradients(spec, layers, x, y)
    logits, _ = dense.forward(spec, layers, x)
    delta = (1 / (1 + np.exp(-logits)) - y) / len(y)
    bound = np.linalg.norm(delta)
    for layer in layers[1:]:
        bound *= np.linalg.norm(layer["W"], 2) / 4
    bound *= np.linalg.norm(trace[0]["input"], 2)
    assert 0 < np.linalg.norm(gradients[0]["W"]) <= bound


def test_the_draws_are_standard_normal_and_of_their_place():
    draws = dense.normals(0, 1, 100_000)
    assert abs(draws.mean()) < 0.01
    assert abs(draws.std() - 1) < 0.01
    assert abs((draws[1:] * draws[:-1]).mean()) < 0.01
    assert not np.intersect1d(dense.normals(0, 1, 1024), dense.normals(0, 2, 1024)).size
    assert not np.intersect1d(dense.normals(0, 1, 1024), dense.normals(1, 1, 1024)).size


def test_the_bits_are_those_of_mulberry32():
    """Its first number for the seed 0, computed step by step with Python's own integers."""
    state = 0x6D2B79F5
    bits = ((state ^ state >> 15) * (state | 1)) % 2**32
    bits ^= (bits + (bits ^ bits >> 7) * (bits | 61)) % 2**32
    first = ((bits ^ bits >> 14) + 0.5) / 2**32
    state = 2 * 0x6D2B79F5 % 2**32
    bits = ((state ^ state >> 15) * (state | 1)) % 2**32
    bits ^= (bits + (bits ^ bits >> 7) * (bits | 61)) % 2**32
    second = ((bits ^ bits >> 14) + 0.5) / 2**32
    expected = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * second)
    assert dense.normals(0, 0, 1)[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("initialization", dense.INITIALIZATIONS)
def test_another_depth_leaves_the_first_layers_as_they_are(initialization):
    short = dense.initial_weights(DenseSpec(6, initialization=initialization))
    long = dense.initial_weights(DenseSpec(60, initialization=initialization))
    for one, other in zip([*short[:-1], short[-1]], [*long[:5], long[-1]], strict=True):
        assert np.array_equal(one["W"], other["W"])


def test_what_each_remedy_mends():
    """The chapter's claims, in their roughest form."""
    ratio = {}
    for name in dense.PRESETS:
        norms, _ = dense.first_look(preset(name, 56))
        ratio[name] = norms[0] / norms[-1]
    assert ratio["1991"] < 1e-40
    assert 0.1 < ratio["Glorot"] < 100
    assert 0.01 < ratio["He"] < 10
    assert ratio["batch norm"] > 1e3, "it grows towards the input"
    assert 0.1 < ratio["residual"] < 10


def test_training_fails_and_succeeds_where_the_lab_says_so():
    # Of the deep plain net no two processors give the same figure: rounding grows as gradients do.
    plain, residual = (
        [dense.training(replace(preset(name, 56), seed=seed))[-1] for seed in range(5)]
        for name in ("batch norm", "residual")
    )
    assert max(residual) < 0.001 < 0.05 < np.median(plain)
    still = dense.training(preset("1991", 20))
    assert abs(still - np.log(2)).max() < 1e-3
    broken = dense.training(DenseSpec(56, "relu", "he", "none", "identity"))
    assert np.isnan(broken[-1])
    assert np.isfinite(broken[0])


def test_the_slope_on_a_line_is_a_finite_difference():
    """Without batch normalisation, whose means the slope takes as given."""
    spec = DenseSpec(6, "tanh", "he", "none", "scaled")
    layers = dense.initial_weights(spec, inputs=1)
    for place, layer in enumerate(layers[:-1], dense.BIASES + 1):
        n, m = layer["W"].shape
        layer["b"] = dense.INITIALIZATIONS["he"](n, m) * dense.normals(0, place, m)
    x = np.linspace(-2, 2, dense.LINE)[:, None]
    after, _ = dense.forward(spec, layers, x + 1e-6)
    before, _ = dense.forward(spec, layers, x - 1e-6)
    assert dense.slopes_on_a_line(spec) == pytest.approx(
        (after - before) / 2e-6, rel=1e-5, abs=1e-8
    )


def test_new_weights_leave_the_task_s_points_as_they_are():
    """A net that has learned nothing yet tells them apart by its weights alone."""
    single = DenseSpec(1, seed=5)
    x, y = dense.two_moons()
    loss, _, _ = dense.loss_and_gradients(single, dense.initial_weights(single), x, y)
    assert dense.training(single, 0)[0] == loss


def test_alike_is_1_for_a_line_and_0_for_noise():
    assert dense.neighbours_alike(np.full(50, 3.0)) == pytest.approx(1)
    assert abs(dense.neighbours_alike(dense.normals(0, 5, 10_000))) < 0.03
    assert dense.neighbours_alike(np.tile([1.0, -1.0], 50)) == pytest.approx(-1)
    assert dense.neighbours_alike(np.zeros(5)) == 1, "zeros are the same"
    assert dense.neighbours_alike(np.full(5, 1e-200)) == pytest.approx(1)
    pairs = dense.neighbours_alike(np.array([1.0, 2, 0, 0, -3]))
    assert pairs == pytest.approx((0.8 + 0 + 1 + 0) / 4)


def test_every_pair_of_neighbours_counts_the_same_however_large_its_slopes():
    noise = dense.normals(0, 5, 10_000)
    noise[:10] = 1e9
    assert abs(dense.neighbours_alike(noise)) < 0.03
    noise[5] = 1e-300
    assert abs(dense.neighbours_alike(noise)) < 0.03
    for broken in (np.nan, np.inf):
        assert np.isnan(dense.neighbours_alike(np.array([1, broken, 1])))


@pytest.mark.parametrize("seed", range(3))
def test_with_depth_a_plain_net_s_slope_turns_into_noise_and_a_residual_one_s_does_not(seed):
    """What the words are for: the same of every seed."""
    words = {}
    for depth in (4, 20, 56, 100):
        spec = replace(preset("batch norm", depth), seed=seed)
        words[depth] = [
            lab_words.alike_word(dense.neighbours_alike(dense.slopes_on_a_line(net)))
            for net in dense.pair_of(spec)
        ]
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
