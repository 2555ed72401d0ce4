"""The figures: what is drawn is what was given."""

import json
import re
import shutil
import struct
import subprocess
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from made_up_runs import four_runs, make_run
from matplotlib.colors import to_rgb

from resnet_lib import RECIPES, lr_schedule
from resnet_lib.chapters import plots
from resnet_lib.runs.curves import rate_marks, runs_caption, runs_to_curves
from resnet_lib.widgets.architecture_explorer.picture import architecture_picture
from resnet_lib.widgets.error_curves.picture import error_curves_picture
from resnet_lib.widgets.shared.widget import WIDGETS


def texts_of(axes):
    return [text.get_text() for text in axes.texts]


def test_learning_rates_are_drawn_as_they_are_and_shown_at_twice_the_size_on_paper():
    figure = plots.learning_rates({"article": lr_schedule}, epochs=200)
    (axes,) = figure.axes
    (line,) = axes.lines
    assert list(line.get_ydata()) == [lr_schedule(epoch) for epoch in range(200)]
    assert axes.get_yscale() == "log"
    assert texts_of(axes) == ["article"]
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    # matplotlib rounds to whole pixels, one version up and another down
    size = struct.unpack(">II", png[16:24])
    assert np.allclose(size, figure.get_size_inches() * 144, rtol=0, atol=1)


def test_curves_have_their_colours_and_labels_at_their_ends_that_do_not_overlap():
    curves = {"plain": (plots.PLAIN, [1, 0.2, 0.1]), "residual": (plots.V1, [1, 0.8, 0.7])}
    before = dict(matplotlib.rcParams)
    axes = plots.depth_curves(curves, ylabel="correlation").axes[0]
    assert dict(matplotlib.rcParams) == before, "the style stays in the book"
    assert texts_of(axes) == list(curves)
    for line, label, (colour, values) in zip(axes.lines, axes.texts, curves.values(), strict=True):
        assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3], values)
        assert line.get_color() == label.get_color() == colour
        assert label.xy == (3, values[-1])
    close = {name: (plots.V1, [1, end]) for name, end in (("a", 0.1), ("b", 0.102), ("c", 0.1))}
    figure = plots.depth_curves(close, ylabel="correlation")
    figure.draw_without_rendering()
    boxes = sorted((text.get_window_extent() for text in figure.axes[0].texts), key=lambda b: b.y0)
    assert all(below.y1 <= above.y0 for below, above in pairwise(boxes))


def test_a_grid_holds_every_image():
    images = np.arange(2 * 3 * 4 * 4 * 3, dtype="uint8").reshape(2, 3, 4, 4, 3)
    figure = plots.image_grid(images, labels=["a", "b"], titles=["1", "2", "3"])
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert np.array_equal(np.reshape(shown, images.shape), images)
    assert [axes.get_ylabel() for axes in figure.axes[::3]] == ["a", "b"]


@pytest.mark.parametrize(
    ("version", "shortcut", "words"),
    [
        ("v1", "pad", "ResNet v1 of depth 20: .* with 16, 32 and 64 channels, a shortcut around"),
        ("v2", "projection", "ResNet v2 of depth 29: .* with 64, 128 and 256 channels"),
        ("v1", "none", "plain net v1 of depth 20: .*, no shortcuts"),
        ("v2", "highway", "highway net v2 of depth 29"),
    ],
)
def test_the_picture_of_a_net_says_what_it_is(version, shortcut, words):
    picture = architecture_picture(version, 3, shortcut)
    alt = re.search('alt="([^"]*)"', picture)[1]
    assert re.match(words, alt)
    assert 'src="data:image/png;base64,' in picture


def test_error_curves_are_those_of_the_runs_and_drawn_as_the_book_says():
    runs = four_runs()
    axes = plots.error_curves(runs).axes[0]
    for run, training, test in zip(runs, axes.lines[::2], axes.lines[1::2], strict=True):
        assert list(test.get_xdata()) == [1, 2, 3]
        errors = [list(line.get_ydata()) for line in (training, test)]
        assert errors == [run.history["error"], run.history["test_error"]]
        assert (test.get_linestyle(), training.get_linestyle()) == ("-", "--")
        assert test.get_color() == training.get_color()
    assert texts_of(axes) == ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]
    assert axes.get_ylim()[0] == 0
    assert axes.get_xlabel() == "epoch"


def test_deeper_is_darker():
    brightness = [sum(to_rgb(plots.shade(plots.V1, depth))) for depth in (20, 32, 56, 110)]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 4
    assert plots.shade(plots.V1, 20) == plots.V1.lower()


def test_error_curves_of_seeds_of_runs_that_broke_off_and_of_steep_beginnings():
    axes = plots.error_curves([make_run(seed=seed) for seed in range(3)], curves="test").axes[0]
    assert texts_of(axes) == ["ResNet-20"]
    assert len({line.get_color() for line in axes.lines}) == 1
    broken = make_run("none", 18, errors=(90.0, 91.0), status="diverged", training_error=None)
    axes = plots.error_curves([make_run(), broken], curves="test", scale="log").axes[0]
    assert axes.get_yscale() == "log"
    assert set(texts_of(axes)) == {"ResNet-20", "Plain-110, diverged"}
    assert [len(line.get_xdata()) for line in axes.lines] == [3, 2]
    errors = [90.0] + 39 * [13.0]  # test errors 95 and 18
    assert 18 < plots.error_curves(make_run(errors=errors)).axes[0].get_ylim()[1] < 20


@pytest.mark.parametrize("runs", [[], make_run(errors=()), make_run(errors=(50.0,))])
def test_hardly_any_curve_is_a_figure_too(runs):
    assert plots.error_curves(runs)._repr_png_().startswith(b"\x89PNG")


STEPS = [0.1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.001, 0.001, 0.001]


def run_with(rates, **changes):
    run = make_run(errors=tuple(90.0 - 9 * epoch for epoch in range(len(rates))), **changes)
    run.history["learning_rate"] = rates
    return run


def test_steps_of_the_rate_are_marked_and_a_rate_that_always_changes_has_a_strip():
    figure = plots.error_curves([run_with(STEPS), run_with(STEPS[:5], shortcut="none")])
    (axes,) = figure.axes
    (marks,) = axes.collections
    assert [segment[0][0] for segment in marks.get_segments()] == [3.5, 6.5]
    (above,) = axes.child_axes
    assert [text.get_text() for text in above.get_xticklabels()] == ["rate ÷ 10", "rate ÷ 10"]
    axes, strip = plots.error_curves(run_with([0.1, 0.2, 0.15, 0.1, 0.05])).axes
    (line,) = strip.lines
    assert np.allclose(line.get_ydata(), [0.5, 1, 0.75, 0.5, 0.25])
    assert strip.get_xlim() == axes.get_xlim()
    assert not axes.collections


def test_under_the_figure_stand_recipe_seed_and_device():
    runs = four_runs(device="a very old machine")
    said = "Recipe: quick (3 epochs, batches of 128). Seed: 0. Device: a very old machine (jax)."
    assert plots.error_curves(runs).get_supxlabel().replace("\n", " ") == said
    assert said in error_curves_picture(runs_to_curves(runs), "both", "linear")


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_figure_says_and_marks_what_the_widget_does():
    """The captions and the marks of both, for runs that differ in all that can differ."""
    warm = [0.01, *STEPS[1:]]
    runs = [
        run_with(STEPS),
        run_with(warm, n=18, seed=2),
        run_with(STEPS[:4], shortcut="none", seed=1, device="H100"),
        run_with([1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.0], recipe=RECIPES["article"]),
    ]
    several = [runs_to_curves(some) for some in (runs, runs[:1], runs[:2], runs[2:])]
    script = (
        f'import {{ findRateMarks }} from "{WIDGETS.as_uri()}/shared/learning_rates.mjs";'
        f'import {{ describeTraining }} from "{WIDGETS.as_uri()}/shared/recorded_runs.mjs";'
        f"const describe = (runs) => [describeTraining(runs), findRateMarks(runs)];"
        f"console.log(JSON.stringify({json.dumps(several)}.map(describe)))"
    )
    node = ["node", "--input-type=module", "-e", script]
    done = subprocess.run(node, capture_output=True, text=True, check=True)
    for curves, (caption, marks) in zip(several, json.loads(done.stdout), strict=True):
        assert runs_caption(curves) == caption
        theirs = [(m["at"], f"{m['who']}: {m['text']}" if m["who"] else m["text"]) for m in marks]
        assert sorted(rate_marks(curves)) == sorted(theirs)
