"""What the paper reports, and our runs beside it."""

from dataclasses import replace

import pytest
from made_up_runs import four_runs, make_run

from resnet_lib import RECIPES, NetSpec
from resnet_lib.chapters import reported_cifar
from resnet_lib.chapters.reported_cifar import (
    REPORTED,
    beside_the_paper,
    comparability,
    find_result,
    order,
)

PAPER = RECIPES["paper"]


def test_the_reported_errors_are_those_of_table_6():
    said = {one.name: str(one) for one in REPORTED}
    assert said == {
        "ResNet-20": "8.75",
        "ResNet-32": "7.51",
        "ResNet-44": "7.17",
        "ResNet-56": "6.97",
        "ResNet-110": "6.43 (6.61 ± 0.16)",
        "ResNet-1202": "7.93",
        "Plain-110": "> 60",
        "Highway-19": "7.54 (7.72 ± 0.16)",
        "Highway-32": "8.80",
    }
    for one in REPORTED:
        assert one.source.startswith("He et al. 2015, arXiv 1512.03385, ")
        if one.net:
            assert one.name.endswith(f"-{one.net.depth}")


@pytest.mark.parametrize(
    "net", [("v1", 3, "none"), ("v1", 3, "projection"), ("v2", 6, "pad"), ("v1", 3, "highway")]
)
def test_what_the_paper_did_not_train_it_does_not_report(net):
    assert find_result(NetSpec(*net)) is None
    assert find_result(None) is None


def test_the_precision_of_the_arithmetic_is_no_other_recipe():
    assert reported_cifar.has_paper_recipe(make_run(recipe=PAPER))
    half = replace(PAPER, name="paper-half", precision="mixed_bfloat16")
    assert reported_cifar.has_paper_recipe(make_run(recipe=half))
    assert not reported_cifar.has_paper_recipe(make_run(recipe=replace(PAPER, epochs=20)))
    assert not reported_cifar.has_paper_recipe(make_run())


def rows_of(table):
    return {row[0].split("\n")[0]: dict(zip(table.headers, row, strict=True)) for row in table.rows}


def test_each_run_stands_beside_its_net_and_the_others_below():
    runs = [*four_runs(), make_run("none", 18, recipe=replace(PAPER, epochs=3))]
    rows = rows_of(beside_the_paper(runs))
    resnet = rows["ResNet-20"]
    assert resnet["the paper’s test error, %"] == "8.75\nonly in order"
    assert (resnet["training error, %"], resnet["test error, %"]) == ("19.00", "25.00")
    assert (resnet["epochs"], resnet["seed"], resnet["device"]) == ("3", "0", "CPU")
    assert rows["Plain-20"]["the paper’s test error, %"] == "–"
    assert rows["Plain-110"]["the paper’s test error, %"] == "> 60\nonly in order"
    below = [row for row in beside_the_paper(runs).rows if row[0].endswith("not run here")]
    assert len(below) == 6, "20 and 56 of the residual nets and Plain-110 are above"
    assert all(row[3].split("\n")[0] == str(REPORTED_OF[row[0]]).split(" (")[0] for row in below)


REPORTED_OF = {f"{one.name}\nnot run here": one for one in REPORTED}


def test_by_the_paper_s_recipe_the_levels_count_too():
    runs = [make_run("pad", n, recipe=PAPER) for n in (3, 9)]
    assert rows_of(beside_the_paper(runs))["ResNet-20"]["the paper’s test error, %"] == "8.75"
    assert "level and order may both be compared" in comparability(runs)


def test_another_recipe_is_told_plainly():
    said = comparability(four_runs())
    assert said.startswith("All runs here were trained by another recipe than the paper’s")
    assert "“quick”, 3 epochs; the paper: 164 epochs" in said
    assert "not comparable with the paper’s in level. Only the order of the nets is" in said
    mixed = comparability([make_run(recipe=PAPER), make_run()])
    assert mixed.startswith("1 of the 2 runs here were")
    assert comparability([]) == "No run is recorded yet."


def test_a_run_that_broke_off_says_so():
    run = make_run("none", 18, recipe=PAPER, status="diverged", training_error=None)
    (row, *_) = beside_the_paper([run]).rows
    assert row[0] == "Plain-110\ndiverged"
    assert row[6] == "3\nof 164"
    assert row[1] == "–"


def test_the_order_is_that_of_the_runs():
    runs = [make_run("pad", 3, errors=(60.0, 30.0)), make_run("pad", 9, errors=(60.0, 20.0))]
    assert order(runs) == (
        "Best first, ours: ResNet-56 25.00 %, ResNet-20 35.00 %. "
        "The paper’s: ResNet-56 6.97 %, ResNet-20 8.75 %. The order is the same."
    )
    runs[1].history["test_error"][-1] = 36.0
    assert order(runs).endswith(
        "The order is not the same, but some of ours are too near each other to be ordered at all."
    )
    assert order(runs[:1]).startswith("Fewer than two of these nets")
