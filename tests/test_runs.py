"""Runs: written whole, read back equal, refused when foreign."""

import json
from dataclasses import replace

import pytest

from resnet_lib import RECIPES, NetSpec, Run, load_runs

HISTORY = {"test_error": [60.0, 50.5], "error": [70.0, 55.0]}


def make_run(**changes):
    fields = {
        "model": "resnet20_v1",
        "net": NetSpec("v1", 3),
        "recipe": RECIPES["quick"],
        "seed": 0,
        "parameters": 273_066,
        "backend": "jax",
        "versions": {"keras": "3.15.1"},
        "device": "CPU",
        "history": HISTORY,
    }
    return Run(**fields | changes)


def test_a_run_reads_back_equal(tmp_path):
    run = make_run(recipe=replace(RECIPES["paper"], epochs=2))
    path = run.save(tmp_path / "a" / "run.json")
    assert Run.load(path) == run
    assert run.name == "resnet20_v1-paper-seed0"
    assert run.test_error == 50.5
    assert [file.name for file in path.parent.iterdir()] == ["run.json"]


def test_a_run_of_a_caller_s_own_model(tmp_path):
    run = make_run(net=None, model="mine")
    assert Run.load(run.save(tmp_path / "run.json")) == run


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"schema": 1}', json.dumps({"schema": 99}), '{"epochs": 3}', "\x00"],
)
def test_a_damaged_or_foreign_file_is_a_clear_error(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json is no run of schema 1 .*resnet_lib train"):
        Run.load(path)


def test_load_runs_filters(tmp_path):
    runs = [
        make_run(),
        make_run(seed=1),
        make_run(net=NetSpec("v1", 9), model="resnet56_v1", recipe=RECIPES["paper"]),
        make_run(net=NetSpec("v1", 9, "none"), model="plain56_v1"),
        make_run(net=None, model="mine"),
    ]
    for run in runs:
        run.save(tmp_path / run.name / "run.json")

    def names(**filters):
        return {run.name for run in load_runs(tmp_path, **filters)}

    assert names() == {run.name for run in runs}
    assert names(depth=56) == {"resnet56_v1-paper-seed0", "plain56_v1-quick-seed0"}
    assert names(recipe="paper") == {"resnet56_v1-paper-seed0"}
    assert names(version="v1", n=3, seed=1) == {"resnet20_v1-quick-seed1"}
    assert names(shortcut="highway") == set()
    with pytest.raises(ValueError, match="'width'"):
        load_runs(tmp_path, width=3)


def test_the_runs_that_ship_can_be_read():
    assert isinstance(load_runs(), list)


@pytest.mark.parametrize(
    ("spec", "says"),
    [(("v3", 3), "v1"), (("v1", 0), "from 1"), (("v1", 3, "B"), "projection")],
)
def test_a_net_that_cannot_be_built(spec, says):
    with pytest.raises(ValueError, match=says):
        NetSpec(*spec).build()


@pytest.mark.parametrize(
    ("spec", "name"), [(NetSpec("v1", 1, "none"), "plain8_v1"), (NetSpec("v2", 1), "resnet11_v2")]
)
def test_a_spec_builds_its_net(spec, name):
    assert spec.build().name == name
