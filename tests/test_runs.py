"""Runs: written whole, read back equal, refused when foreign."""

import json
from dataclasses import replace

import pytest
from made_up_runs import four_runs, make_run

from resnet_lib import RECIPES, NetSpec, Run, load_runs
from resnet_lib.runs import headline_runs


def test_a_run_reads_back_equal(tmp_path):
    run = make_run(recipe=replace(RECIPES["paper"], epochs=3))
    path = run.save(tmp_path / "a" / "run.json")
    assert Run.load(path) == run
    assert run.name == "resnet20_v1_pad-paper-seed0"
    assert run.test_error == 25.0
    assert run.epochs == 3
    assert [file.name for file in path.parent.iterdir()] == ["run.json"]


def test_a_run_of_a_caller_s_own_model(tmp_path):
    run = make_run(net=None, model="mine")
    assert Run.load(run.save(tmp_path / "run.json")) == run


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"schema": 2}', json.dumps({"schema": 99}), '{"epochs": 3}', "\x00"],
)
def test_a_damaged_or_foreign_file_is_a_clear_error(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json is no run of schema 2 .*resnet_lib train"):
        Run.load(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda fields: fields.update(status="won"),
        lambda fields: fields["history"].pop("seconds"),
        lambda fields: fields["history"]["error"].append(1.0),
        lambda fields: fields["recipe"].update(optimizer="adamant"),
        lambda fields: fields.update(schema=1),
        lambda fields: fields.pop("device"),
    ],
)
def test_a_run_with_a_wrong_field_is_a_clear_error(tmp_path, damage):
    fields = json.loads(make_run().to_json())
    damage(fields)
    path = tmp_path / "run.json"
    path.write_text(json.dumps(fields))
    with pytest.raises(ValueError, match=r"run\.json is no run of schema 2"):
        Run.load(path)


def test_the_headline_is_four_nets_by_one_recipe_the_longest(tmp_path):
    def save(runs):
        for run in runs:
            run.save(tmp_path / f"{run.name}.run.json")
        return runs

    assert headline_runs(tmp_path) == []
    quick = save(four_runs())
    assert headline_runs(tmp_path) == quick
    longer = replace(RECIPES["paper"], epochs=5)
    paper = [make_run(*net, recipe=longer, errors=(50.0,) * 5) for net in (("none", 3), ("pad", 3))]
    save(paper)
    assert headline_runs(tmp_path) == quick, "two of the longer ones are missing"
    paper += [
        make_run(*net, recipe=longer, errors=(50.0,) * 5) for net in (("none", 9), ("pad", 9))
    ]
    save(paper)
    save([make_run(seed=1, recipe=replace(RECIPES["paper"], epochs=9))])
    assert [run.name for run in headline_runs(tmp_path)] == [paper[at].name for at in (0, 2, 1, 3)]


def test_load_runs_filters(tmp_path):
    runs = [
        make_run(),
        make_run(seed=1),
        make_run("pad", 9, recipe=RECIPES["paper"]),
        make_run("none", 9),
        make_run(net=None, model="mine"),
    ]
    for run in runs:
        run.save(tmp_path / run.name / "run.json")

    def names(**filters):
        return {run.name for run in load_runs(tmp_path, **filters)}

    assert names() == {run.name for run in runs}
    assert names(depth=56) == {"resnet56_v1_pad-paper-seed0", "plain56_v1-quick-seed0"}
    assert names(recipe="paper") == {"resnet56_v1_pad-paper-seed0"}
    assert names(version="v1", n=3, seed=1) == {"resnet20_v1_pad-quick-seed1"}
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
