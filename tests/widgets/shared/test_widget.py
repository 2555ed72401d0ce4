"""The widgets' Python half: traits, the static HTML, the module as one source."""

import re
import shutil
import subprocess
import sys
import types

import pytest
import traitlets
from made_up_runs import four_runs, make_run
from static_copies import read_alt, read_state

from resnet_lib import (
    RECIPES,
    ArchitectureExplorer,
    BlockSwitchboard,
    ErrorCurves,
    GradientLab,
    NetSpec,
)
from resnet_lib.inside import dense
from resnet_lib.widgets.catalog import page_modules
from resnet_lib.widgets.error_curves import widget as error_curves
from resnet_lib.widgets.gradient_lab.descriptions import describe_gradients, describe_slopes
from resnet_lib.widgets.prediction.widget import Prediction
from resnet_lib.widgets.shared.widget import UNUSED_STYLE, WIDGETS, style_source

MAKERS = {
    "ArchitectureExplorer": ArchitectureExplorer,
    "BlockSwitchboard": BlockSwitchboard,
    "ErrorCurves": lambda **traits: ErrorCurves(traits.pop("runs", []), **traits),
    "GradientLab": GradientLab,
    "Prediction": lambda: Prediction.choice("Right?", options=["a", "b"], answer=0, reveal="c"),
}


def test_the_static_html_accompanies_the_live_view():
    data, _ = ArchitectureExplorer(version="v2", n=6)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    static_html = data["text/html"]
    assert 'data-rl-module="architecture_explorer"' in static_html
    assert read_state(static_html) == {"version": "v2", "n": 6, "shortcut": "projection"}
    assert '<div class="rl-picture"><img alt="ResNet v2 of depth 56' in static_html


@pytest.mark.parametrize("name", MAKERS)
def test_colab_gets_the_live_view_alone(monkeypatch, name):
    """ipywidgets 7 would call `_ipython_display_` and pass over the bundle with the static HTML."""
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    widget = MAKERS[name]()
    data, _ = widget._repr_mimebundle_()
    assert "text/html" not in data
    assert "application/vnd.jupyter.widget-view+json" in data
    assert widget._ipython_display_ is None


def test_no_state_can_end_its_script():
    class Named(ArchitectureExplorer):
        label = traitlets.Unicode("").tag(sync=True)

    static_html = Named(label="</script><script>alert(1)</script>").static_html()
    assert static_html.count("</script>") == 1
    assert read_state(static_html)["label"] == "</script><script>alert(1)</script>"


WRONG = {
    "ArchitectureExplorer": [
        *({"version": "v3"}, {"n": 0}, {"n": 201}, {"n": "three"}, {"shortcut": "long"}),
    ],
    "ErrorCurves": [{"curves": "all"}, {"scale": "cubic"}, {"epoch": -1}, {"shown": 3}],
    "GradientLab": [
        *({"depth": 0}, {"depth": 101}, {"depth": 2.5}, {"seed": 1000}, {"activation": "gelu"}),
        *({"initialization": "large"}, {"normalization": "layer"}, {"skip": 1}, {"show": "plot"}),
    ],
}
SENT = {
    "ArchitectureExplorer": {"version": "v2", "n": 18, "shortcut": "pad"},
    "ErrorCurves": {"scale": "log", "epoch": 2, "curves": "training", "shown": ["a run"]},
    "GradientLab": {"depth": 56, "seed": 7, "show": "slopes"} | dense.PRESETS["residual"],
    "BlockSwitchboard": {
        **{"net": "ResNet-56", "scales": [0.5] * 27, "block": "stage3_block9", "image": -1},
    },
}


@pytest.mark.parametrize(("name", "wrong"), [(name, one) for name in WRONG for one in WRONG[name]])
def test_a_wrong_trait_is_refused(name, wrong):
    with pytest.raises(traitlets.TraitError, match=next(iter(wrong))):
        MAKERS[name](**wrong)


@pytest.mark.parametrize("name", SENT)
def test_traits_follow_what_the_page_sends(name):
    widget = MAKERS[name]()
    widget.set_state(SENT[name])
    assert SENT[name].items() <= widget.state().items()


@pytest.mark.parametrize("name", page_modules())
def test_a_module_resolves_without_a_path(name, tmp_path):
    """From a blob no relative import resolves, so none may be left; and it must still parse."""
    source = page_modules()[name]
    assert not re.search(r"^\s*(import|export)\b.*\bfrom\b", source, re.MULTILINE)
    assert len(re.findall(r"^export default", source, re.MULTILINE)) == 1
    if shutil.which("node"):
        path = tmp_path / "module.mjs"
        path.write_text(source, encoding="utf-8")
        done = subprocess.run(["node", "--check", path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_a_module_contains_its_imports_once_and_in_order():
    source = page_modules()["gradient_lab"]
    firsts = [
        "export function createId",
        "export function drawNormals",
        "export function createNet",
    ]
    places = [source.index(first) for first in [*firsts, "export function createPlot", "render({"]]
    assert [source.count(first) for first in firsts] == [1, 1, 1]
    assert places[1:] == sorted(places[1:])
    assert max(places) == places[-1]


def test_every_widget_has_its_module():
    modules = (path.read_text(encoding="utf-8") for path in WIDGETS.rglob("*.mjs"))
    assert len(page_modules()) == sum("\nexport default" in module for module in modules)


@pytest.mark.parametrize("name", MAKERS)
def test_a_live_widget_holds_the_style_of_its_own_folders_alone(name):
    own = {"BlockSwitchboard": ["block_switchboard", "net_in_page"]}
    marks = {
        **{"architecture_explorer": ".rl-detail {", "block_switchboard": ".rl-switchboard {"},
        **{"error_curves": ".rl-curve-controls {", "gradient_lab": ".rl-lab-controls {"},
        **{"net_in_page": ".rl .rl-picture-input {", "prediction": ".rl-option input {"},
        "training_dashboard": ".rl-training-controls {",
    }
    style = MAKERS[name]()._css
    assert style.startswith(".rl {")
    folders = [folder for folder, mark in marks.items() if mark in style]
    assert folders == own.get(name, [re.sub("(?<!^)(?=[A-Z])", "_", name).lower()])


def test_the_style_of_the_page_is_every_sheet_once_without_comments_and_indents():
    style = style_source()
    paths = WIDGETS.rglob("*.css")
    sheets = [UNUSED_STYLE.sub("", path.read_text(encoding="utf-8")) for path in paths]
    assert all(sheet in style for sheet in sheets)
    assert len(style) == sum(map(len, sheets))
    assert "/*" not in style


def test_the_widget_holds_the_errors_of_its_runs():
    first, last = make_run("none"), make_run("pad", 9, errors=(60.1234567, 40.0))
    state = read_state(ErrorCurves([first, last], curves="test", epoch=2).static_html())
    assert (state["curves"], state["scale"], state["epoch"]) == ("test", "linear", 2)
    assert [run["name"] for run in state["runs"]] == [first.name, last.name]
    assert last.training_error == 39
    assert {
        "error": [60.123, 40.0],
        "test_error": [65.123, 45.0],
        "training_error": 39,
        "label": "ResNet-56",
        **{"kind": "v1", "version": "v1", "shortcut": "pad", "depth": 56, "recipe": "quick"},
        **{"batch_size": 128, "epochs": 2, "seed": 0, "parameters": 269_722},
        **{"status": "finished", "device": "CPU", "backend": "jax"},
    }.items() <= state["runs"][1].items()


@pytest.mark.parametrize(
    ("net", "kind", "label"),
    [
        (("v1", 9, "none"), "plain", "Plain-56"),
        (("v1", 3, "highway"), "highway", "Highway-20"),
        (("v1", 3, "projection"), "v1", "ResNet-20"),
        (("v2", 6, "projection"), "v2", "ResNet-56 v2"),
        (None, "own", "mine"),
    ],
)
def test_a_net_has_its_kind_and_its_label(net, kind, label):
    (curve,) = ErrorCurves(make_run(net=net and NetSpec(*net), model="mine")).runs
    assert (curve["kind"], curve["label"]) == (kind, label)


V2 = make_run(net=NetSpec("v2", 2, "pad"))


@pytest.mark.parametrize(
    ("runs", "labels"),
    [
        ([make_run(), V2], ["ResNet-20 v1", "ResNet-20 v2"]),
        ([make_run("none"), V2], ["Plain-20", "ResNet-20 v2"]),
        ([make_run(), make_run("projection")], ["ResNet-20, pad", "ResNet-20, projection"]),
        ([make_run(), make_run(recipe=RECIPES["paper"])], ["ResNet-20, quick", "ResNet-20, paper"]),
    ],
)
def test_labels_tell_apart_what_differs(runs, labels):
    assert [run["label"] for run in ErrorCurves(runs).runs] == labels


def test_two_runs_of_one_name_stay_two_and_nan_is_left_out():
    run = make_run(errors=(60.0, float("nan")), status="diverged", training_error=None)
    runs = read_state(ErrorCurves([run, run]).static_html())["runs"]
    assert len({run["name"] for run in runs}) == 2
    assert runs[0]["error"] == [60.0, None]


@pytest.mark.parametrize("wrong", ["runs", 3, [make_run(), None], {"a": make_run()}, [make_run]])
def test_what_is_no_run_is_refused(wrong):
    with pytest.raises(TypeError, match=r"expected a Run, or a list of them, .*; got \w+ "):
        ErrorCurves(wrong)


def test_without_runs_the_book_s_own_are_shown(monkeypatch):
    monkeypatch.setattr(error_curves, "headline_runs", four_runs)
    labels = [run["label"] for run in ErrorCurves().runs]
    assert labels == ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]


def test_the_picture_of_the_curves_says_their_errors():
    runs = four_runs()
    alt = read_alt(ErrorCurves(runs, shown=[runs[0].name, runs[3].name]).static_html())
    assert alt.count("test error 25.00 %, training error 19.00 %") == 2
    assert alt.startswith("Learning curves. Plain-20, seed 0, finished: test error")
    assert "ResNet-56, seed 0" in alt
    assert "no run is recorded yet" in ErrorCurves([]).static_html()


def test_a_caller_s_name_cannot_break_out_of_the_picture():
    static_html = ErrorCurves(make_run(net=None, model='a"><script>')).static_html()
    assert static_html.count("<script") == 1, "that of the state"
    assert "&quot;&gt;&lt;script&gt;" in static_html


def test_the_lab_begins_in_1991():
    state = read_state(GradientLab().static_html())
    assert state.pop("show") == "all"
    assert dense.DenseSpec(**state) == dense.preset("1991")


@pytest.mark.parametrize("name", dense.PRESETS)
@pytest.mark.parametrize("depth", [1, 56])
def test_the_picture_of_the_lab_says_what_the_page_says(name, depth):
    alt = read_alt(GradientLab(depth=depth, **dense.PRESETS[name]).static_html())
    assert alt.startswith(describe_gradients(dense.untrained_signals(dense.preset(name, depth))[0]))
    assert f"depth {depth}, seed 0" in alt


@pytest.mark.parametrize("skip", dense.SKIPS)
def test_the_picture_of_the_slopes_says_how_alike_they_are(skip):
    spec = dense.DenseSpec(20, "relu", "he", "batch", skip, seed=1)
    static_html = GradientLab(show="slopes", **vars(spec)).static_html()
    assert read_state(static_html) == {"show": "slopes"} | vars(spec)
    plain, other = (
        describe_slopes(dense.slopes_on_line(net)) for net in dense.plain_and_skip(spec)
    )
    alt, named = read_alt(static_html), "scaled" if skip == "scaled" else "identity"
    assert alt.startswith(f"Plain, {plain}. With skip, {other}. ")
    assert alt.count("neighbours alike") == 2
    assert f"normalisation: batch, skip: none and {named}, depth 20, seed 1" in alt
