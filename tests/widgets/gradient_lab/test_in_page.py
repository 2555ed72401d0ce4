"""Test the GradientLab's controls, its plot and its slopes."""

import re
from dataclasses import replace

import numpy as np
import pytest
from lab_page import (
    TRAIN,
    choose,
    drawn_losses,
    drawn_points,
    lab_shows,
    press,
    set_depth,
    slowly,
    strips_show,
    train,
    train_a_little,
    verdict_of,
)
from mount_widget import (
    advance_clock,
    assert_accessible,
    assert_ids_differ,
    button,
    keys,
    say,
    shows,
)
from playwright.sync_api import expect
from waiting import wait_until

from resnet_lib.inside import dense
from resnet_lib.inside.dense import DenseSpec, preset
from resnet_lib.tables import format_number
from resnet_lib.widgets.catalog import page_modules

# ---------------------------------------------------------------- controls


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_it_is_drawn_as_the_page_says(open_lab, scheme):
    spec = DenseSpec(30, "tanh", "small", "batch", "scaled", seed=12)
    widget = open_lab(spec, scheme=scheme)
    lab_shows(widget, spec)
    expect(widget.page.locator(".rl-picture").first).to_be_hidden()
    settings = "learning rate 0.02, momentum 0.9, float64, seed 12"
    shows(widget, {"note": f"*Width 32, 64 points of two moons*{settings}*"})


def test_every_control_by_mouse(lab):
    widget, spec = lab(), DenseSpec()
    lab_shows(widget, spec)
    for legend, trait, values in (
        ("Activation", "activation", {"tanh": "tanh", "ReLU": "relu", "sigmoid": "sigmoid"}),
        ("Initial weights", "initialization", {"Glorot": "glorot", "He": "he", "small": "small"}),
        ("Normalisation", "normalization", {"batch": "batch", "none": "none"}),
        ("Skip", "skip", {"identity": "identity", "1/√depth": "scaled", "none": "none"}),
    ):
        for label, value in values.items():
            choose(widget, legend, label)
            spec = replace(spec, **{trait: value})
            lab_shows(widget, spec)
    slider = widget.locator("input[type=range]")
    box = slider.bounding_box()
    for x, depth in ((box["width"] - 1, 100), (1, 1)):
        slider.click(position={"x": x, "y": box["height"] / 2})
        lab_shows(widget, replace(spec, depth=depth))


def test_every_control_by_keyboard(lab):
    widget = lab()
    slider, field = (widget.locator(f"input[type={kind}]") for kind in ("range", "number"))
    button(widget, "residual").focus()
    keys(widget, "Enter")
    lab_shows(widget, preset("residual"))
    keys(widget, "Tab", "ArrowRight")  # the slider
    lab_shows(widget, preset("residual", 21))
    expect(slider).to_have_attribute("aria-valuetext", "21 layers")
    keys(widget, "Home")
    expect(slider).to_have_attribute("aria-valuetext", "1 layer")
    keys(widget, "Tab", "5", "6", "Enter")  # the field
    spec = preset("residual", 56)
    lab_shows(widget, spec)
    for typed in ("9999", ""):  # held within its range; an empty field goes back
        set_depth(widget, typed)
        expect(field).to_have_value("100")
    set_depth(widget, 56)
    for trait, value in (
        *(("activation", "tanh"), ("initialization", "glorot")),
        *(("normalization", "none"), ("skip", "none")),
    ):
        keys(widget, "Tab", "ArrowLeft")
        spec = replace(spec, **{trait: value})
        lab_shows(widget, spec)
    keys(widget, "Tab", "Enter")  # new weights
    lab_shows(widget, replace(spec, seed=1))
    keys(widget, "Tab")  # to the plot
    expect(widget.locator("[role=slider]")).to_be_focused()
    keys(widget, "Tab", "Enter")  # to training
    expect(button(widget, "Stop")).to_be_focused()
    keys(widget, "Enter")
    expect(button(widget, TRAIN)).to_be_focused()
    expect(widget.locator(".rl-outcome")).to_be_empty()  # it had not begun


@pytest.mark.parametrize("name", dense.PRESETS)
def test_a_preset_sets_four_controls_and_leaves_two(lab, name):
    widget = lab(DenseSpec(56, "tanh", "he", "none", "scaled", seed=3))
    pressed = widget.locator(".rl-chip[aria-pressed=true]")
    expect(pressed).to_have_count(0)
    press(widget, name)
    spec = replace(preset(name, 56), seed=3)
    lab_shows(widget, spec)
    expect(pressed).to_have_text([name])
    choose(widget, "Skip", "1/√depth")
    expect(pressed).to_have_count(0)
    advance_clock(widget, 0.5)
    shows(widget, {"announcement": verdict_of(replace(spec, skip="scaled"))})


def test_new_weights_are_the_next_seed_s(lab):
    widget = lab(DenseSpec(seed=998))
    for seed in (999, 0):
        press(widget, "New weights")
        lab_shows(widget, DenseSpec(seed=seed))
        shows(widget, {"note": f"*seed {seed}*"})


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
def test_a_state_that_cannot_be_drawn_is_told(lab, wrong, said):
    widget = lab(wrong=wrong)
    shows(widget, {"error": said})
    expect(widget.locator(".rl-verdict")).to_be_hidden()
    press(widget, "He")  # and mended by the controls, where they can
    if set(wrong) & {"activation", "skip"}:
        lab_shows(widget, preset("He"))


# ---------------------------------------------------------------- the picture


def test_what_was_there_before_stays_as_a_ghost(lab):
    widget = lab(preset("1991", 56))
    ghosts = "[data-panel] .rl-previous-line"
    assert drawn_points(widget, ghosts) == [0, 0]
    expect(widget.locator(".rl-before-key")).to_be_hidden()
    advance_clock(widget, 0.7)
    press(widget, "He")
    expect(widget.locator(".rl-before-key")).to_be_visible()
    assert drawn_points(widget, ghosts) == [56, 55]
    for depth in (50, 40, 30):  # in one movement the ghost stays what it was before it
        set_depth(widget, depth)
    lab_shows(widget, preset("He", 30))
    assert drawn_points(widget, ghosts) == [30, 30], "as many of its layers as there is room for"


@pytest.mark.parametrize(("depth", "texts"), [(20, 0), (56, 2), (100, 2)])
def test_where_float32_ends_is_told_where_the_range_gets_there(lab, depth, texts):
    widget = lab(preset("1991", depth))
    expect(widget.locator(".rl-limit-text")).to_have_count(texts)
    if texts:
        expect(widget.locator(".rl-plot").first).to_contain_text("float32 ends here, at 10⁻⁴⁵")
        shows(widget, {"verdict": "*in float32 it would be 0*"})


def test_a_layer_tells_its_numbers(lab):
    spec = preset("He", 20)
    widget = lab(spec)
    norms, spreads = dense.untrained_signals(spec)
    plot = widget.locator(".rl-plot-frame")
    nothing = {"reading": "Point at a layer to read it."}

    def tells(layer):
        spread = f"spread {format_number(spreads[layer - 1])}" if layer < 20 else "its output is"
        gradient = f"gradient {format_number(norms[layer - 1])}"
        shows(widget, {"reading": f"Layer {layer} of 20: {gradient}, {spread}*"})

    shows(widget, nothing)
    for x, layer in ((plot.bounding_box()["width"] - 10, 20), (70, 1)):
        plot.hover(position={"x": x, "y": 100})
        tells(layer)
    widget.page.mouse.move(0, 0)
    shows(widget, nothing)
    plot.focus()
    for key, layer in (
        *(("ArrowLeft", 20), ("ArrowLeft", 19), ("Home", 1), ("ArrowRight", 2)),
        *(("PageUp", 4), ("End", 20), ("ArrowRight", 20)),
    ):
        widget.page.keyboard.press(key)
        tells(layer)
        expect(plot).to_have_attribute("aria-valuenow", str(layer))
        told = widget.locator(".rl-reading").inner_text()
        expect(plot).to_have_attribute("aria-valuetext", told)
    set_depth(widget, 10)
    shows(widget, {"reading": "Layer 10 of 10: *"})
    plot.press("Escape")
    shows(widget, nothing)
    plot.click(position={"x": 70, "y": 100})
    widget.page.mouse.move(0, 0)
    expect(widget.locator(".rl-plot-frame:hover")).to_have_count(0)
    shows(widget, {"reading": "Layer 1 of 10: *"})  # a click keeps it


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
        const drawn = (norms, stds) => {
          plot.update({ norms: Float64Array.from(norms), stds: Float64Array.from(stds) });
          plot.read(1);
          return {
            text: plot.drawing.textContent,
            paths: all(".rl-lab-cross"),
            points: all(".rl-lab-dots"),
            wild: plot.drawing.outerHTML.match(/NaN|Infinity|undefined/g),
          };
        };
        const all_drawn = [[[0, 0, 0], [0, 0]], [[NaN, Infinity, 1], [Infinity, 1]],
          [[0, 1e-300, 1], [1, 1]], [[0.5, 0.5, 1], [1, 1]]].map((one) => drawn(...one));
        root.remove();
        return all_drawn;"""
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


# ---------------------------------------------------------------- the line


def test_the_line_is_that_of_the_latest_settings(lab):
    widget = lab(preset("1991", 20))
    press(widget, "batch norm")
    for depth in range(50, 57):  # quickly one after the other, as a slider's are
        set_depth(widget, depth)
    plain, _ = strips_show(widget, preset("batch norm", 56))
    assert plain.startswith("like white noise")
    assert drawn_points(widget, ".rl-strip-line") == [dense.LINE_POINTS] * 2
    ticks = widget.locator(".rl-strip-row .rl-tick")
    expect(ticks).to_have_text(["−2", "0", "2"])  # under the lower strip alone
    expect(widget.locator(".rl-strip-row").nth(1).locator(".rl-tick")).to_have_count(3)


def test_slopes_that_are_not_finite_are_told_and_not_drawn(module):
    """No setting leads there, so the strip is given such numbers."""
    found = module(
        """return [[NaN, 1], [1, Infinity], [0, 0]].map((slopes) => {
          const strip = m.drawStrip(Float64Array.from(slopes), 300, 76).outerHTML;
          const drawn = strip.includes("rl-strip-line");
          return [m.describeSlopes(slopes), drawn, /NaN|Infinity/.test(strip)];
        });"""
    )
    assert found == [["not a finite number", False, False]] * 2 + [
        ["no slope anywhere", True, False]
    ]


PANELS = ("verdict", "chart-reading", "plot-frame", "transport", "training-charts")


def panels_are_shown(widget, wanted):
    for panel in PANELS:
        expect(widget.locator(f".rl-{panel}")).to_be_visible(visible=wanted)
    expect(widget.locator(".rl-strip-row").first).to_be_visible()


def test_the_slopes_alone(lab):
    widget = lab(preset("batch norm", 20), show="slopes")
    strips_show(widget, preset("batch norm", 20))
    title = "The gradient of a one-dimensional net"
    text = re.compile("from −2 to 2; each to its own scale$")
    expect(widget.locator(".rl-section-title:visible > *")).to_have_text([title, text])
    panels_are_shown(widget, False)
    shows(widget, {"note": "*256 points on the line, float64, seed 0*"})
    expect(widget.locator(".rl-note")).not_to_contain_text("moons")
    press(widget, "1991")
    set_depth(widget, 56)
    choose(widget, "Skip", "1/√depth")
    choose(widget, "Normalisation", "batch")
    press(widget, "New weights")
    plain, skip = strips_show(widget, DenseSpec(56, "sigmoid", "small", "batch", "scaled", seed=1))
    advance_clock(widget, 0.5)
    shows(widget, {"announcement": f"Plain, {plain}. With skip, {skip}."})
    widget.page.set_viewport_size({"width": 600, "height": 900})
    widths = "(box) => [innerWidth, box.clientWidth - box.querySelector('svg').clientWidth]"
    wait_until(lambda: widget.locator(".rl-strip-box").first.evaluate(widths) == [600, 0])


def test_what_is_shown_follows_its_trait(lab):
    widget = lab(preset("residual", 8))
    panels_are_shown(widget, True)
    with slowly(widget.page):
        train_a_little(widget)
        for show in ("slopes", "all", "slopes"):
            say(widget, show=show)
            advance_clock(widget, 0.2)
            panels_are_shown(widget, show == "all")
            assert drawn_losses(widget) == [0, 0], "a training was called off"
            if show == "all":
                expect(widget.locator(".rl-lab-dots")).to_have_count(2)


# ---------------------------------------------------------------- the page around it


def test_two_on_one_page_do_not_meet(lab):
    first, second = lab(preset("He", 30)), lab(preset("He", 30), beside=True)
    first = first.page.locator(".rl-gradient-lab").first
    press(second, "residual")
    set_depth(second, 12)
    lab_shows(first, preset("He", 30))
    lab_shows(second, preset("residual", 12))
    press(second, TRAIN)
    press(first, "New weights")
    advance_clock(second, 1)
    shows(second, {"outcome": "*With skip*"})
    assert drawn_losses(first) == [0, 0]
    lab_shows(first, replace(preset("He", 30), seed=1))
    assert_ids_differ(first.page)


def test_it_leaves_nothing_behind(lab):
    widget = lab(preset("residual", 8))
    with slowly(widget.page):
        train_a_little(widget)
        assert widget.page.evaluate("kernel.listeners.length") == 7
        assert widget.page.evaluate("kernel.cleanup(), kernel.listeners.length") == 0
        html = widget.page.evaluate("kernel.el.innerHTML")
        advance_clock(widget, 1)
        assert widget.page.evaluate("kernel.el.innerHTML") == html


def test_keys_do_not_reach_the_notebook_around_it(lab):
    widget = lab()
    page = widget.page
    page.evaluate(
        "document.addEventListener('keydown', ({ key }) => (document.body.dataset.reached = key))"
    )
    for key in ("ArrowRight", "a", "Escape"):
        widget.locator(".rl-plot-frame").press(key)
        assert page.evaluate("document.body.dataset.reached") is None
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("b")  # what is pressed elsewhere does
    expect(page.locator("body")).to_have_attribute("data-reached", "b")


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(lab, assert_fits, axe_violations, width, theme):
    widget = lab(preset("1991", 56), width=width, theme=theme)
    assert_fits(widget, width)
    expect(widget).to_have_css("color-scheme", theme)
    assert_accessible(widget, axe_violations)
    set_depth(widget, 12)
    for name in dense.PRESETS:
        press(widget, name)
        assert_fits(widget, width)
    train(widget)
    assert_fits(widget, width)
    widget.locator(".rl-plot-frame").press("Home")
    assert_fits(widget, width)
    assert_accessible(widget, axe_violations)

    spec = replace(preset("He", 56), skip="identity")
    widget = lab(spec, show="slopes", width=width, theme=theme)
    _, skip = strips_show(widget, spec)
    assert "smooth, but enormous" in skip
    assert_fits(widget, width)
    assert_accessible(widget, axe_violations)


@pytest.mark.slow
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
          const { multiplyMatrices: multiply } = await import(url);
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
        page_modules()["gradient_lab"],
    )
    return {name: float(np.median(taken[6:])) for name, taken in times.items()}  # once compiled
