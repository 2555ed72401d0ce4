"""Runs: written whole, read back equal, refused when foreign."""

import json
from dataclasses import replace

import pytest
from made_up_runs import make_run

from resnet_lib import RECIPES, NetSpec, Run, load_runs, recipe_called
from resnet_lib.runs.measurements import Measurement, headline_measurements
from resnet_lib.runs.run import complete_sets, headline_runs


def test_a_run_reads_back_equal(tmp_path):
    run = make_run(recipe=replace(RECIPES["paper"], epochs=3))
    path = run.save(tmp_path / "a" / "run.json")
    assert Run.load(path) == run
    assert run.name == "resnet20_v1_pad-paper-seed0"
    assert run.test_error == 25.0
    assert run.epochs == 3
    assert [file.name for file in path.parent.iterdir()] == ["run.json"]
    of_a_caller = make_run(net=None, model="mine")
    assert Run.load(of_a_caller.save(path)) == of_a_caller


def with_change(change):
    """The JSON text of a run after `change` of its fields."""
    fields = json.loads(make_run().to_json())
    change(fields)
    return json.dumps(fields)


NO_RUNS = ["", "{", "[]", "null", '{"schema": 2}', '{"schema": 99}', '{"epochs": 3}', "\x00"]
CHANGES = [
    lambda fields: fields.update(status="won"),
    lambda fields: fields["history"].pop("seconds"),
    lambda fields: fields["history"]["error"].append(1.0),
    lambda fields: fields["recipe"].update(optimizer="adamant"),
    lambda fields: fields.update(schema=1),
    lambda fields: fields.pop("device"),
]


@pytest.mark.parametrize("text", [*NO_RUNS, *map(with_change, CHANGES)])
def test_a_damaged_or_foreign_file_is_a_clear_error(tmp_path, text):
    path = tmp_path / "run.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json is no run of schema 2 .*resnet_lib train"):
        Run.load(path)


def set_by(recipe, nets=(("none", 3), ("none", 9), ("pad", 3), ("pad", 9))):
    return [make_run(*net, recipe=recipe, errors=(50.0,) * recipe.epochs) for net in nets]


def save(folder, runs):
    for run in runs:
        run.save(folder / f"{run.name}.run.json")
    return runs


def test_the_headline_is_the_longest_complete_set_by_the_paper_s_schedule(tmp_path):
    assert headline_runs(tmp_path) == []
    quick = save(tmp_path, set_by(recipe_called("quick", 3)))
    assert headline_runs(tmp_path) == quick
    longer = save(tmp_path, set_by(recipe_called("quick", 6)))
    assert headline_runs(tmp_path) == longer
    paper = set_by(recipe_called("paper", 4))
    save(tmp_path, paper[:3])
    assert headline_runs(tmp_path) == longer, "one of the paper's four is missing"
    save(tmp_path, paper)
    save(tmp_path, [make_run(seed=1, recipe=recipe_called("paper", 9))])
    assert headline_runs(tmp_path) == paper, "longer ones by another schedule come after it"
    whole = save(tmp_path, set_by(recipe_called("paper", 5)))
    assert headline_runs(tmp_path) == whole
    assert complete_sets(tmp_path) == [whole, paper, longer, quick]


def test_measurements_are_those_of_the_best_set_that_is_measured(tmp_path):
    def measure(runs):
        for run in runs:
            nothing = {"settings": {}, "values": {}, "versions": {}}
            one = Measurement("surface", run.name, **nothing, backend="", device="", commit=None)
            one.save(tmp_path)

    def found():
        return [run for run, _ in headline_measurements("surface", tmp_path)]

    quick = save(tmp_path, set_by(recipe_called("quick", 3)))
    assert found() == []
    measure(quick)
    paper = save(tmp_path, set_by(recipe_called("paper", 2)))
    measure(paper[:3])
    assert found() == quick, "the paper's are not all measured"
    measure(paper)
    assert found() == paper


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
