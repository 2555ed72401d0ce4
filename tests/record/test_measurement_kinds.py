"""Test how measurements are planned, taken and saved, and the recorded measurements."""

import json
import math
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from made_up_runs import make_run

from resnet_lib import RECIPES, load_runs, load_sample, resnet_v1
from resnet_lib.__main__ import main
from resnet_lib.inside.diagnostics import gradient_norms
from resnet_lib.record import measurement_kinds, record
from resnet_lib.runs.measurements import MEASUREMENTS_FOLDER, Measurement, load_measurements
from resnet_lib.runs.plan import PlannedMeasurement, describe_plan, read_plan
from resnet_lib.runs.recipes import recipe_called
from resnet_lib.runs.run import RECORDED, complete_sets
from resnet_lib.runs.weights import build_with_weights, find_saved_weights
from resnet_lib.training import train as training

TABLES = """
[[runs]]
title = "Tiny"
recipe = "quick"
epochs = 3
version = "v1"
n = [1]
shortcut = ["pad"]
weights = true
weights_after = [1, 2]

[[measurements]]
title = "Untrained"
what = ["untrained", "correlation"]
depth = [8]
kind = ["plain", "residual"]

[[measurements]]
title = "Along it"
what = ["training", "paths", "surface"]
recipe = "quick"
epochs = 3
version = "v1"
n = [1]
shortcut = ["pad"]
"""
SHORTCUT_AND_WEIGHTS = 'shortcut = ["pad"]\nweights = true'
RUN = "resnet8_v1_pad-quick-3-seed0"


@pytest.fixture(scope="module", autouse=True)
def small():
    """Measure fewer images, points and nets. The sample of real images replaces CIFAR-10."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("resnet_lib.data.cifar10.load_cifar10", load_sample)
        patch.setattr(training, "load_cifar10", load_sample)
        patch.setattr(measurement_kinds, "NUM_IMAGES", 32)
        patch.setattr(measurement_kinds, "NUM_PATH_IMAGES", 2)
        patch.setattr(measurement_kinds, "SEEDS", (0, 1))
        patch.setattr(measurement_kinds, "NUM_POINTS", measurement_kinds.LAGS + 4)
        patch.setitem(measurement_kinds.SURFACE_SETTINGS, "steps", 3)
        yield


def make_folders(folder):
    (folder / "recorded").mkdir()
    (folder / "plan.toml").write_text(TABLES)
    return {name: folder / name for name in ("recorded", "runs")} | {"plan": folder / "plan.toml"}


@pytest.fixture
def folders(tmp_path):
    return make_folders(tmp_path)


def describe(folders):
    return describe_plan(read_plan(folders["plan"]), folders["recorded"], folders["runs"])


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Record the whole plan; return its folders."""
    folders = make_folders(tmp_path_factory.mktemp("finished"))
    before = describe(folders)
    assert "8 planned: 5 missing, 3 waiting" in before
    assert f"waiting   training-{RUN}" in before
    record.record(**folders)
    assert "8 planned: 8 finished" in describe(folders)
    return folders


def test_record_repeats_no_measurement(finished):
    def modification_times():
        return {path: path.stat().st_mtime_ns for path in finished["recorded"].rglob("*.json")}

    before = modification_times()
    assert len(before) == 8
    record.record(**finished)
    assert modification_times() == before


def test_a_run_is_measured_at_its_start_between_and_at_its_end(finished):
    found = {
        what: load_measurements(what, finished["recorded"]) for what in ("training", "surface")
    }
    training_signals = found["training"][RUN]
    assert training_signals.settings["epochs"] == [0, 1, 2, 3]
    assert [len(norms) for norms in training_signals.values["gradients"]] == [8] * 4
    (run,) = load_runs(finished["recorded"])
    (photographs, classes), _ = load_sample()
    weights = find_saved_weights(finished["runs"] / RUN)
    assert list(weights) == [1, 2]
    model = build_with_weights(run.net, weights[2])
    images = model.get_layer("normalize")(photographs)
    norms = gradient_norms(model.get_layer(run.model), images[:32], classes[:32])
    assert training_signals.values["layers"] == list(norms)
    assert training_signals.values["gradients"][2] == pytest.approx(list(norms.values()), rel=1e-2)
    assert training_signals.values["gradients"][0] != training_signals.values["gradients"][3]

    surface = found["surface"][RUN]
    assert surface.settings["epochs"] == [3]
    assert np.shape(surface.values["loss"]) == (1, 3, 3)
    paths = load_measurements("paths", finished["recorded"])[RUN]
    assert paths.settings["epochs"] == [0, 3]
    assert np.shape(paths.values["arriving"]) == (2, 4)
    assert np.shape(paths.values["whole"]) == (2,)
    correlation = load_measurements("correlation", finished["recorded"])["plain-8"]
    assert np.shape(correlation.values["alike"]) == (
        len(measurement_kinds.SEEDS),
        measurement_kinds.LAGS + 1,
    )


def test_missing_weights_are_an_error(finished, tmp_path):
    """A fresh clone has only the recorded run."""
    folders = make_folders(tmp_path)
    shutil.copytree(finished["recorded"], folders["recorded"], dirs_exist_ok=True)
    shutil.rmtree(folders["recorded"] / MEASUREMENTS_FOLDER)
    with pytest.raises(RuntimeError, match=r"after epoch 1, 2 are not in .*record the run again"):
        record.record(**folders, only="training*")
    record.record(**folders, only="paths-resnet*")  # needs only the start and the end
    assert RUN in load_measurements("paths", folders["recorded"])


def test_a_measurement_of_a_diverged_run_does_not_wait(folders):
    recipe = recipe_called("quick", 3)
    run = make_run("pad", 1, model="resnet8_v1_pad", status="diverged", recipe=recipe)
    run.save(folders["recorded"] / f"{RUN}.run.json")
    record.record(**folders, only="surface*")
    assert f"diverged  surface-{RUN}" in describe(folders)


def test_initial_weights_are_drawn_as_the_run_drew_them(folders, monkeypatch):
    """A learning rate near 0 leaves a net at its initial weights."""
    monkeypatch.setitem(RECIPES, "quick", replace(RECIPES["quick"], learning_rate=1e-30))
    one_epoch = TABLES.replace("weights_after = [1, 2]", "").replace("epochs = 3", "epochs = 1")
    folders["plan"].write_text(one_epoch)
    run = RUN.replace("quick-3", "quick-1")
    for name in (run, f"training-{run}"):
        record.record(**folders, only=name)
    training_signals = load_measurements("training", folders["recorded"])[run]
    first, last = training_signals.values["gradients"]
    assert first == pytest.approx(last, rel=2e-2)  # they differ by half precision


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('["untrained", "correlation"]', '["surface"]', "some of untrained, correlation, paths"),
        ('["training", "paths", "surface"]', '["untrained"]', "some of training, paths, surface"),
        ("depth = [8]", "width = [8]", "width"),
        ("[[measurements]]", "[[measurement]]", "tables are called runs or measurements"),
        (
            f"n = [1]\n{SHORTCUT_AND_WEIGHTS}",
            f"n = [2]\n{SHORTCUT_AND_WEIGHTS}",
            "is planned, and its run is not",
        ),
    ],
)
def test_an_invalid_plan_is_a_clear_error(folders, before, after, message):
    folders["plan"].write_text(TABLES.replace(before, after))
    with pytest.raises(ValueError, match=re.escape(message)):
        read_plan(folders["plan"])


def test_a_measurement_without_its_run_waits(folders, capsys):
    options = ["--plan", folders["plan"], "--into", folders["recorded"], "--runs", folders["runs"]]
    arguments = ["record", "--only", "surface*", *map(str, options)]
    assert main(arguments) == 0
    assert f"waiting   surface-{RUN}" in capsys.readouterr().out
    assert not list(folders["recorded"].iterdir())
    assert main([*arguments, "--list"]) == 0
    assert "for its run" in capsys.readouterr().out


@pytest.mark.parametrize("kind", measurement_kinds.UNTRAINED_KINDS)
def test_untrained_kinds_have_their_properties(kind):
    net = measurement_kinds.untrained_net(kind, 14, seed=1)
    names = {type(layer).__name__ for layer in net.layers}
    assert ("BatchNormalization" in names) == (kind in ("plain", "residual"))
    assert ("Add" in names) == (kind == "residual")
    activations = {layer.activation.__name__ for layer in net.layers if "relu" in layer.name}
    assert activations == {"sigmoid" if kind == "sigmoid" else "relu"}
    kernel = np.asarray(net.get_layer("stage2_block2_1_conv").kernel)
    fan = kernel.size / 32 + (9 * 32 if kind in ("sigmoid", "glorot") else 0)
    assert kernel.std() == pytest.approx(math.sqrt(2 / fan), rel=0.05)
    again = measurement_kinds.untrained_net(kind, 14, seed=1)
    assert np.array_equal(kernel, np.asarray(again.get_layer("stage2_block2_1_conv").kernel))


def test_the_plain_kind_equals_the_plain_net_of_the_book():
    ours, theirs = (
        measurement_kinds.untrained_net("plain", 8),
        resnet_v1((32, 32, 3), 8, shortcut="none"),
    )
    ours.set_weights(theirs.get_weights())
    x = np.random.default_rng(0).standard_normal((2, 32, 32, 3)).astype("float32")
    assert np.array_equal(np.asarray(ours(x)), np.asarray(theirs(x)))


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be one of sigmoid, glorot, he, plain, resid"):
        measurement_kinds.untrained_net("tanh", 20)


def test_values_that_are_not_finite_are_none():
    assert measurement_kinds.to_json([[1.0, np.inf], [np.nan, 0]]) == [[1.0, None], [None, 0.0]]
    assert measurement_kinds.to_json(1.23456789e-30) == 1.2346e-30


@pytest.mark.parametrize("text", ["{", '{"schema": 9}', '{"schema": 1, "what": "x"}'])
def test_another_file_is_no_measurement(tmp_path, text):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ValueError, match="is no measurement of schema 1"):
        Measurement.load(tmp_path / "x.json")
    with pytest.raises(ValueError, match="what must be one of untrained"):
        load_measurements("everything")


# ---------------------------------------------------------------- recorded files


PLANNED = {one.name: one for one in read_plan() if isinstance(one, PlannedMeasurement)}


def test_every_run_in_the_book_is_measured():
    """A run of a set that is not complete may be recorded before its measurements are."""
    shown = {run.name for runs in complete_sets() for run in runs}
    needed = [one for one in PLANNED.values() if one.run is None or one.run.name in shown]
    assert len(needed) >= 44, "of untrained nets, and of one set of four"
    missing = [one.name for one in needed if one.progress()[0] == "missing"]
    assert missing == [], "python -m resnet_lib record takes them"


@pytest.mark.parametrize(
    "path", sorted((RECORDED / MEASUREMENTS_FOLDER).glob("*.json")), ids=lambda path: path.stem
)
def test_a_recorded_measurement_is_planned_and_complete(path):
    found, planned = Measurement.load(path), PLANNED[path.stem]
    assert (found.what, found.subject) == (planned.what, planned.subject)
    assert re.fullmatch(r"[0-9a-f]{12}", found.commit), "taken by a commit without local changes"
    entries = found.settings.get("seeds") or found.settings["epochs"]
    for name, values in found.values.items():
        if name not in measurement_kinds.NAME_KEYS:
            assert len(values) == len(entries)
            assert values[0] is not None
    json.dumps(found.values, allow_nan=False)
