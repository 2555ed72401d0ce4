"""The plan of recorded runs, the command that makes them, and the files that ship."""

import json
import re
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
from made_up_runs import make_run

from resnet_lib import NetSpec, load_runs, load_sample, record, trained_model, training
from resnet_lib.__main__ import main
from resnet_lib.checkpoints import newest_epoch
from resnet_lib.plan import (
    PLAN,
    PlannedMeasurement,
    PlannedRun,
    choose,
    expand_runs,
    overview,
    read_plan,
)
from resnet_lib.runs import RECORDED

TABLE = """
[[runs]]
title = "Tiny"
recipe = "quick"
epochs = {epochs}
version = "v1"
n = [1]
shortcut = ["none", "pad"]
weights = true
"""


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A plan of two tiny nets and where its runs go; CIFAR-10 is the sample of real images."""
    monkeypatch.setattr("resnet_lib.data.load_cifar10", load_sample)
    monkeypatch.setattr(training, "load_cifar10", load_sample)
    plan = tmp_path / "plan.toml"
    plan.write_text(TABLE.format(epochs=2))
    places = {"plan": plan, "recorded": tmp_path / "recorded", "runs": tmp_path / "runs"}
    monkeypatch.setattr(record, "usable_cores", lambda: [0])  # so that all runs in this process
    return places


def made(folders):
    return sorted(path.name for path in folders["recorded"].glob("*"))


# ---------------------------------------------------------------- the plan


FOUR = ("plain20_v1", "resnet20_v1_pad", "plain56_v1", "resnet56_v1_pad")


def test_the_plan_holds_the_runs_the_book_needs_in_their_order():
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
    assert names[len(quarter) : len(quarter) + len(paper)] == paper, "what needs a GPU comes next"
    assert paper[:4] == [f"{net}-paper-seed0" for net in FOUR]
    assert "resnet20_v2-paper-seed0" in names  # n = 2
    assert {"resnet20_v1-paper-seed0", "resnet56_v1-paper-seed0"} <= set(names)
    assert {"plain110_v1-paper-seed0", "resnet110_v1_pad-paper-seed0"} <= set(names)
    assert {"highway20_v1-paper-seed0", "highway56_v1-paper-seed0"} <= set(names)
    assert {"plain56_v1-paper-seed1", "resnet56_v1_pad-paper-seed2"} <= set(names)
    assert "resnet20_v1-article-seed0" in names
    kept = {run.net for run in plan if run.weights}
    assert kept == {NetSpec("v1", n, shortcut) for n in (3, 9) for shortcut in ("none", "pad")}


def test_all_measurements_of_runs_are_planned_for_the_quarter_length():
    measured = {one.name for one in read_plan() if isinstance(one, PlannedMeasurement)}
    for net in FOUR:
        whats = {"training", "surface", "evaluation", "lesions"}
        whats |= {"paths"} if net.endswith("pad") else set()
        for what in whats:
            assert f"{what}-{net}-quick-8-seed0" in measured
            assert f"{what}-{net}-paper-41-seed0" in measured


def test_a_table_is_every_combination_of_its_lists():
    runs = expand_runs(
        title="t", recipe="quick", epochs=3, version="v1", n=[1, 2], shortcut=["none", "pad"]
    )
    assert [run.name for run in runs] == [
        "plain8_v1-quick-3-seed0",
        "resnet8_v1_pad-quick-3-seed0",
        "plain14_v1-quick-3-seed0",
        "resnet14_v1_pad-quick-3-seed0",
    ]
    assert runs[0].recipe.epochs == 3


@pytest.mark.parametrize(
    ("before", "after", "says"),
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
def test_a_plan_that_means_nothing_is_a_clear_error(folders, before, after, says):
    plan = folders["plan"]
    plan.write_text(plan.read_text().replace(before, after, 1))
    with pytest.raises(ValueError, match=re.escape(says)) as problem:
        read_plan(plan)
    assert "plan.toml" in str(problem.value)


# ---------------------------------------------------------------- record


def test_record_makes_what_is_missing_and_nothing_twice(folders, capsys):
    record.record(**folders)
    names = ["plain8_v1-quick-2-seed0", "resnet8_v1_pad-quick-2-seed0"]
    assert made(folders) == sorted(f"{name}.{end}" for name in names for end in ENDINGS)
    said = capsys.readouterr().out
    assert [line.split()[:2] for line in said.splitlines()] == [["finished", one] for one in names]

    shutil.rmtree(folders["runs"])
    before = {path: path.stat().st_mtime_ns for path in folders["recorded"].glob("*")}
    record.record(**folders)
    assert not folders["runs"].exists(), "nothing was left to train"
    assert before == {path: path.stat().st_mtime_ns for path in folders["recorded"].glob("*")}
    assert capsys.readouterr().out == "nothing is missing\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"at_once": 0}, "at_once must be a whole number from 1; got 0"),
        ({"at_once": -1}, "at_once must be a whole number from 1; got -1"),
        ({"minutes": -1}, "minutes must be 0 or more, or None for no limit; got -1"),
        ({"minutes": float("nan")}, "minutes must be 0 or more, or None for no limit; got nan"),
        ({"only": "vgg*"}, "nothing planned is called 'vgg*'"),
    ],
)
def test_options_that_mean_nothing_are_a_clear_error(folders, options, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        record.record(**folders, **options)
    assert not folders["runs"].exists()


ENDINGS = ("run.json", "weights.npz")


def test_recorded_weights_give_the_recorded_net(folders):
    record.record(**folders, only="resnet*")
    (run,) = load_runs(folders["recorded"])
    x_test, y_test = load_sample()[1]
    model = trained_model(run, folders["recorded"])
    probabilities = model.predict(x_test, verbose=0)
    error = 100 * np.mean(probabilities.argmax(-1) != y_test)
    assert error == pytest.approx(run.test_error, abs=0.1)
    whole = keras.saving.load_model(folders["runs"] / run.name / "model.keras")
    np.testing.assert_allclose(probabilities, whole.predict(x_test, verbose=0), atol=5e-3)
    with pytest.raises(FileNotFoundError, match=r"plain8\S* are not kept; those of resnet8"):
        trained_model(make_run("none", 1, model="plain8_v1"), folders["recorded"])


def test_half_precision_that_costs_too_much_is_not_published(folders, monkeypatch):
    def one_class(model, net_name, path):
        classifier = model.get_layer(net_name).get_layer("classifier")
        classifier.bias.assign([1e3] + 9 * [0])
        return save(model, net_name, path)

    from resnet_lib import weights

    save = weights.save_weights
    monkeypatch.setattr(weights, "save_weights", one_class)
    monkeypatch.setattr(record, "MOST_LOST", -1)  # the tiny net may err as often as one class does
    with pytest.raises(RuntimeError, match="half precision takes its test error from"):
        record.record(**folders, only="plain*")
    assert made(folders) == []
    assert (folders["runs"] / "plain8_v1-quick-2-seed0" / "model.keras").exists()


def test_record_stops_in_time_and_goes_on(folders, capsys):
    record.record(**folders, minutes=1e-9)
    assert made(folders) == []
    record.record(**folders, only="plain*", minutes=0.001)  # over after the first epoch
    assert made(folders) == []
    folder = folders["runs"] / "plain8_v1-quick-2-seed0"
    assert newest_epoch(folder) == 1
    assert "1 of 2 epochs" in capsys.readouterr().out
    places = folders["recorded"], folders["runs"]
    assert "2 planned: 1 begun, 1 missing" in overview(read_plan(folders["plan"]), *places)
    record.record(**folders)
    assert "2 planned: 2 finished" in overview(read_plan(folders["plan"]), *places)
    assert load_runs(folders["recorded"])[0].epochs == 2


def test_a_run_that_ended_but_was_not_told_is_told(folders, monkeypatch):
    """Killed between the end of the training and the copy."""
    (planned,) = choose(read_plan(folders["plan"]), "plain*")
    folder = folders["runs"] / planned.name
    training.train(planned.net, planned.recipe, folder=folder)
    monkeypatch.setattr(training, "train", None)
    record.record(**folders, only="plain*")
    assert len(made(folders)) == 2


def test_a_run_that_diverges_is_recorded_and_the_others_go_on(folders, monkeypatch, capsys):
    def diverging(net, recipe, **options):
        if net.shortcut == "none":
            recipe = replace(recipe, learning_rate=1e30)
        return train(net, recipe, **options)

    train = training.train
    monkeypatch.setattr(training, "train", diverging)
    says = "^1 of 2 failed: plain8_v1-quick-2-seed0: diverged: the loss was nan"
    with pytest.warns(RuntimeWarning, match="diverged"), pytest.raises(RuntimeError, match=says):
        record.record(**folders)
    assert {run.status for run in load_runs(folders["recorded"])} == {"diverged", "finished"}
    assert not (folders["recorded"] / "plain8_v1-quick-2-seed0.weights.npz").exists()
    capsys.readouterr()
    record.record(**folders)
    assert capsys.readouterr().out == "nothing is missing; diverged: plain8_v1-quick-2-seed0\n"


def test_one_that_fails_does_not_keep_the_others(folders):
    broken = folders["runs"] / "plain8_v1-quick-2-seed0"
    broken.mkdir(parents=True)
    (broken / "checkpoint-00001.npz").write_bytes(b"damaged")
    with pytest.warns(match="damaged"), pytest.raises(RuntimeError, match=r"plain8.*can be read"):
        record.record(**folders)
    assert made(folders) == sorted(f"resnet8_v1_pad-quick-2-seed0.{end}" for end in ENDINGS)


def test_an_error_that_nobody_expects_does_not_keep_the_others(folders, monkeypatch, capsys):
    def out_of_memory(net, recipe, **options):
        if net.shortcut == "none":
            raise MemoryError("no room\nfor a tensor")
        return train(net, recipe, **options)

    train = training.train
    monkeypatch.setattr(training, "train", out_of_memory)
    with pytest.raises(RuntimeError, match=r"1 of 2 .*seed0: MemoryError: no room for a tensor$"):
        record.record(**folders)
    assert made(folders) == sorted(f"resnet8_v1_pad-quick-2-seed0.{end}" for end in ENDINGS)
    assert "Traceback" in capsys.readouterr().err, "it is a fault of the library"


def test_the_command_line_lists_the_plan(capsys):
    assert main(["record", "--list", "--only", "plain20*"]) == 0
    said = capsys.readouterr().out
    assert "plain20_v1-paper-seed0" in said
    assert "plain56" not in said
    assert main(["record", "--list", "--only", "vgg*"]) == 1
    assert "nothing planned is called 'vgg*'; there are\n  plain20_v1" in capsys.readouterr().err


# ---------------------------------------------------------------- what ships


@pytest.mark.parametrize("path", sorted(RECORDED.glob("*.run.json")), ids=lambda path: path.stem)
def test_a_recorded_run_is_one_of_the_plan_and_whole(path):
    (run,) = [one for one in load_runs() if f"{one.name}.run.json" == path.name]
    (planned,) = [one for one in read_plan() if one.name == run.name]
    assert (run.net, run.recipe, run.seed) == (planned.net, planned.recipe, planned.seed)
    assert run.status in ("finished", "diverged")
    assert re.fullmatch(r"[0-9a-f]{12}", run.commit), "of a commit, and nothing edited"
    assert {"keras", "numpy", "python", run.backend} == set(run.versions)
    if run.status == "finished":
        assert run.epochs == run.recipe.epochs
        assert 0 <= run.training_error < 90
        assert all(0 <= error <= 100 for error in run.history["error"] + run.history["test_error"])
        steps = 50_000 // run.recipe.batch_size
        last = [
            run.recipe.learning_rate_of(steps * end - 1, 50_000, run.net.depth)
            for end in range(1, run.epochs + 1)
        ]
        np.testing.assert_allclose(run.history["learning_rate"], last, rtol=1e-5)
        assert path.with_name(f"{run.name}.weights.npz").exists() == planned.weights


def test_runs_ship_and_the_plan_beside_them():
    assert PLAN.parent == RECORDED
    for path in RECORDED.glob("*.npz"):
        assert path.stat().st_size < 4e6, "too much for a page"
    for path in RECORDED.glob("*.run.json"):
        assert json.loads(path.read_text())["schema"] == 2
