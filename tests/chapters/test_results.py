"""What is said of runs: each sentence and table against runs whose answer is known."""

import re
from math import isclose

import numpy as np
import pytest
from made_up_runs import four_runs, make_run

from resnet_lib import NetSpec
from resnet_lib.chapters import results
from resnet_lib.tables import Said, Table


def with_errors(n, training, test, **changes):
    run = make_run("none", n, **changes)
    run.training_error = training
    run.history["test_error"][-1] = test
    return run


@pytest.mark.parametrize(
    ("deep", "verdict"),
    [
        ((15.0, 20.0), "The first picture: more layers helped."),
        ((15.0, 30.0), "The second picture: overfitting."),
        ((25.0, 30.0), "The third picture: degradation."),
        ((25.0, 20.0), "None of the three pictures: worse in training, and better on test images."),
        ((25.0, 25.5), "None of the three pictures is clear"),
        ((20.1, 30.0), "None of the three pictures is clear"),
    ],
)
def test_the_picture_follows_the_errors(deep, verdict):
    said = results.depth_effect([with_errors(9, *deep), with_errors(3, 20.0, 25.0)])
    assert verdict in said
    assert f"Plain-20 is wrong on 20.00 %, Plain-56 on {deep[0]:.2f} %" in said
    assert f"Plain-20 is wrong on 25.00 %, Plain-56 on {deep[1]:.2f} %" in said
    assert said.startswith("After 3 epochs. ")
    word = "more" if deep[0] > 20 else "less"
    assert f"{abs(deep[0] - 20):.2f} points {word}. On the test" in said


def test_without_two_depths_nothing_is_said_of_depth():
    assert results.depth_effect([]).startswith("Two runs of different depth are needed")
    assert results.depth_effect([make_run(), make_run(seed=1)]).startswith("Two runs of different")
    broken = make_run("none", 18, status="diverged", training_error=None)
    said = results.depth_effect([make_run("none"), broken])
    assert said == "Plain-110 diverged after epoch 3: no errors to compare."


def test_the_standard_error_is_the_scatter_of_counts():
    counts = np.random.default_rng(0).binomial(10_000, 0.1, 100_000) / 100
    assert isclose(results.standard_error(10.0), counts.std(), rel_tol=0.02)
    assert results.standard_error(0.0) == 0


def test_a_significant_difference_is_beyond_two_standard_errors_of_the_difference():
    apart = 2 * np.hypot(results.standard_error(10.0), results.standard_error(10.9))
    assert 0.8 < apart < 0.9
    assert results.is_significant(10.0, 10.9)
    assert results.is_significant(10.9, 10.0)
    assert not results.is_significant(10.0, 10.8)


def test_tables_hold_what_the_runs_hold():
    runs = four_runs()
    runs[0].history["test_error"] = [30.0, 20.0, 25.0]
    table = results.two_training_errors(runs)
    assert table.rows[0] == ("Plain-20", "20.00", "19.00", "-1.00")
    assert table.caption == "Recipe: quick (3 epochs, batches of 128). Seed: 0. Device: CPU (jax)."
    assert results.sampling(runs).rows[0] == ("Plain-20", "0", "2,500", "25.00", "0.43")
    assert results.pairs(runs).rows[0] == ("Plain-20", "Plain-56", "0.00", "1.22", "no")
    assert len(results.pairs(runs).rows) == 6
    runs[0].history["seconds"] = [90.0, 90.0, 120.0]
    assert results.what_was_trained(runs).rows[0] == (
        *("Plain-20", "20", "269,722", "quick", "3", "0", "5", "CPU (jax)"),
    )


def test_seeds_are_counted_and_their_spread_is_the_sample_s():
    assert results.seeds(four_runs()).startswith("Each of the 4 nets here was trained once")
    runs = [make_run(errors=(error,), seed=seed) for seed, error in enumerate((4.0, 5.0, 7.0))]
    mean, deviation = np.mean([9, 10, 12]), np.std([9, 10, 12], ddof=1)
    said = f"ResNet-20: {mean:.2f} ± {deviation:.2f} % over 3 seeds."
    assert said in results.seeds([*runs, make_run("none")])


def test_versions_are_set_side_by_side_at_equal_depth():
    v2 = make_run(net=NetSpec("v2", 2), parameters=570_602)
    runs = [*four_runs(), make_run("projection"), v2]
    assert [row[:3] for row in results.versions(runs).rows] == [
        ("ResNet-20 v1", "pad", "269,722"),
        ("ResNet-20 v1", "projection", "269,722"),
        ("ResNet-20 v2", "projection", "570,602"),
    ]
    assert repr(results.versions(four_runs())).startswith("No run of version 2")


def test_comparable_runs_share_the_recipe_of_the_four(tmp_path):
    assert results.comparable_runs(tmp_path) == []
    longer = make_run(errors=(60.0, 40.0, 20.0, 10.0))
    others = [make_run("none", 18, status="diverged", training_error=None), make_run(seed=1)]
    for number, run in enumerate([*four_runs(), longer, *others]):
        run.save(tmp_path / f"{number}.run.json")
    runs = results.comparable_runs(tmp_path)
    assert [(run.net.shortcut, run.net.depth, run.seed) for run in runs] == [
        *(("none", 20, 0), ("none", 56, 0), ("none", 110, 0)),
        *(("pad", 20, 0), ("pad", 20, 1), ("pad", 56, 0)),
    ]


@pytest.mark.parametrize("name", ["what_was_trained", "two_training_errors", "sampling", "pairs"])
def test_no_run_is_told_in_a_sentence(name):
    table = getattr(results, name)([])
    assert repr(table) == "No run is recorded yet."
    assert table._repr_html_() == '<p class="rl-said">No run is recorded yet.</p>'


# ---------------------------------------------------------------- how it is shown


def test_a_table_is_html_on_the_page_and_text_elsewhere():
    table = Table(["net", "error, %"], [("a<b\nquiet & small", "1.50")], caption="by <me>")
    html = table._repr_html_()
    assert "<p>by &lt;me&gt;</p>" in html
    assert "a&lt;b<small>quiet &amp; small</small>" in html
    assert re.search(r'<td style="text-align: right;"> *1\.50<', html)
    assert 'tabindex="0"' in html
    assert repr(table).endswith("by <me>")
    assert "1.50" in repr(table)


def test_a_finding_is_prose():
    said = Said("a < b by 3 %")
    assert said._repr_html_() == '<p class="rl-said">a &lt; b by 3&nbsp;%</p>'
    assert repr(said) == "a < b by 3 %"
