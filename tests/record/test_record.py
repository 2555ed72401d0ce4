"""Test the plan of recorded runs, the command that makes them, and the recorded files."""

import json
import re
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_net
from made_up_runs import make_run

from resnet_lib import NetSpec, load_runs, load_sample
from resnet_lib.__main__ import main
from resnet_lib.record import record
from resnet_lib.runs import weights
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.plan import (
    PLAN_FILE,
    PlannedRun,
    describe_plan,
    expand_runs,
    read_plan,
    select,
)
from resnet_lib.runs.run import RECORDED
from resnet_lib.training import train as training

TABLE = """
[[runs]]
title = "Tiny"
recipe = "quick"
epochs = 2
version = "v1"
n = [1]
shortcut = ["none", "pad"]
weights = true
"""
PLAIN, RESIDUAL = "plain8_v1-quick-2-seed0", "resnet8_v1_pad-quick-2-seed0"

tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Plan two tiny nets; return the folders. The sample of real images replaces CIFAR-10."""
    monkeypatch.setattr("resnet_lib.data.cifar10.load_cifar10", load_sample)
    monkeypatch.setattr(training, "load_cifar10", load_sample)
    monkeypatch.setattr(record, "usable_cores", lambda: [0])  # all runs are made in this process
    plan = tmp_path / "plan.toml"
    plan.write_text(TABLE)
    return {"plan": plan, "recorded": tmp_path / "recorded", "runs": tmp_path / "runs"}


def describe(folders):
    return describe_plan(read_plan(folders["plan"]), folders["recorded"], folders["runs"])


def modification_times(folders):
    """Return when each recorded file was written."""
    return {path.name: path.stat().st_mtime_ns for path in folders["recorded"].glob("*")}


def file_names(*names):
    return {f"{name}.{ending}" for name in names for ending in ("run.json", "weights.npz")}


# ---------------------------------------------------------------- the plan


FOUR = ("plain20_v1", "resnet20_v1_pad", "plain56_v1", "resnet56_v1_pad")


def test_the_plan_has_the_runs_of_the_book_in_order():
    plan = [one for one in read_plan() if isinstance(one, PlannedRun)]
    names = [run.name for run in plan]
    quarter = [name.replace("-paper-41-seed", " ") for name in names if "-paper-41-" in name]
    assert names[: len(quarter)] == [run.replace(" ", "-paper-41-seed") for run in quarter]
    assert quarter == [
        *(f"{net} 0" for net in (*FOUR, "resnet20_v2", "resnet20_v1")),
        *(f"{net} {seed}" for seed in (1, 2) for net in FOUR[:2]),
        *(f"{net} {seed}" for seed in (1, 2) for net in FOUR[2:]),
        *(f"{net} 0" for net in ("plain32_v1", "resnet32_v1_pad", "plain44_v1", "resnet44_v1_pad")),
    ]
    paper = [name for name in names if "-paper-seed" in name]
    assert names[len(quarter) : len(quarter) + len(paper)] == paper, "runs for a GPU come next"
    assert paper[:4] == [f"{net}-paper-seed0" for net in FOUR]
    others = "resnet20_v2 resnet20_v1 resnet56_v1 plain110_v1 resnet110_v1_pad highway20_v1"
    needed = {f"{net}-paper-seed0" for net in (*others.split(), "highway56_v1")}
    needed |= {"plain56_v1-paper-seed1", "resnet56_v1_pad-paper-seed2"}
    assert needed | {"resnet20_v1-article-seed0"} <= set(names)
    kept = {run.net for run in plan if run.weights}
    assert kept == {NetSpec("v1", n, shortcut) for n in (3, 9) for shortcut in ("none", "pad")}


def test_all_measurements_are_planned_for_the_short_recipes():
    measured = {one.name for one in read_plan()}
    for net in FOUR:
        whats = {"training", "surface", "evaluation", "lesions"}
        for what in whats | ({"paths"} if net.endswith("pad") else set()):
            assert {
                f"{what}-{net}-{recipe}-seed0" for recipe in ("quick-8", "paper-41")
            } <= measured


def test_a_table_expands_to_every_combination_of_its_lists():
    table = {"recipe": "quick", "epochs": 3, "version": "v1", "shortcut": ["none", "pad"]}
    runs = expand_runs(title="t", n=[1, 2], **table)
    nets = ("plain8_v1", "resnet8_v1_pad", "plain14_v1", "resnet14_v1_pad")
    assert [run.name for run in runs] == [f"{net}-quick-3-seed0" for net in nets]
    assert runs[0].recipe.epochs == 3


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"quick"', '"slow"', "recipe must be one of article, paper, quick; got 'slow'"),
        ("[1]", "[0]", "n, the blocks in a stage, must be a whole number from 1; got 0"),
        ('"v1"', '"v3"', "version must be"),
        ('"pad"', '"B"', "shortcut must be one of"),
        ("weights", "wights", "wights"),
        ("[1]", "[1, 1]", "more than once: plain8_v1-quick-2-seed0"),
        ("[1]", "[1", "plan.toml is not TOML: "),
    ],
)
def test_an_invalid_plan_is_a_clear_error(folders, before, after, message):
    folders["plan"].write_text(TABLE.replace(before, after, 1))
    with pytest.raises(ValueError, match=re.escape(message)) as problem:
        read_plan(folders["plan"])
    assert "plan.toml" in str(problem.value)


# ---------------------------------------------------------------- record


def test_record_makes_missing_runs_and_repeats_none(folders, capsys):
    record.record(**folders)
    assert set(modification_times(folders)) == file_names(PLAIN, RESIDUAL)
    output = capsys.readouterr().out
    lines = [line.split()[:2] for line in output.splitlines()]
    assert lines == [["finished", PLAIN], ["finished", RESIDUAL]]
    (run,) = load_runs(folders["recorded"], shortcut="pad")
    x_test, y_test = load_sample()[1]
    probabilities = weights.trained_model(run, folders["recorded"]).predict(x_test, verbose=0)
    error = 100 * np.mean(probabilities.argmax(-1) != y_test)
    assert error == pytest.approx(run.test_error, abs=0.1), "recorded weights, recorded error"
    whole = weights.saved_model(folders["runs"] / run.name / "model.keras")
    np.testing.assert_allclose(probabilities, whole.predict(x_test, verbose=0), atol=5e-3)

    shutil.rmtree(folders["runs"])
    before = modification_times(folders)
    record.record(**folders)
    assert not folders["runs"].exists(), "nothing was left to train"
    assert before == modification_times(folders)
    assert capsys.readouterr().out == "nothing is missing\n"
    (folders["recorded"] / f"{PLAIN}.weights.npz").unlink()
    with pytest.raises(FileNotFoundError, match=r"plain8\S* are not kept; those of resnet8"):
        weights.trained_model(make_run("none", 1, model="plain8_v1"), folders["recorded"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"at_once": 0}, "at_once must be a whole number from 1; got 0"),
        ({"at_once": -1}, "at_once must be a whole number from 1; got -1"),
        ({"minutes": -1}, "minutes must be 0 or more, or None for no limit; got -1"),
        ({"minutes": float("nan")}, "minutes must be 0 or more, or None for no limit; got nan"),
        ({"only": "vgg*"}, "nothing planned is called 'vgg*'"),
    ],
)
def test_invalid_options_are_a_clear_error(folders, options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        record.record(**folders, **options)
    assert not folders["runs"].exists()


def test_weights_that_lose_accuracy_are_not_published(folders, monkeypatch):
    def save_one_class(model, net_name, path):
        classifier = model.get_layer(net_name).get_layer("classifier")
        classifier.bias.assign([1e3] + 9 * [0])
        return save(model, net_name, path)

    save = weights.save_weights
    monkeypatch.setattr(weights, "save_weights", save_one_class)
    monkeypatch.setattr(
        record, "MAX_ERROR_CHANGE", -1
    )  # the tiny net may err as often as one class does
    with pytest.raises(RuntimeError, match="half precision takes its test error from"):
        record.record(**folders, only="plain*")
    assert not modification_times(folders)
    assert (folders["runs"] / PLAIN / "model.keras").exists()


def test_record_stops_in_time_and_resumes_and_publishes_ended_runs(folders, capsys, monkeypatch):
    record.record(**folders, minutes=1e-9)
    assert not folders["runs"].exists()
    monkeypatch.setattr(record, "time", SimpleNamespace(monotonic=lambda: 0.0))  # not over yet
    record.record(**folders, only="plain*", minutes=1e-9)
    assert not modification_times(folders)
    assert newest_epoch(folders["runs"] / PLAIN) == 1
    assert "1 of 2 epochs" in capsys.readouterr().out
    assert "2 planned: 1 begun, 1 missing" in describe(folders)
    (run,) = select(read_plan(folders["plan"]), "resnet*")
    training.train(run.net, run.recipe, folder=folders["runs"] / run.name)
    record.record(**folders, only="plain*")
    monkeypatch.setattr(training, "train", None)
    record.record(**folders)  # as if it had been killed after the training, before the copy
    assert "2 planned: 2 finished" in describe(folders)
    assert [run.epochs for run in load_runs(folders["recorded"])] == [2, 2]


@pytest.fixture
def train_plain(monkeypatch):
    """Return `train_plain(replacement)`, which trains plain nets with `replacement(train, …)`."""
    train = training.train

    def replace_training(replacement):
        def train_net(net, *arguments, **options):
            if net.shortcut == "none":
                return replacement(train, net, *arguments, **options)
            return train(net, *arguments, **options)

        monkeypatch.setattr(training, "train", train_net)

    return replace_training


def test_a_diverged_run_is_recorded_and_the_others_go_on(folders, train_plain, capsys):
    def diverge(train, net, recipe, **options):
        return train(net, replace(recipe, learning_rate=1e30), **options)

    train_plain(diverge)
    message = f"^1 of 2 failed: {PLAIN}: diverged: the loss was nan"
    with pytest.warns(RuntimeWarning, match="diverged"), pytest.raises(RuntimeError, match=message):
        record.record(**folders)
    assert {run.status for run in load_runs(folders["recorded"])} == {"diverged", "finished"}
    assert not (folders["recorded"] / f"{PLAIN}.weights.npz").exists()
    capsys.readouterr()
    record.record(**folders)
    assert capsys.readouterr().out == f"nothing is missing; diverged: {PLAIN}\n"


def test_a_failed_run_does_not_stop_the_others(folders, train_plain, capsys):
    """Test an expected error and an unexpected one."""
    damaged = folders["runs"] / PLAIN
    damaged.mkdir(parents=True)
    (damaged / "checkpoint-00001.npz").write_bytes(b"damaged")
    with pytest.warns(match="damaged"), pytest.raises(RuntimeError, match=r"plain8.*can be read"):
        record.record(**folders)
    assert set(modification_times(folders)) == file_names(RESIDUAL)

    def raise_memory_error(*arguments, **options):
        raise MemoryError("no room\nfor a tensor")

    shutil.rmtree(folders["recorded"])
    train_plain(raise_memory_error)
    with pytest.raises(RuntimeError, match=r"1 of 2 .*seed0: MemoryError: no room for a tensor$"):
        record.record(**folders)
    assert set(modification_times(folders)) == file_names(RESIDUAL)
    assert "Traceback" in capsys.readouterr().err, "it is a fault of the library"


def test_the_command_line_lists_the_plan(capsys):
    assert main(["record", "--list", "--only", "plain20*"]) == 0
    output = capsys.readouterr().out
    assert "plain20_v1-paper-seed0" in output
    assert "plain56" not in output
    assert main(["record", "--list", "--only", "vgg*"]) == 1
    assert "nothing planned is called 'vgg*'; there are\n  plain20_v1" in capsys.readouterr().err


# ---------------------------------------------------------------- recorded files


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.run.json")), ids=lambda path: path.stem)
def test_a_recorded_run_is_planned_and_complete(path):
    assert json.loads(path.read_text())["schema"] == 2
    (run,) = [one for one in load_runs() if f"{one.name}.run.json" == path.name]
    (planned,) = [one for one in read_plan() if one.name == run.name]
    assert (run.net, run.recipe, run.seed) == (planned.net, planned.recipe, planned.seed)
    assert run.status in ("finished", "diverged")
    assert re.fullmatch(r"[0-9a-f]{12}", run.commit), "made by a commit without local changes"
    assert {"keras", "numpy", "python", run.backend} == set(run.versions)
    if run.status == "finished":
        assert run.epochs == run.recipe.epochs
        assert 0 <= run.training_error < 90
        assert all(0 <= error <= 100 for error in run.history["error"] + run.history["test_error"])
        steps = 50_000 // run.recipe.batch_size
        last_steps = range(steps - 1, steps * run.epochs, steps)
        depth = run.net.depth
        rates = [run.recipe.learning_rate_at_step(step, 50_000, depth) for step in last_steps]
        np.testing.assert_allclose(run.history["learning_rate"], rates, rtol=1e-5)
        assert path.with_name(f"{run.name}.weights.npz").exists() == planned.weights


def test_recorded_runs_are_in_the_package_and_weights_are_small():
    assert PLAN_FILE.parent == RECORDED
    assert all(path.stat().st_size < 4e6 for path in RECORDED.glob("*.npz"))
