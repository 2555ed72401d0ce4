"""What figures, tables and sentences say of measurements, on some that are made up."""

import numpy as np
import pytest
from made_up_runs import make_run

from resnet_lib import captions, explanations, measured
from resnet_lib.measurements import Measurement
from resnet_lib.runs import headline_runs

LAYERS = ["stem_conv", "middle_conv", "last_conv", "classifier"]
FIGURES = ("gradients", "spreads", "along_training", "neighbours", "path_lengths", "surfaces")
WORDS = (
    *("ratios", "said_of_untrained", "said_of_growth", "ratios_along", "said_along"),
    *("said_of_neighbours", "path_table", "said_of_paths"),
    *("surface_table", "said_of_surfaces"),
)


def called(name):
    return getattr(measured if hasattr(measured, name) else explanations, name)


def keep(folder, what, subject, values, **settings):
    one = Measurement(
        what=what,
        subject=subject,
        settings={"images": 128} | settings,
        values=values,
        backend="jax",
        versions={},
        device="a made-up device",
        commit="0" * 12,
    )
    one.save(folder)


@pytest.fixture
def folder(tmp_path):
    """Untrained nets of every kind at 20 and 56 layers, and four runs."""
    first = {"sigmoid": 1e-14, "glorot": 2e-5, "he": 0.1, "plain": 50.0, "residual": 2.0}
    for depth in (20, 56):
        for kind, norm in first.items():
            norm = 0 if kind == "sigmoid" and depth == 56 else norm
            last = 1e-5 if kind == "glorot" else 0.5
            norms = [[norm, max(norm, last), last, 1.0], [4 * norm, last, last, 1.0]]
            values = {"layers": LAYERS, "gradients": norms}
            values |= {"activations": LAYERS[:3], "spreads": [[1, 0.5, 0.1], [1, 0.4, 0.2]]}
            keep(tmp_path, "untrained", f"{kind}-{depth}", values, seeds=[0, 1])
        for kind in ("plain", "residual"):
            alike = {"alike": [[1, 0.6, 0.1], [1, 0.4, 0.3]]}
            keep(tmp_path, "correlation", f"{kind}-{depth}", alike, seeds=[0, 1], points=9)
        paths = {"paths": [[1, 3, 3, 1]], "arriving": [[4, 3, 2, 1]], "one_path": [[4, 4, 4, 4]]}
        paths["whole"] = [5]
        keep(tmp_path, "paths", f"residual-{depth}", paths, seeds=[0])
    for n in (3, 9):
        for shortcut in ("none", "pad"):
            run = make_run(shortcut, n)
            run.save(tmp_path / f"{run.name}.run.json")
            norms = [[40.0, 1.0, 0.5, 1.0], [0.3, 0.2, 0.1, 1.0]]
            values = {"layers": LAYERS, "gradients": norms}
            keep(tmp_path, "training", run.name, values, run=run.name, epochs=[0, 2])
            loss = np.full((3, 3), 4.0)
            loss[1, 1] = 0.5
            loss[0, 0] = 2.0
            values = {"at": [[-1, 0, 1]], "loss": [loss.tolist()]}
            settings = {"steps": 3, "seed": 0, "run": run.name, "epochs": [2]}
            keep(tmp_path, "surface", run.name, values, **settings)
    return tmp_path


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_and_says_its_settings(folder, name):
    figure = called(name)(folder)
    assert figure._repr_png_(dpi=40).startswith(b"\x89PNG")
    assert "a made-up device (jax, float32)" in " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize("name", FIGURES)
def test_with_nothing_measured_a_figure_says_so(tmp_path, name):
    figure = called(name)(tmp_path)
    figure._repr_png_(dpi=40)
    assert "python -m resnet_lib record" in " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize("name", WORDS)
def test_with_nothing_measured_words_say_so(tmp_path, name):
    assert "python -m resnet_lib record" in repr(called(name)(tmp_path))


def row(table, *begins):
    (found,) = [one for one in table.rows if one[: len(begins)] == begins]
    return found[len(begins) :]


def test_ratios_are_geometric_means_over_the_seeds(folder):
    table = measured.ratios(folder)
    assert row(table, "plain, batch norm", "20") == ("100", "0.5", "200")  # 50 and 200, over 0.5
    assert row(table, "sigmoid", "20") == ("2.0·10⁻¹⁴", "0.5", "4.0·10⁻¹⁴")
    assert row(table, "sigmoid", "56") == ("0 in float32", "0.5", "0 in float32")
    assert "seeds 0, 1" in table.caption


def test_the_sentence_on_untrained_nets_follows_them(folder):
    said = measured.said_of_untrained(folder, depth=20)
    assert "at 20 layers: 4.0·10⁻¹⁴ (sigmoid), " in said
    assert "200 (plain, batch norm)" in said
    assert "own norm: 0.5 (sigmoid), 1.0·10⁻⁵ (ReLU, Glorot), 0.5 (ReLU, He)" in said
    assert "0 in float32 (sigmoid)" in measured.said_of_untrained(folder)


def test_growth_is_a_factor_a_layer(folder):
    said = measured.said_of_growth(folder)
    assert "From 20 to 56 layers" in said
    assert "by a factor of 1.00 a layer in the plain net and by a factor of 1.00" in said


def test_along_the_training(folder):
    table = measured.ratios_along(folder)
    assert table.headers == ["net", "start", "epoch 2"]
    assert row(table, "Plain-56") == ("80", "3")
    said = measured.said_along(folder)
    assert "In Plain-56" in said
    assert "80 times the last one’s at the start and 3 times at the end" in said
    assert "was 0.1, and never less than 1 times the last kernel’s. They did not vanish." in said


def test_gradients_that_did_shrink_are_said_to(folder):
    (run,) = [one for one in headline_runs(folder) if one.model == "plain56_v1"]
    for norms in ([1e-9, 0.2, 0.1, 1.0], [0.1, 1e-9, 0.1, 1.0], [1e-9, 1e-9, 1e-9, 1e-9]):
        values = {"layers": LAYERS, "gradients": [[40.0, 1.0, 0.5, 1.0], norms]}
        keep(folder, "training", run.name, values, run=run.name, epochs=[0, 2])
        assert "They did vanish, or came near it." in measured.said_along(folder)


def test_neighbours_are_averaged_over_the_seeds(folder):
    said = explanations.said_of_neighbours(folder)
    assert "plain, batch norm: 0.50 at 20 layers, 0.50 at 56 layers; residual, batch" in said


def test_the_table_of_paths(folder):
    table = explanations.path_table(folder)
    found = row(table, "ResNet-20, untrained")
    assert found == ("3", "1 branches", "1 branches", "3.2", "2")  # 32 over 10, 10 over 5


def test_short_paths_are_claimed_of_those_nets_where_they_are(folder):
    none = "Half of the gradient comes by shorter paths than half of all paths are in none of"
    assert explanations.said_of_paths(folder).startswith(none)
    paths = {"paths": [[1, 3, 3, 1]], "arriving": [[9, 1, 1, 1]], "one_path": [[4, 4, 4, 4]]}
    paths["whole"] = [5]
    keep(folder, "paths", "residual-56", paths, seeds=[0])
    said = explanations.said_of_paths(folder)
    assert "in ResNet-56, untrained; not in ResNet-20, untrained." in said


def test_the_table_of_surfaces(folder):
    table = explanations.surface_table(folder)
    assert row(table, "ResNet-20") == ("0.50", "3.75", "22", "4")


def test_the_wider_surface_is_named_at_each_depth(folder):
    (run,) = [one for one in headline_runs(folder) if one.model == "plain56_v1"]
    values = {"at": [[-1, 0, 1]], "loss": [[[1.0] * 3] * 3]}
    keep(folder, "surface", run.name, values, steps=3, seed=0, run=run.name, epochs=[2])
    said = explanations.said_of_surfaces(folder)
    assert "at 56 layers around Plain-56 (100 % of the square, ResNet-56 22 %)." in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0 in float32"),
        (0.31, "0.31"),
        (330.4, "330"),
        (5.1e-14, "5.1·10⁻¹⁴"),
        (123456, "1.2·10⁵"),
        (0.00012, "1.2·10⁻⁴"),
    ],
)
def test_a_number_is_said_as_one_reads_it(value, said):
    assert captions.power(value) == said
