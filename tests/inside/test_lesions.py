"""Compare nets without some blocks with smaller nets and with nets of changed weights."""

import shutil

import keras
import numpy as np
import pytest
from keras import layers

from resnet_lib import headline_runs, load_sample, trained_model
from resnet_lib.inside import lesions
from resnet_lib.inside.calls import logits
from resnet_lib.inside.lesions import block_names, lesion
from resnet_lib.nets.imagenet import imagenet_net
from resnet_lib.nets.resnet import resnet_v1, resnet_v2
from resnet_lib.nets.spec import NetSpec
from resnet_lib.record import record
from resnet_lib.runs.measurements import KINDS_OF_RUNS, load_measurements
from resnet_lib.runs.plan import PlannedMeasurement, read_plan
from resnet_lib.runs.run import RECORDED, Run

SHAPE = (16, 16, 3)
IMAGES = np.random.default_rng(1).normal(size=(6, *SHAPE)).astype("float32")
SAMPLE = load_sample()[1]
SHIPPED = load_measurements("lesions")
# Per cent of the sample: rounding may change the answer where two classes have almost equal scores.
TWO_IMAGES = 1.3
NETS = [("v1", "none"), ("v1", "pad"), ("v1", "projection"), ("v1", "highway")]
NETS += [("v2", "pad"), ("v2", "projection")]


def build_net(version, n, shortcut, seed=0):
    """Build a net whose batch normalisation is away from its initial values."""
    keras.utils.set_random_seed(seed)
    build, per_n = {"v1": (resnet_v1, 6), "v2": (resnet_v2, 9)}[version]
    net = build(SHAPE, per_n * n + 2, shortcut=shortcut)
    random = np.random.default_rng(seed)
    for layer in net.layers:
        if isinstance(layer, layers.BatchNormalization):
            for weight in layer.weights:
                weight.assign(random.uniform(0.5, 1.5, weight.shape))
    return net


def scores(net, images=IMAGES):
    """Compute logits, because a softmax hides differences between nets."""
    return np.asarray(logits(net, images))


def approx(expected):
    return pytest.approx(expected, rel=1e-4, abs=1e-3)


def copy_weights(source, target):
    for layer in target.layers:
        if layer.weights:
            layer.set_weights(source.get_layer(layer.name).get_weights())


@pytest.mark.parametrize(("version", "shortcut"), NETS)
def test_a_net_without_its_second_blocks_equals_the_shallower_net(version, shortcut):
    deep, shallow = build_net(version, 2, shortcut), build_net(version, 1, shortcut, seed=1)
    copy_weights(deep, shallow)
    cut = lesion(deep, [f"stage{stage}_block2" for stage in (1, 2, 3)])
    assert scores(cut) == approx(scores(shallow))
    assert np.abs(scores(deep) - scores(shallow)).max() > 0.1
    assert cut.count_params() == shallow.count_params()


def test_a_plain_net_loses_a_block_as_the_residual_net_does():
    """Also where the shape changes: the skip of the residual net remains."""
    plain, residual = build_net("v1", 1, "none"), build_net("v1", 1, "pad", seed=1)
    for layer in plain.layers:
        residual.get_layer(layer.name).set_weights(layer.get_weights())
    names = block_names(plain)
    assert names == ["stage1_block1", "stage2_block1", "stage3_block1"] == block_names(residual)
    without = [scores(lesion(net, names)) for net in (plain, residual)]
    assert without[0] == approx(without[1])


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_a_factor_scales_the_branch(shortcut):
    """A v1 branch ends in batch norm, so gamma and beta times the factor do the same."""
    net = build_net("v1", 2, shortcut)
    factors = {"stage1_block2": 0.25, "stage2_block1": 0.8, "stage3_block2": 1}
    found = scores(lesion(net, factors))
    for name, factor in factors.items():
        norm = net.get_layer(f"{name}_2_bn")
        norm.gamma.assign(norm.gamma * factor)
        norm.beta.assign(norm.beta * factor)
    assert found == approx(scores(net))


def test_a_factor_mixes_skip_and_branch_in_a_plain_net():
    net = build_net("v1", 1, "none")
    start, end = (net.get_layer(f"{name}_relu").output for name in ("stem", "stage1_block1"))
    block, factor = keras.Model(start, end), 0.4
    x = scores(keras.Model(net.input, start))
    branch = keras.Model(start, net.get_layer("stage1_block1_2_bn").output)(x, training=False)
    mixed = np.maximum(0, (1 - factor) * x + factor * np.asarray(branch))
    found = lesion(block, {"stage1_block1": factor})(x, training=False)
    assert np.asarray(found) == pytest.approx(mixed, abs=1e-5)


@pytest.mark.parametrize(("version", "shortcut"), [*NETS, ("v2", "none")])
def test_lesions_keep_the_weights_and_factors_of_1_keep_the_output(version, shortcut):
    net = build_net(version, 1, shortcut)
    before = net.get_weights()
    assert scores(lesion(net, dict.fromkeys(block_names(net), 1))) == approx(scores(net))
    lesion(net, block_names(net))(IMAGES, training=False)
    assert all(np.array_equal(a, b) for a, b in zip(before, net.get_weights(), strict=True))


def test_an_imagenet_net_loses_blocks():
    cut = lesion(imagenet_net("plain18", (32, 32, 3), 10), ["stage2_block1", "stage4_block2"])
    assert not any(layer.name.startswith("stage4_block2_1") for layer in cut.layers)
    large = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype("float32")
    assert np.isfinite(scores(cut, large)).all()


def test_errors():
    net, inputs = build_net("v1", 1, "pad"), keras.Input((4,))
    for blocks, message in (
        (["stage1_block3"], r"no block is called 'stage1_block3'; there are stage1_block1 to"),
        ({"stage1_block1": 1.5}, r"from 0 \(off\) to 1 \(as it was\); got 1.5"),
        ({"stage1_block1": float("nan")}, "got nan"),
        ({"stage1_block1": "half"}, "got 'half'"),
        ("stage4_block1", "no block is called 'stage4_block1'"),
    ):
        with pytest.raises(ValueError, match=message):
            lesion(net, blocks)
    with pytest.raises(ValueError, match="has no blocks: layers called stage1_block1_"):
        lesion(keras.Model(inputs, layers.Dense(2)(inputs)), [])


@pytest.fixture(scope="module", params=["pad", "none"])
def trained(request):
    """Load the recorded ResNet-20 or plain-20."""
    (run,) = (one for one in headline_runs() if one.net == NetSpec("v1", 3, request.param))
    return trained_model(run)


@pytest.fixture(scope="module")
def measured(trained):
    return lesions.measure_lesions(trained, *SAMPLE)


def sample_error(model):
    """Return the error on the sample's 160 images, in per cent."""
    images, labels = SAMPLE
    answers = model.predict(images, batch_size=80, verbose=0).argmax(axis=-1)
    return 100 * float((answers != labels).mean())


def test_measured_errors_equal_the_errors_of_lesioned_nets(trained, measured):
    settings, values = measured
    names, order = values["blocks"], values["orders"][3]
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
        assert found == pytest.approx(sample_error(cut), abs=TWO_IMAGES), off
        mistakes = found / 100 * len(SAMPLE[0])
        assert mistakes == pytest.approx(round(mistakes), abs=1e-3), "a share of all images"


def test_a_shuffled_net_equals_the_net_with_exchanged_weights(trained, measured):
    names, shuffles = measured[1]["blocks"], measured[1]["shuffles"]
    one = max(shuffles, key=lambda one: sum(np.array(one["order"]) != range(9)))
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
    assert one["error"] == pytest.approx(sample_error(copy), abs=TWO_IMAGES)


def test_orders_are_complete_different_and_reproducible(trained, measured):
    settings, values = measured
    assert settings["draws"] == len(values["orders"]) == len(values["random"]) == 20
    assert all(sorted(order) == list(range(9)) for order in values["orders"])
    assert len({tuple(order) for order in values["orders"]}) == 20
    assert settings["removed"] == list(range(1, 10))
    assert np.shape(values["random"]) == (20, 9)
    few = [one[:4] for one in SAMPLE]
    assert lesions.measure_lesions(trained, *few)[1]["orders"] == values["orders"]


def test_lesions_of_the_four_runs_are_planned_and_recorded():
    assert "lesions" in KINDS_OF_RUNS
    planned = [one for one in read_plan() if isinstance(one, PlannedMeasurement)]
    subjects = {one.subject for one in planned if one.what == "lesions"}
    assert {run.name for run in headline_runs()} <= subjects & set(SHIPPED)


def test_record_measures_lesions_on_all_test_images(tmp_path, monkeypatch):
    few = [one[:20] for one in SAMPLE]
    monkeypatch.setattr("resnet_lib.data.cifar10.load_cifar10", lambda: (None, few))
    (run,) = (one for one in headline_runs() if one.net == NetSpec("v1", 3, "none"))
    for path in RECORDED.glob(f"{run.name}.*"):
        shutil.copy(path, tmp_path)
    record.record(only=f"lesions-{run.name}", recorded=tmp_path, runs=tmp_path / "runs")
    one = load_measurements("lesions", tmp_path)[run.name]
    found = [one.settings[name] for name in ("run", "images", "epochs")]
    assert found == [run.name, 20, [run.epochs]]
    assert one.values["blocks"] == block_names(trained_model(run))
    assert np.shape(one.values["single"]) == (1, 9)


@pytest.mark.parametrize("name", SHIPPED)
def test_recorded_lesions_use_all_test_images_and_match_their_run(name):
    one, run = SHIPPED[name], Run.load(RECORDED / f"{name}.run.json")
    assert one.settings["images"] == 10_000
    assert not one.commit.endswith("+")
    (whole,), (single,) = one.values["whole"], one.values["single"]
    assert whole == pytest.approx(run.test_error, abs=record.MAX_ERROR_CHANGE)
    assert len(single) == len(one.values["blocks"]) == 3 * run.net.n
    (first,), (last,), (random,) = (one.values[key] for key in ("first", "last", "random"))
    # Two names of one setting have the same error.
    assert (first[0], last[0], first[-1]) == (single[0], single[-1], last[-1])
    for order, errors in zip(one.values["orders"][0], random, strict=True):
        assert (errors[0], errors[-1]) == (single[order[0]], first[-1])


DEEP = [pytest.param(name, marks=pytest.mark.slow) for name in SHIPPED if "56" in name]


@pytest.mark.parametrize("name", [*(name for name in SHIPPED if "56" not in name), *DEEP])
def test_two_recorded_errors_are_reproduced_on_the_sample(name):
    """The tolerance is 4 standard errors of 160 images and 1 point."""
    values, model = SHIPPED[name].values, trained_model(Run.load(RECORDED / f"{name}.run.json"))
    singles = values["single"][0]
    for block in (int(np.argmin(singles)), int(np.argmax(singles))):
        error = sample_error(lesion(model, [values["blocks"][block]]))
        standard_error = (singles[block] * (100 - singles[block]) / len(SAMPLE[1])) ** 0.5
        assert abs(error - singles[block]) < 4 * standard_error + 1
