"""The GradientLab under a reader's hand, and its arithmetic held to `resnet_lib.dense`.

It takes the place of another widget in a short page, with a state of each test's own.
"""

import json
import re
from dataclasses import asdict, replace

import numpy as np
import pytest
from spoken import until_said

from resnet_lib import dense, widgets
from resnet_lib.dense import DenseSpec, preset
from resnet_lib.lab_words import slope_words, verdict, written

NAME = "intro"
BEFORE_LOADER = f"""window.resnetLibModules = {{
  gradient_lab: {json.dumps(widgets.module_source("gradient_lab"))},
}};
document.addEventListener("readystatechange", () => {{
  const twin = document.querySelector('[data-rl-module="error_curves"]');
  if (document.readyState === "interactive") {{
    twin.dataset.rlModule = "gradient_lab";
    twin.querySelector("script").textContent = STATE;
    MORE
  }}
}})"""
DEPTHS = (1, 20, 56, 100)
TWENTY = [preset(name, depth) for name in dense.PRESETS for depth in DEPTHS]
OTHERS = [
    DenseSpec(2, "tanh", "he", "batch", "identity", seed=999),
    DenseSpec(3, "sigmoid", "he", "batch", "scaled", seed=7),
    DenseSpec(30, "tanh", "small", "none", "scaled", seed=12),
    DenseSpec(56, "relu", "he", "none", "identity", seed=3),
    DenseSpec(56, "relu", "small", "none", "none", seed=3),
    DenseSpec(100, "tanh", "glorot", "batch", "scaled", seed=500),
]


def state_of(spec):
    return {"show": "all"} | asdict(spec)


@pytest.fixture
def open_lab(open_page):
    def open_lab(spec=None, *, show="all", twice=False, wrong=None, **how):
        state = state_of(spec or DenseSpec()) | {"show": show} | (wrong or {})
        state = json.dumps(json.dumps(state))
        more = "twin.after(twin.cloneNode(true));" if twice else ""
        page = open_page(
            NAME, prepare=BEFORE_LOADER.replace("STATE", state).replace("MORE", more), **how
        )
        return page.locator(".rl-gradient-lab").first

    return open_lab


@pytest.fixture
def module(open_page):
    """`module(body, argument)`: what an async function of the shipped module `m` returns."""
    page = open_page(NAME)

    def run(body, argument=None):
        script = f"""async ([source, given]) => {{
          const url = URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }}));
          const m = await import(url);
          {body}
        }}"""
        return page.evaluate(script, [widgets.module_source("gradient_lab"), argument])

    run.page = page
    return run


def verdict_of(spec):
    return verdict(dense.first_look(spec)[0])


def shows(widget, spec):
    """Whether the sentence, the curve and the controls are those of `spec`."""
    assert widget.locator(".rl-verdict").inner_text() == verdict_of(spec)
    assert points(widget) == (spec.depth, spec.depth - 1)
    checked = widget.locator("input[type=radio]:checked").evaluate_all(
        "all => all.map((one) => one.value)"
    )
    assert checked == [spec.activation, spec.initialization, spec.normalization, spec.skip]
    assert widget.locator("input[type=number]").input_value() == str(spec.depth)
    assert widget.locator(".rl-seed").inner_text() == f"seed {spec.seed}"
    assert widget.get_attribute("data-kind") == ("plain" if spec.skip == "none" else "v1")


def points(widget):
    """How many layers are drawn in each of the two panels."""
    paths = widget.locator(".rl-lab-dots").evaluate_all(
        "all => all.map((a) => a.getAttribute('d'))"
    )
    return tuple(path.count("M") for path in paths)


def choose(widget, legend, name):
    group = widget.get_by_role("group", name=legend, exact=True)
    group.get_by_role("radio", name=name, exact=True).click()


def press(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def set_depth(widget, depth):
    widget.locator("input[type=number]").fill(str(depth))
    widget.page.keyboard.press("Enter")


def train(widget):
    press(widget, "Train 200 steps")
    widget.page.wait_for_function(
        "() => [...document.querySelectorAll('.rl-decision figcaption')]"
        ".slice(0, 2).every((one) => /right|number/.test(one.textContent))",
        timeout=60_000,
    )


def outcome(widget):
    return widget.locator(".rl-outcome").inner_text()


def drawn_losses(widget):
    """How many losses of each net are drawn."""
    paths = widget.locator(".rl-losses path.rl-curve").evaluate_all(
        "all => all.map((one) => one.getAttribute('d') ?? '')"
    )
    return [len(re.findall("[ML]", path)) for path in paths]


# ---------------------------------------------------------------- arithmetic


def test_the_page_computes_what_numpy_does(module):
    specs = [*TWENTY, *OTHERS]
    found = module(
        """const net = m.createNet();
        return given.map((spec) => {
          const { norms, spreads } = m.firstLook(net, spec);
          return { norms: [...norms], spreads: [...spreads], said: m.verdict(norms) };
        });""",
        [state_of(spec) for spec in specs],
    )
    for spec, one in zip(specs, found, strict=True):
        norms, spreads = dense.first_look(spec)
        assert one["norms"] == pytest.approx(norms, rel=1e-6, abs=0), spec
        assert one["spreads"] == pytest.approx(spreads, rel=1e-6, abs=0), spec
        assert one["said"] == verdict(norms), spec


@pytest.mark.parametrize(
    "spec",
    [
        preset("1991", 20),
        preset("Glorot", 20),
        preset("He", 20),
        preset("batch norm", 6),
        preset("residual", 20),
        DenseSpec(1, "tanh", "glorot", seed=5),
        DenseSpec(8, "tanh", "small", "batch", "scaled", seed=6),
    ],
    ids=str,
)
def test_training_and_the_line_are_numpy_s_too(module, spec):
    found = module(
        """const losses = [];
        m.finish(m.training(m.createNet(), given, (loss) => losses.push(loss), 8));
        const slopes = m.finish(m.slopesOnALine(given));
        return { losses, slopes: [...slopes], 
          alike: m.neighboursAlike(slopes), said: m.slopeWords(slopes) };""",
        state_of(spec),
    )
    slopes = dense.slopes_on_a_line(spec)
    assert found["losses"] == pytest.approx(dense.training(spec, 8), rel=1e-6)
    # A slope that is the difference of large ones is held to their size.
    assert found["slopes"] == pytest.approx(slopes, rel=1e-6, abs=1e-9 * abs(slopes).max())
    assert found["alike"] == pytest.approx(dense.neighbours_alike(slopes), rel=1e-6)
    assert found["said"] == slope_words(slopes)


def test_constants_and_presets_are_those_of_the_library(module):
    found = module(
        "const { WIDTH, POINTS, LINE, LEARNING_RATE, MOMENTUM, PRESETS } = m;"
        "return { numbers: [WIDTH, POINTS, LINE, LEARNING_RATE, MOMENTUM], presets: PRESETS };"
    )
    numbers = ("WIDTH", "POINTS", "LINE", "LEARNING_RATE", "MOMENTUM")
    assert found["numbers"] == [getattr(dense, name) for name in numbers]
    assert list(found["presets"]) == list(dense.PRESETS)
    for name, settings in found["presets"].items():
        assert DenseSpec(20, **settings) == preset(name)


def test_the_page_s_words_are_the_library_s(module):
    cases = [10.0**power * np.array([1.3, 2, 1]) for power in range(-320, 300, 20)]
    cases += [np.array([10.0**power, 1]) for power in range(-320, 300, 20)]
    cases += [np.array([factor, 3, 1]) for factor in (0.09, 0.11, 0.994, 0.996, 9.9, 10.1, 9.6e5)]
    cases += [np.array([power, power]) for power in (9.9e-4, 1.1e-3, 0.96e-6, 999, 1001.0, 2e6)]
    cases += [np.array([0, 1e-3]), np.zeros(3), np.array([0.3]), np.array([2.0**-150, 1])]
    found = module("return given.map((one) => m.verdict(one));", [one.tolist() for one in cases])
    assert found == [verdict(one) for one in cases]


# ---------------------------------------------------------------- controls


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_it_is_drawn_as_the_page_says(open_lab, scheme):
    spec = DenseSpec(30, "tanh", "small", "batch", "scaled", seed=12)
    widget = open_lab(spec, scheme=scheme)
    shows(widget, spec)
    assert not widget.page.locator(".rl-picture").first.is_visible()
    note = widget.locator(".rl-note").inner_text()
    assert "Width 32, 64 points of two moons" in note
    assert "learning rate 0.02, momentum 0.9, float64, seed 12" in note


def test_every_control_by_mouse(open_lab):
    widget = open_lab()
    spec = DenseSpec()
    shows(widget, spec)
    for legend, trait, values in (
        ("Activation", "activation", {"tanh": "tanh", "ReLU": "relu", "sigmoid": "sigmoid"}),
        ("Initial weights", "initialization", {"Glorot": "glorot", "He": "he", "small": "small"}),
        ("Normalisation", "normalization", {"batch": "batch", "none": "none"}),
        ("Skip", "skip", {"identity": "identity", "1/√depth": "scaled", "none": "none"}),
    ):
        for label, value in values.items():
            choose(widget, legend, label)
            spec = replace(spec, **{trait: value})
            shows(widget, spec)
    slider = widget.locator("input[type=range]")
    box = slider.bounding_box()
    widget.page.mouse.click(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    shows(widget, replace(spec, depth=100))
    widget.page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)
    shows(widget, replace(spec, depth=1))


def test_every_control_by_keyboard(open_lab):
    widget = open_lab()
    key = widget.page.keyboard.press
    widget.get_by_role("button", name="residual", exact=True).focus()
    key("Enter")
    spec = preset("residual")
    shows(widget, spec)
    key("Tab")  # to the slider
    key("ArrowRight")
    shows(widget, replace(spec, depth=21))
    slider = widget.locator("input[type=range]")
    assert slider.get_attribute("aria-valuetext") == "21 layers"
    key("Home")
    assert slider.get_attribute("aria-valuetext") == "1 layer"
    key("Tab")  # to the field
    widget.page.keyboard.type("56")
    key("Enter")
    spec = replace(spec, depth=56)
    shows(widget, spec)
    set_depth(widget, 9999)
    assert widget.locator("input[type=number]").input_value() == "100", "held within its range"
    set_depth(widget, "")
    assert widget.locator("input[type=number]").input_value() == "100", "an empty field goes back"
    set_depth(widget, 56)
    for trait, value in (
        ("activation", "tanh"),
        ("initialization", "glorot"),
        ("normalization", "none"),
        ("skip", "none"),
    ):
        key("Tab")
        key("ArrowLeft")
        spec = replace(spec, **{trait: value})
        shows(widget, spec)
    key("Tab")  # to new weights
    key("Enter")
    shows(widget, replace(spec, seed=1))
    key("Tab")  # to the plot
    assert widget.page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    key("Tab")  # to training
    key("Enter")
    assert widget.get_by_role("button", name="Stop").is_visible()
    key("Enter")
    assert outcome(widget).startswith("Stopped at step") or outcome(widget) == ""


@pytest.mark.parametrize("name", dense.PRESETS)
def test_a_preset_sets_four_controls_and_leaves_two(open_lab, name):
    widget = open_lab(DenseSpec(56, "tanh", "he", "none", "scaled", seed=3))
    assert widget.locator(".rl-chip[aria-pressed=true]").count() == 0
    press(widget, name)
    spec = replace(preset(name, 56), seed=3)
    shows(widget, spec)
    assert widget.locator(".rl-chip[aria-pressed=true]").all_inner_texts() == [name]
    choose(widget, "Skip", "1/√depth")
    assert widget.locator(".rl-chip[aria-pressed=true]").count() == 0
    until_said(widget, verdict_of(replace(spec, skip="scaled")))


def test_new_weights_are_the_next_seed_s(open_lab):
    widget = open_lab(DenseSpec(seed=998))
    press(widget, "New weights")
    shows(widget, DenseSpec(seed=999))
    assert "seed 999" in widget.locator(".rl-note").inner_text()
    press(widget, "New weights")
    shows(widget, DenseSpec(seed=0))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"depth": 0}, "depth must be a whole number from 1 to 100; got 0"),
        ({"seed": 1000}, "seed must be a whole number from 0 to 999; got 1000"),
        ({"activation": "gelu"}, "activation must be one of sigmoid, tanh, relu; got gelu"),
        ({"skip": None}, "skip must be one of none, identity, scaled; got null"),
        ({"show": "plot"}, "show must be one of all, slopes; got plot"),
        ({"show": "slopes", "depth": 0}, "depth must be a whole number from 1 to 100; got 0"),
    ],
    ids=str,
)
def test_a_state_that_cannot_be_drawn_is_told(open_lab, wrong, said):
    widget = open_lab(wrong=wrong)
    assert widget.locator(".rl-error").inner_text() == said
    assert not widget.locator(".rl-verdict").is_visible()
    press(widget, "He")  # and mended by the controls, where they can
    if set(wrong) & {"activation", "skip"}:
        shows(widget, preset("He"))


# ---------------------------------------------------------------- the picture


def test_what_was_there_before_stays_as_a_ghost(open_lab):
    widget = open_lab(preset("1991", 56))
    ghosts = "all => all.map((one) => (one.getAttribute('d') ?? '').split(/[ML]/).length - 1)"
    ghost = widget.locator("[data-panel] .rl-ghost")
    assert ghost.evaluate_all(ghosts) == [0, 0]
    assert not widget.locator(".rl-before-key").is_visible()
    widget.page.wait_for_timeout(700)
    press(widget, "He")
    assert ghost.evaluate_all(ghosts) == [56, 55]
    assert widget.locator(".rl-before-key").is_visible()
    for depth in (50, 40, 30):  # in one movement the ghost stays what it was before it
        set_depth(widget, depth)
    assert ghost.evaluate_all(ghosts) == [30, 30], "as many of its layers as there is room for"


@pytest.mark.parametrize(("depth", "texts"), [(20, 0), (56, 2), (100, 2)])
def test_where_float32_ends_is_told_where_the_range_gets_there(open_lab, depth, texts):
    widget = open_lab(preset("1991", depth))
    assert widget.locator(".rl-floor-text").count() == texts
    if texts:
        assert "float32 ends here, at 10⁻⁴⁵" in widget.locator(".rl-plot").first.text_content()
        assert "in float32 it would be 0" in widget.locator(".rl-verdict").inner_text()


def test_a_layer_tells_its_numbers(open_lab):
    spec = preset("He", 20)
    widget = open_lab(spec)
    norms, spreads = dense.first_look(spec)
    reading, plot = widget.locator(".rl-reading"), widget.locator(".rl-plot-frame")

    def told(layer):
        spread = f"spread {written(spreads[layer - 1])}" if layer < 20 else "its output is"
        wanted = f"Layer {layer} of 20: gradient {written(norms[layer - 1])}, {spread}"
        return reading.inner_text().startswith(wanted)

    assert reading.inner_text() == "Point at a layer to read it."
    box = plot.bounding_box()
    plot.hover(position={"x": box["width"] - 10, "y": 100})
    assert told(20)
    plot.hover(position={"x": 70, "y": 100})
    assert told(1)
    widget.page.mouse.move(0, 0)
    assert reading.inner_text() == "Point at a layer to read it."
    plot.focus()
    for key, layer in (
        ("ArrowLeft", 20),
        ("ArrowLeft", 19),
        ("Home", 1),
        ("ArrowRight", 2),
        ("PageUp", 4),
        ("End", 20),
        ("ArrowRight", 20),
    ):
        widget.page.keyboard.press(key)
        assert told(layer), key
        assert plot.get_attribute("aria-valuenow") == str(layer)
        assert plot.get_attribute("aria-valuetext") == reading.inner_text()
    set_depth(widget, 10)
    assert reading.inner_text().startswith("Layer 10 of 10: ")
    plot.focus()
    widget.page.keyboard.press("Escape")
    assert reading.inner_text() == "Point at a layer to read it."
    plot.click(position={"x": 70, "y": 100})
    widget.page.mouse.move(0, 0)
    assert reading.inner_text().startswith("Layer 1 of 10: "), "a click keeps it"


def test_what_underflows_or_overflows_is_marked_at_the_edge(module):
    """No setting gets float64 there before it is trained, so the plot is given such numbers."""
    texts = module(
        """const plot = m.createPlot(640);
        const root = document.createElement("div");
        root.className = "rl";
        root.append(plot.drawing);
        document.body.append(root);
        const all = (name) =>
          [...plot.drawing.querySelectorAll(name)].map((one) => one.getAttribute("d"));
        const drawn = (norms, spreads) => {
          plot.update({ norms: Float64Array.from(norms), spreads: Float64Array.from(spreads) });
          plot.read(1);
          return {
            text: plot.drawing.textContent,
            paths: all(".rl-lab-cross"),
            points: all(".rl-lab-dots"),
            wild: plot.drawing.outerHTML.match(/NaN|Infinity|undefined/g),
          };
        };
        return [drawn([0, 0, 0], [0, 0]), drawn([NaN, Infinity, 1], [Infinity, 1]),
          drawn([0, 1e-300, 1], [1, 1]), drawn([0.5, 0.5, 1], [1, 1])];"""
    )
    zeros, broken, mixed, plain = texts
    assert "nothing: 0, even in float64" in zeros["text"]
    assert [path.count("l6 6") for path in zeros["paths"]] == [3, 2]
    assert "overflow: not a finite number" in broken["text"]
    assert [path.count("l6 6") for path in broken["paths"]] == [2, 1]
    assert [path.count("h.01") for path in broken["points"]] == [1, 1]
    assert "float32 ends here" in mixed["text"]
    assert [path.count("l6 6") for path in mixed["paths"]] == [1, 0]
    assert "nothing" not in plain["text"]
    assert "overflow" not in plain["text"]
    assert plain["paths"] == ["", ""]
    assert [one["wild"] for one in texts] == [None] * 4


# ---------------------------------------------------------------- training


@pytest.mark.timed
def test_training_runs_to_the_end_and_the_page_does_not_freeze(open_lab, watch_for_freezes, capsys):
    """Other work on the machine makes gaps of its own: three attempts."""
    for _ in range(3):
        widget = open_lab(preset("residual", 56))
        watched = watch_for_freezes(widget.page)
        train(widget)
        gaps = watched()
        assert drawn_losses(widget) == [201, 201]
        assert widget.locator(".rl-where").inner_text() == "step 200 of 200"
        captions = widget.locator(".rl-decision figcaption").all_inner_texts()
        assert captions[1] == "with skip 64 of 64 right"
        said = r"Plain: loss 0\.77 → [\d.]+\. With skip: loss 2\.3 → .*\."
        assert re.fullmatch(said, outcome(widget)), outcome(widget)
        with capsys.disabled():
            print("\nGradientLab, longest gap in training at depth 56, ms:", gaps)
        if gaps["longest"] < gaps["allowed"]:
            break
    assert gaps["longest"] < gaps["allowed"]


@pytest.mark.parametrize("name", ["1991", "residual"])
def test_a_training_ends_where_numpy_s_does(open_lab, name):
    spec = preset(name, 5)
    widget = open_lab(spec)
    train(widget)
    plain = dense.training(replace(spec, skip="none"))
    skip = dense.training(replace(spec, skip="identity"))
    assert f"Plain: loss {written(plain[0])} → {written(plain[-1])}" in outcome(widget)
    assert f"skip: loss {written(skip[0])} → {written(skip[-1])}" in outcome(widget)
    until_said(widget, outcome(widget))
    # The picture shows both classes where the net has learned them, and a line between them.
    tints = widget.locator(".rl-field-tint").evaluate_all(
        "all => all.map((a) => a.style.maskImage)"
    )
    assert all(tint.startswith('url("data:image/png') for tint in tints)
    lines = widget.locator(".rl-field-line").evaluate_all(
        "all => all.map((a) => a.getAttribute('d'))"
    )
    assert lines[1].count("M") > 10


def test_the_scaled_skip_is_trained_where_it_is_chosen(open_lab):
    spec = DenseSpec(6, "tanh", "glorot", "none", "scaled")
    widget = open_lab(spec)
    train(widget)
    assert f"→ {written(dense.training(spec)[-1])}" in outcome(widget).split("With skip")[1]


def test_stop_keeps_what_was_learned(open_lab):
    widget = open_lab(preset("residual", 56))
    press(widget, "Train 200 steps")
    widget.page.wait_for_function("document.querySelector('.rl-where').textContent > 'step 1'")
    press(widget, "Stop")
    assert re.match(r"Stopped at step \d+\. Plain: loss 0\.77 → ", outcome(widget))
    steps = drawn_losses(widget)
    assert 0 < max(steps) < 201
    widget.page.wait_for_function(
        "document.querySelectorAll('.rl-field-tint[style*=mask]').length === 2"
    )
    assert drawn_losses(widget) == steps
    train(widget)
    assert drawn_losses(widget) == [201, 201], "from the start again"


def test_a_control_calls_a_training_off(open_lab):
    widget = open_lab(preset("residual", 56))
    press(widget, "Train 200 steps")
    widget.page.wait_for_function("document.querySelector('.rl-where').textContent > 'step 1'")
    press(widget, "New weights")
    for _ in range(2):
        assert drawn_losses(widget) == [0, 0]
        assert widget.locator(".rl-where").inner_text() == ""
        assert outcome(widget) == ""
        widget.page.wait_for_timeout(400)
    assert widget.get_by_role("button", name="Train 200 steps").is_visible()
    captions = widget.locator(".rl-decision figcaption").all_inner_texts()
    assert captions == ["plain not trained yet", "with skip not trained yet"]


def test_a_loss_that_is_no_number_is_marked(open_lab):
    widget = open_lab(preset("He", 56))
    train(widget)
    assert outcome(widget).endswith("not a number from step 1.")
    assert widget.locator(".rl-losses .rl-cross").count() == 1
    assert "with skip: not a number" in widget.locator(".rl-losses").text_content()
    captions = widget.locator(".rl-decision figcaption").all_inner_texts()
    assert captions[1] == "with skip not a number"


def test_below_three_layers_there_is_nothing_to_skip(open_lab):
    widget = open_lab(DenseSpec(1))
    assert "nothing to skip" in outcome(widget)
    assert widget.locator(".rl-verdict").inner_text().startswith("A single layer: its gradient is")
    train(widget)
    plain, skip = re.findall(r"loss (\S+ → [\d.]+\d)", outcome(widget))
    assert plain == skip


# ---------------------------------------------------------------- the line


def strip_words(spec):
    """What is said beside the strips, plain and with skip."""
    return [slope_words(dense.slopes_on_a_line(net)) for net in dense.pair_of(spec)]


def wait_for_strips(widget, spec):
    """Until the strips are those of `spec`: what they say is compared."""
    widget.page.wait_for_function(
        """(words) => {
          const strips = document.querySelector(".rl-gradient-lab").querySelectorAll(
            ".rl-strip-words");
          return [...strips].map((one) => one.textContent).join() === words.join();
        }""",
        arg=strip_words(spec),
    )


def test_the_line_is_that_of_the_latest_settings(open_lab):
    widget = open_lab(preset("1991", 20))
    spec = preset("batch norm", 20)
    press(widget, "batch norm")
    for depth in range(50, 57):  # quickly one after the other, as a slider's are
        set_depth(widget, depth)
    spec = replace(spec, depth=56)
    wait_for_strips(widget, spec)
    assert strip_words(spec)[0].startswith("like white noise")
    assert widget.locator(".rl-strip-line").count() == 2
    path = widget.locator(".rl-strip-line").first.get_attribute("d")
    assert len(re.findall("[ML]", path)) == dense.LINE
    ticks = widget.locator(".rl-strip-row").nth(1).locator(".rl-tick")
    assert ticks.all_text_contents() == ["−2", "0", "2"]
    assert widget.locator(".rl-strip-row .rl-tick").count() == 3, "under the lower strip alone"


def test_slopes_that_are_not_finite_are_told_and_not_drawn(module):
    """No setting leads there, so the strip is given such numbers."""
    found = module(
        """return [[NaN, 1], [1, Infinity], [0, 0]].map((slopes) => {
          const strip = m.drawStrip(Float64Array.from(slopes), 300, 76).outerHTML;
          const drawn = strip.includes("rl-strip-line");
          return [m.slopeWords(slopes), drawn, /NaN|Infinity/.test(strip)];
        });"""
    )
    assert found == [["not a finite number", False, False]] * 2 + [
        ["no slope anywhere", True, False]
    ]


PANELS = (".rl-verdict", ".rl-lab-head", ".rl-plot-frame", ".rl-transport", ".rl-training")


def test_the_slopes_alone(open_lab):
    widget = open_lab(preset("batch norm", 20), show="slopes")
    spec = preset("batch norm", 20)
    wait_for_strips(widget, spec)
    title, text = widget.locator(".rl-part-title:visible > *").all_inner_texts()
    assert title == "The gradient of a one-dimensional net"
    assert text.endswith("from −2 to 2; each to its own scale")
    for panel in PANELS:
        assert not widget.locator(panel).is_visible(), panel
    note = widget.locator(".rl-note").inner_text()
    assert "256 points on the line, float64, seed 0" in note
    assert "moons" not in note
    press(widget, "1991")
    set_depth(widget, 56)
    choose(widget, "Skip", "1/√depth")
    choose(widget, "Normalisation", "batch")
    press(widget, "New weights")
    spec = DenseSpec(56, "sigmoid", "small", "batch", "scaled", seed=1)
    wait_for_strips(widget, spec)
    plain, skip = strip_words(spec)
    until_said(widget, f"Plain, {plain}. With skip, {skip}.")
    widget.page.set_viewport_size({"width": 600, "height": 900})
    fits = """(one) => one.querySelector(".rl-strip-box").clientWidth
      - one.querySelector(".rl-strip-box svg").clientWidth"""
    widget.page.wait_for_function(
        f"({fits})(document.querySelector('.rl-gradient-lab')) === 0", timeout=5000
    )


def test_what_is_shown_follows_its_trait(module):
    """Live, a change comes from the kernel; here from a stand-in for it."""
    found = module(
        """const listeners = new Map();
        const state = { ...m.PRESETS.residual, depth: 20, seed: 0, show: "all" };
        const model = {
          get: (name) => state[name], set: () => {}, save_changes: () => {},
          on: (event, listener) => listeners.set(event, listener), off: () => {},
        };
        const el = document.createElement("div");
        document.body.append(el);
        const cleanup = m.default.render({ model, el });
        const look = () => ({
          seen: given.map((name) => el.querySelector(name).checkVisibility()),
          strips: el.querySelector(".rl-strip-row").checkVisibility(),
          plot: el.querySelectorAll(".rl-lab-dots").length,
          losses: el.querySelector(".rl-losses path.rl-curve").getAttribute("d").length,
        });
        const show = async (what) => {
          state.show = what;
          listeners.get("change:show")();
          await new Promise((resolve) => setTimeout(resolve, 200));
          return look();
        };
        const first = look();
        el.querySelector(".rl-play").click();
        await new Promise((resolve) => setTimeout(resolve, 100));
        const all = [first, await show("slopes"), await show("all"), await show("slopes")];
        cleanup();
        el.remove();
        return all;""",
        PANELS,
    )
    assert [set(one["seen"]) for one in found] == [{True}, {False}, {True}, {False}]
    assert [one["strips"] for one in found] == [True] * 4
    assert [one["losses"] for one in found] == [0] * 4, "a training was called off"
    assert found[2]["plot"] == 2


# ---------------------------------------------------------------- the page around it


def test_two_on_one_page_do_not_meet(open_lab):
    widget = open_lab(preset("He", 30), twice=True)
    page = widget.page
    first = page.locator(".rl-gradient-lab").nth(0)
    second = page.locator(".rl-gradient-lab").nth(1)
    press(second, "residual")
    set_depth(second, 12)
    shows(first, preset("He", 30))
    shows(second, preset("residual", 12))
    press(second, "Train 200 steps")
    press(first, "New weights")
    page.wait_for_function(
        "document.querySelectorAll('.rl-outcome')[1].textContent.includes('With skip')"
    )
    assert drawn_losses(first) == [0, 0]
    shows(first, replace(preset("He", 30), seed=1))
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def test_it_leaves_nothing_behind(module):
    left = module(
        """const listeners = new Map();
        const state = { ...m.PRESETS.residual, depth: 30, seed: 0, show: "all" };
        const model = {
          get: (name) => state[name], set: () => {}, save_changes: () => {},
          on: (event, listener) => listeners.set(event, listener),
          off: (event, listener) => listeners.get(event) === listener && listeners.delete(event),
        };
        const el = document.createElement("div");
        document.body.append(el);
        const cleanup = m.default.render({ model, el });
        const before = listeners.size;
        el.querySelector(".rl-play").click();
        await new Promise((resolve) => setTimeout(resolve, 150));
        cleanup();
        const drawn = () => el.querySelector(".rl-losses path.rl-curve").getAttribute("d").length;
        const at = drawn();
        await new Promise((resolve) => setTimeout(resolve, 300));
        return { before, after: listeners.size, grown: drawn() - at };"""
    )
    assert left == {"before": 7, "after": 0, "grown": 0}


def test_keys_do_not_reach_the_notebook_around_it(open_lab):
    widget = open_lab()
    page = widget.page
    page.evaluate("document.addEventListener('keydown', () => (window.reached = true))")
    widget.locator(".rl-plot-frame").focus()
    for key in ("ArrowRight", "a", "Escape"):
        page.keyboard.press(key)
    assert page.evaluate("window.reached") is None


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_slopes_alone_fit_and_axe_finds_nothing(open_lab, axe_violations, width, theme):
    spec = replace(preset("He", 56), skip="identity")
    widget = open_lab(spec, show="slopes", width=width, theme=theme)
    wait_for_strips(widget, spec)
    assert "smooth, but enormous" in widget.locator(".rl-strip-words").nth(1).inner_text()
    assert widget.page.evaluate("document.documentElement.scrollWidth") <= width
    box = widget.bounding_box()
    for text in widget.locator(".rl-strip-row text, .rl-strip-row span").all():
        inner = text.bounding_box()
        assert box["x"] <= inner["x"]
        assert inner["x"] + inner["width"] <= box["x"] + box["width"]
    assert axe_violations(widget.page, ".rl-gradient-lab") == []


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(open_lab, assert_fits, axe_violations, width, theme):
    widget = open_lab(preset("1991", 56), width=width, theme=theme)
    page = widget.page

    assert_fits(widget, width)
    dark = widget.evaluate("(one) => getComputedStyle(one).colorScheme") == "dark"
    assert dark == (theme == "dark")
    assert axe_violations(page, ".rl-gradient-lab") == []
    set_depth(widget, 12)
    for name in dense.PRESETS:
        press(widget, name)
        assert_fits(widget, width)
    train(widget)
    assert_fits(widget, width)
    widget.locator(".rl-plot-frame").focus()
    page.keyboard.press("Home")
    assert_fits(widget, width)
    assert axe_violations(page, ".rl-gradient-lab") == []


@pytest.mark.timed
def test_a_change_at_depth_56_is_drawn_within_a_frame(open_lab, capsys):
    """The whole of it: forwards, backwards, words, drawing and the page's layout, within 16 ms.

    The products of matrices alone are timed in turns with it. Where other work on the machine makes
    them slow, a change may take longer too: as much longer as they do. There are three attempts, as
    other work comes and goes.
    """
    widget = open_lab(preset("1991", 56))
    for _ in range(3):
        medians = frame_times(widget)
        with capsys.disabled():
            said = {name: f"{median:.1f}" for name, median in medians.items()}
            print(
                "\nGradientLab at depth 56, median ms to recompute and draw after a change:", said
            )
        allowed = 16 * max(1, medians.pop("products") / 6)  # 5 ms where they have a processor
        if max(medians.values()) <= allowed:
            break
    assert max(medians.values()) <= allowed


def frame_times(widget):
    """Median milliseconds for the products, and for each kind of change."""
    times = widget.evaluate(
        """async (root, source) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { multiply } = await import(url);
          const [W, H, S] = [1024, 2048, 2048].map((size) => new Float64Array(size).fill(0.1));
          const products = () => {
            for (let layer = 0; layer < 56; layer += 1) {
              multiply(S, W, 1, 32, H, 64, 1, 32, 32, 64, false);
              multiply(S, W, 32, 1, H, 64, 1, 32, 32, 64, false);
              multiply(W, H, 64, 1, H, 1, 64, 32, 64, 32, false);
              W.fill(0.1);
            }
          };
          const buttons = [...root.querySelectorAll("button")];
          const named = (name) => buttons.find((one) => one.textContent === name);
          const field = root.querySelector("input[type=number]");
          const presets = ["Glorot", "He", "batch norm", "residual", "1991"];
          const changes = {
            products: () => products(),
            preset: (round) => named(presets[round % 5]).click(),
            depth: (round) => {
              field.value = 56 - (round % 2);
              field.dispatchEvent(new Event("change"));
            },
            weights: () => named("New weights").click(),
          };
          const times = {};
          for (let round = 0; round < 18; round += 1) {
            for (const [name, change] of Object.entries(changes)) {
              const start = performance.now();
              change(round);
              await Promise.resolve();
              document.body.offsetHeight;
              (times[name] ??= []).push(performance.now() - start);
              // The line is looked at, and the next weights are drawn.
              await new Promise((resolve) => setTimeout(resolve, 300));
            }
          }
          return times;
        }""",
        widgets.module_source("gradient_lab"),
    )
    return {name: float(np.median(taken[6:])) for name, taken in times.items()}  # once compiled
