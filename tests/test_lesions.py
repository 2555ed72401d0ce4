"""Nets without some of their blocks, held to smaller nets and to nets with changed weights."""

import keras
import numpy as np
import pytest
from both_backends import answers_of
from keras import layers

from resnet_lib import (
    block_names,
    diagnostics,
    headline_runs,
    imagenet_net,
    lesion,
    lesion_study,
    load_sample,
    record,
    resnet_v1,
    resnet_v2,
    trained_model,
)
from resnet_lib.calls import logits
from resnet_lib.measurements import MEASURED_OF_RUNS, load_measurements
from resnet_lib.nets import NetSpec
from resnet_lib.plan import PlannedMeasurement, read_plan
from resnet_lib.runs import RECORDED, Run

SHAPE = (16, 16, 3)
NETS = [
    ("v1", "none"),
    ("v1", "pad"),
    ("v1", "projection"),
    ("v1", "highway"),
    ("v2", "pad"),
    ("v2", "projection"),
]


def net_of(version, n, shortcut, seed=0):
    """With weights, and averages in its normalisation, that are not those of the start."""
    keras.utils.set_random_seed(seed)
    build, per_n = {"v1": (resnet_v1, 6), "v2": (resnet_v2, 9)}[version]
    net = build(SHAPE, per_n * n + 2, shortcut=shortcut)
    random = np.random.default_rng(seed)
    for layer in net.layers:
        if isinstance(layer, layers.BatchNormalization):
            for weight in layer.weights:
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return net


@pytest.fixture
def images():
    return np.random.default_rng(1).normal(size=(6, *SHAPE)).astype("float32")


def scores(net, images):
    """Before the softmax, which would hide what two nets differ in."""
    return np.asarray(logits(net, images))


@pytest.mark.parametrize(("version", "shortcut"), NETS)
def test_without_its_second_blocks_it_is_the_net_that_never_had_them(version, shortcut, images):
    deep, shallow = net_of(version, 2, shortcut), net_of(version, 1, shortcut, seed=1)
    for layer in shallow.layers:
        if layer.weights:
            layer.set_weights(deep.get_layer(layer.name).get_weights())
    cut = lesion(deep, [f"stage{stage}_block2" for stage in (1, 2, 3)])
    assert scores(cut, images) == pytest.approx(scores(shallow, images), rel=1e-4, abs=1e-3)
    assert np.abs(scores(deep, images) - scores(shallow, images)).max() > 0.1
    assert cut.count_params() == shallow.count_params()


def test_a_plain_net_loses_a_block_as_its_residual_twin_does(images):
    """Also where the shape changes: what is left is what the skip of the twin carries."""
    plain, residual = net_of("v1", 1, "none"), net_of("v1", 1, "pad", seed=1)
    for layer in plain.layers:
        residual.get_layer(layer.name).set_weights(layer.get_weights())
    names = block_names(plain)
    assert names == ["stage1_block1", "stage2_block1", "stage3_block1"] == block_names(residual)
    without = [scores(lesion(net, names), images) for net in (plain, residual)]
    assert without[0] == pytest.approx(without[1], rel=1e-4, abs=1e-3)


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_a_factor_is_the_branch_made_smaller(shortcut, images):
    """v1's branches end in batch norm: gamma and beta times the factor do the same."""
    net = net_of("v1", 2, shortcut)
    factors = {"stage1_block2": 0.25, "stage2_block1": 0.8, "stage3_block2": 1}
    found = scores(lesion(net, factors), images)
    for name, factor in factors.items():
        norm = net.get_layer(f"{name}_2_bn")
        norm.gamma.assign(norm.gamma * factor)
        norm.beta.assign(norm.beta * factor)
    assert found == pytest.approx(scores(net, images), rel=1e-4, abs=1e-3)


def test_in_a_plain_net_a_factor_mixes(images):
    net = net_of("v1", 1, "none")
    start, end = (net.get_layer(f"{name}_relu").output for name in ("stem", "stage1_block1"))
    block, factor = keras.Model(start, end), 0.4
    x = scores(keras.Model(net.input, start), images)
    branch = keras.Model(start, net.get_layer("stage1_block1_2_bn").output)(x, training=False)
    mixed = np.maximum(0, (1 - factor) * x + factor * np.asarray(branch))
    found = lesion(block, {"stage1_block1": factor})(x, training=False)
    assert np.asarray(found) == pytest.approx(mixed, abs=1e-5)


@pytest.mark.parametrize(("version", "shortcut"), [*NETS, ("v2", "none")])
def test_nothing_taken_nothing_changed(version, shortcut, images):
    net = net_of(version, 1, shortcut)
    before = [weight.numpy().copy() for weight in net.weights]
    same = lesion(net, {name: 1 for name in block_names(net)})
    assert scores(same, images) == pytest.approx(scores(net, images), rel=1e-4, abs=1e-3)
    lesion(net, block_names(net))(images, training=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, net.weights, strict=True))


def test_a_block_of_a_net_for_imagenet(images):
    net = imagenet_net("plain18", (32, 32, 3), 10)
    cut = lesion(net, ["stage2_block1", "stage4_block2"])
    assert not any(layer.name.startswith("stage4_block2_1") for layer in cut.layers)
    large = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    assert np.isfinite(scores(cut, large)).all()


@pytest.mark.parametrize(
    ("blocks", "says"),
    [
        (["stage1_block3"], r"no block is called 'stage1_block3'; there are stage1_block1 to"),
        ({"stage1_block1": 1.5}, r"from 0 \(off\) to 1 \(as it was\); got 1.5"),
        ({"stage1_block1": float("nan")}, "got nan"),
        ({"stage1_block1": "half"}, "got 'half'"),
        ("stage4_block1", "no block is called 'stage4_block1'"),
    ],
)
def test_errors(blocks, says):
    with pytest.raises(ValueError, match=says):
        diagnostics.lesion(net_of("v1", 1, "pad"), blocks)


def test_a_net_without_blocks_is_told_so():
    inputs = keras.Input((4,))
    with pytest.raises(ValueError, match="has no blocks: layers called stage1_block1_"):
        lesion(keras.Model(inputs, layers.Dense(2)(inputs)), [])


def test_both_backends_agree():
    script = """
from resnet_lib import lesion, resnet_v1
keras.utils.set_random_seed(0)
net = resnet_v1((16, 16, 3), 8, shortcut="none")
random = np.random.default_rng(0)
for weight in net.weights:
    weight.assign(random.uniform(0.1, 0.6, weight.shape))
x = random.normal(size=(2, 16, 16, 3)).astype("float32")
cut = lesion(net, {"stage1_block1": 0, "stage2_block1": 0.5})
print(json.dumps(np.asarray(cut(x)).tolist()))
"""
    tensorflow, jax = map(np.array, answers_of(script))
    assert tensorflow == pytest.approx(jax, abs=1e-5)


# ---------------------------------------------------------------- the study


@pytest.fixture(scope="module")
def sample():
    return load_sample()[1]


@pytest.fixture(scope="module", params=["pad", "none"])
def trained(request):
    """ResNet-20 or plain-20, as recorded."""
    (run,) = (one for one in headline_runs() if one.net == NetSpec("v1", 3, request.param))
    return trained_model(run)


def error_of(model, images, labels):
    answers = model.predict(images, batch_size=80, verbose=0).argmax(axis=-1)
    return 100 * float((answers != labels).mean())


@pytest.fixture(scope="module")
def studied(trained, sample):
    return lesion_study.study(trained, *sample)


def test_every_figure_of_a_study_is_that_of_the_net_lesioned(trained, sample, studied):
    settings, values = studied
    names = values["blocks"]
    order = values["orders"][3]
    for found, off in [
        (values["whole"], []),
        (values["single"][3], [3]),
        (values["single"][7], [7]),
        (values["first"][1], [0, 1]),
        (values["last"][2], [6, 7, 8]),
        (values["random"][3][settings["removed"].index(4)], order[:4]),
        (values["random"][3][-1], range(9)),
    ]:
        cut = lesion(trained, [names[block] for block in off])
        # A factor of 1e-6 or so between two ways to add may turn an answer that hangs on a hair.
        assert found == pytest.approx(error_of(cut, *sample), abs=1.3), off


def test_a_shuffled_net_is_that_with_its_weights_exchanged(trained, sample, studied):
    _, values = studied
    one = max(values["shuffles"], key=lambda one: sum(np.array(one["order"]) != range(9)))
    names = values["blocks"]
    assert sorted(one["order"]) == list(range(9))
    copy = keras.models.clone_model(trained)
    copy.set_weights(trained.get_weights())
    ours, theirs = (
        next(m for m in one.layers if isinstance(m, keras.Model)) for one in (copy, trained)
    )
    moved = 0
    for place, block in enumerate(one["order"]):
        for layer in ours.layers:
            if layer.weights and layer.name.startswith(f"{names[place]}_"):
                source = layer.name.replace(names[place], names[block])
                layer.set_weights(theirs.get_layer(source).get_weights())
                moved += place != block
    assert moved
    assert one["error"] == pytest.approx(error_of(copy, *sample), abs=1.3)


def test_draws_are_as_many_as_said_and_the_same_again(trained, sample, studied):
    settings, values = studied
    assert settings["draws"] == len(values["orders"]) == len(values["random"]) == 20
    assert all(sorted(order) == list(range(9)) for order in values["orders"])
    assert len({tuple(order) for order in values["orders"]}) == 20
    assert settings["removed"] == list(range(1, 10))
    assert np.shape(values["random"]) == (20, 9)
    few = [one[:4] for one in sample]
    assert lesion_study.study(trained, *few)[1]["orders"] == values["orders"]


# ---------------------------------------------------------------- what is recorded


def test_the_plan_holds_the_lesions_of_all_runs_whose_weights_it_keeps():
    assert "lesions" in MEASURED_OF_RUNS
    planned = [one for one in read_plan() if isinstance(one, PlannedMeasurement)]
    of_runs = {one.subject for one in planned if one.what == "lesions"}
    assert {run.name for run in headline_runs()} <= of_runs


def test_record_takes_them_on_all_test_images(tmp_path, monkeypatch, sample):
    few = [one[:20] for one in sample]
    monkeypatch.setattr("resnet_lib.data.load_cifar10", lambda: (None, few))
    (run,) = (one for one in headline_runs() if one.net == NetSpec("v1", 3, "none"))
    for path in RECORDED.glob(f"{run.name}.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    record.record(only=f"lesions-{run.name}", recorded=tmp_path, runs=tmp_path / "runs")
    one = load_measurements("lesions", tmp_path)[run.name]
    assert one.settings["run"] == run.name
    assert one.settings["images"] == 20
    assert one.settings["epochs"] == [run.epochs]
    assert one.values["blocks"] == block_names(trained_model(run))
    assert np.shape(one.values["single"]) == (1, 9)


SHIPPED = load_measurements("lesions")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_ships_is_of_all_test_images_and_of_the_run(name):
    one, run = SHIPPED[name], Run.load(RECORDED / f"{name}.run.json")
    assert one.settings["images"] == 10_000
    assert not one.commit.endswith("+")
    (whole,), (single,) = one.values["whole"], one.values["single"]
    number = len(one.values["blocks"])
    assert whole == pytest.approx(run.test_error, abs=record.MOST_LOST)
    assert len(single) == number == 3 * run.net.n
    (first,), (last,), (random,) = (one.values[key] for key in ("first", "last", "random"))
    # One net has many names: what is the same setting has the same error.
    assert first[0] == single[0]
    assert last[0] == single[-1]
    assert first[-1] == last[-1]
    for order, errors in zip(one.values["orders"][0], random, strict=True):
        assert errors[0] == single[order[0]]
        assert errors[-1] == first[-1]


@pytest.mark.parametrize("name", SHIPPED)
def test_two_figures_of_what_ships_taken_again(name):
    """On the sample's images alone, so within what so few can tell."""
    one, run = SHIPPED[name], Run.load(RECORDED / f"{name}.run.json")
    images, labels = load_sample()[1]
    model, names = trained_model(run), one.values["blocks"]
    singles = one.values["single"][0]
    for block in (int(np.argmin(singles)), int(np.argmax(singles))):
        here = error_of(lesion(model, [names[block]]), images, labels)
        spread = (singles[block] * (100 - singles[block]) / len(labels)) ** 0.5
        assert abs(here - singles[block]) < 4 * spread + 1


def test_the_book_s_four_are_studied():
    assert {run.name for run in headline_runs()} <= set(SHIPPED)
