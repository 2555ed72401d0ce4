"""What figures, tables and sentences say of measurements, on some that are made up."""

import pytest
from made_up_runs import make_run

from resnet_lib.chapters import captions, explanations, signals
from resnet_lib.runs.measurements import Measurement
from resnet_lib.runs.run import headline_runs

LAYERS = ["stem_conv", "middle_conv", "last_conv", "classifier"]
FIGURES = ("gradients", "spreads", "along_training", "neighbours", "path_lengths", "surfaces")
WORDS = (
    *("ratios", "said_of_untrained", "said_of_growth", "ratios_along", "said_along"),
    *("said_of_neighbours", "path_table", "said_of_paths"),
    *("surface_table", "said_of_surfaces"),
)


def called(name):
    return getattr(signals if hasattr(signals, name) else explanations, name)


def keep(folder, what, subject, values, **settings):
    where = {"backend": "jax", "versions": {}, "device": "a made-up device", "commit": "0" * 12}
    Measurement(what, subject, {"images": 128} | settings, values, **where).save(folder)


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
            loss = [[2.0, 4.0, 4.0], [4.0, 0.5, 4.0], [4.0, 4.0, 4.0]]
            values = {"at": [[-1, 0, 1]], "loss": [loss]}
            settings = {"steps": 3, "seed": 0, "run": run.name, "epochs": [2]}
            keep(tmp_path, "surface", run.name, values, **settings)
    return tmp_path


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_draws_and_says_its_settings(folder, name):
    figure = called(name)(folder)
    assert figure._repr_png_(dpi=40).startswith(b"\x89PNG")
    assert "a made-up device (jax, float32)" in " ".join(figure.get_supxlabel().split())


@pytest.mark.parametrize("name", FIGURES + WORDS)
def test_with_nothing_measured_a_command_is_named(tmp_path, name):
    found = called(name)(tmp_path)
    if name in FIGURES:
        found._repr_png_(dpi=40)
        found = found.get_supxlabel()
    said = found if isinstance(found, str) else repr(found)
    assert "python -m resnet_lib record" in " ".join(said.split())


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("ratios", ("plain, batch norm", "20", "100", "0.5", "200")),  # 100: mean of 50 and 200
        ("ratios", ("sigmoid", "20", "2.0·10⁻¹⁴", "0.5", "4.0·10⁻¹⁴")),
        ("ratios", ("sigmoid", "56", "0 in float32", "0.5", "0 in float32")),
        ("ratios_along", ("Plain-56", "80", "3")),
        # 32 over 10, 10 over 5
        ("path_table", ("ResNet-20, untrained", "3", "1 branches", "1 branches", "3.2", "2")),
        ("surface_table", ("ResNet-20", "0.50", "3.75", "22", "4")),
    ],
)
def test_a_row_of_a_table(folder, table, row):
    assert row in called(table)(folder).rows


def test_tables_name_their_seeds_and_epochs(folder):
    assert "seeds 0, 1" in signals.ratios(folder).caption
    assert signals.ratios_along(folder).headers == ["net", "start", "epoch 2"]


SAID = {
    "said_of_untrained": ["0 in float32 (sigmoid)"],
    "said_of_growth": [
        "From 20 to 56 layers",
        "by a factor of 1.00 a layer in the plain net and by a factor of 1.00",
    ],
    "said_along": [
        "In Plain-56",
        "80 times the last one’s at the start and 3 times at the end",
        "was 0.1, and never less than 1 times the last kernel’s. They did not vanish.",
    ],
    "said_of_neighbours": [
        "plain, batch norm: 0.50 at 20 layers, 0.50 at 56 layers; residual, batch"
    ],
}


@pytest.mark.parametrize("name", SAID)
def test_a_sentence_follows_the_figures(folder, name):
    for words in SAID[name]:
        assert words in called(name)(folder)


def test_the_sentence_on_untrained_nets_is_of_one_depth(folder):
    said = signals.said_of_untrained(folder, depth=20)
    assert "at 20 layers: 4.0·10⁻¹⁴ (sigmoid), " in said
    assert "200 (plain, batch norm)" in said
    assert "own norm: 0.5 (sigmoid), 1.0·10⁻⁵ (ReLU, Glorot), 0.5 (ReLU, He)" in said


def plain_56(folder):
    (run,) = [one for one in headline_runs(folder) if one.model == "plain56_v1"]
    return run.name


@pytest.mark.parametrize(
    "norms", [[1e-9, 0.2, 0.1, 1.0], [0.1, 1e-9, 0.1, 1.0], [1e-9, 1e-9, 1e-9, 1e-9]]
)
def test_gradients_that_shrink_are_said_to(folder, norms):
    values = {"layers": LAYERS, "gradients": [[40.0, 1.0, 0.5, 1.0], norms]}
    name = plain_56(folder)
    keep(folder, "training", name, values, run=name, epochs=[0, 2])
    assert "They did vanish, or came near it." in signals.said_along(folder)


def test_short_paths_are_claimed_of_the_nets_that_have_them(folder):
    none = "Half of the gradient comes by shorter paths than half of all paths are in none of"
    assert explanations.said_of_paths(folder).startswith(none)
    paths = {"paths": [[1, 3, 3, 1]], "arriving": [[9, 1, 1, 1]], "one_path": [[4, 4, 4, 4]]}
    keep(folder, "paths", "residual-56", paths | {"whole": [5]}, seeds=[0])
    said = explanations.said_of_paths(folder)
    assert "in ResNet-56, untrained; not in ResNet-20, untrained." in said


def test_the_wider_surface_is_named_at_each_depth(folder):
    values, name = {"at": [[-1, 0, 1]], "loss": [[[1.0] * 3] * 3]}, plain_56(folder)
    keep(folder, "surface", name, values, steps=3, seed=0, run=name, epochs=[2])
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
