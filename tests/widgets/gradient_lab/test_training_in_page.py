"""Test how the GradientLab trains both nets."""

import re

import pytest
from lab_page import (
    TRAIN,
    captions,
    drawn,
    drawn_losses,
    outcome,
    press,
    slowly,
    train,
    train_a_little,
)
from mount_widget import (
    advance_clock,
    button,
    shows,
)
from playwright.sync_api import expect

from resnet_lib.inside import dense
from resnet_lib.inside.dense import DenseSpec, preset
from resnet_lib.tables import format_number

# ---------------------------------------------------------------- training


@pytest.mark.timed
def test_training_runs_to_the_end_and_the_page_does_not_freeze(open_lab, watch_for_freezes, capsys):
    """Other work on the machine makes gaps of its own: three attempts."""
    for _ in range(3):
        widget = open_lab(preset("residual", 56))
        watched = watch_for_freezes(widget.page)
        press(widget, TRAIN)
        fields = widget.locator(".rl-decision-field figcaption")
        expect(fields).to_have_text([re.compile("right")] * 2, timeout=120_000)
        gaps = watched()
        with capsys.disabled():
            print("\nGradientLab, longest gap in training at depth 56, ms:", gaps)
        if gaps["longest"] < gaps["allowed"]:
            break
    assert gaps["longest"] < gaps["allowed"]


def test_a_deep_net_is_trained_to_the_end(lab):
    widget = lab(preset("residual", 56))
    train(widget)
    assert drawn_losses(widget) == [201, 201]
    shows(widget, {"position": "step 200 of 200"})
    captions(widget, ".* right", "64 of 64 right")
    said = r"Plain: loss 0\.77 → [\d.]+\. With skip: loss 2\.3 → .*\."
    assert re.fullmatch(said, outcome(widget)), outcome(widget)


@pytest.mark.parametrize(
    "spec",
    [preset("1991", 5), preset("residual", 5), DenseSpec(6, "tanh", "glorot", "none", "scaled")],
    ids=str,
)
def test_a_training_ends_where_numpy_s_does(lab, spec):
    widget = lab(spec)
    train(widget)
    plain, skip = (dense.training_losses(one) for one in dense.plain_and_skip(spec))
    said = f"Plain: loss {format_number(plain[0])} → {format_number(plain[-1])}*"
    said += f"With skip: loss {format_number(skip[0])} → {format_number(skip[-1])}*"
    advance_clock(widget, 0.5)
    shows(widget, {"outcome": said, "announcement": said})
    # The picture shows both classes where the net has learned them, and a line between them.
    for index in (0, 1):
        field = widget.locator(".rl-field-fill").nth(index)
        expect(field).to_have_css("mask-image", re.compile(r'^url\("data:image/png'))
    assert drawn(widget, ".rl-field-line")[1].count("M") > 10


def test_stop_keeps_what_was_learned(lab):
    widget = lab(preset("residual", 8))
    with slowly(widget.page):
        train_a_little(widget)
        press(widget, "Stop")
    shows(widget, {"outcome": "Stopped at step * Plain: loss * With skip: loss * → *"})
    steps = drawn_losses(widget)
    advance_clock(widget, 1)
    captions(widget, ".* right", ".* right")  # the fields of what was learned
    expect(widget.locator(".rl-field-fill[style*=mask]")).to_have_count(2)
    assert drawn_losses(widget) == steps
    train(widget)
    assert drawn_losses(widget) == [201, 201], "from the start again"


def test_a_control_calls_a_training_off(lab):
    widget = lab(preset("residual", 8))
    with slowly(widget.page):
        train_a_little(widget)
        press(widget, "New weights")
        for seconds in (0, 1):
            advance_clock(widget, seconds)
            expect(button(widget, TRAIN)).to_be_visible()
            shows(widget, {"position": "", "outcome": ""})
            captions(widget, "not trained yet", "not trained yet")
            assert drawn_losses(widget) == [0, 0]


def test_a_loss_that_is_no_number_is_marked(lab):
    widget = lab(preset("He", 56))
    train(widget)
    shows(widget, {"outcome": "*not a number from step 1."})
    expect(widget.locator(".rl-loss-chart .rl-cross")).to_have_count(1)
    expect(widget.locator(".rl-loss-chart")).to_contain_text("with skip: not a number")
    captions(widget, ".*", "not a number")


def test_below_three_layers_there_is_nothing_to_skip(lab):
    widget = lab(DenseSpec(1))
    shows(widget, {"outcome": "*nothing to skip*"})
    shows(widget, {"verdict": "A single layer: its gradient is*"})
    train(widget)
    plain, skip = re.findall(r"loss (\S+ → [\d.]+\d)", outcome(widget))
    assert plain == skip
