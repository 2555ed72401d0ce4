"""Read and operate the GradientLab on a page."""

import re
from contextlib import contextmanager
from dataclasses import asdict

from mount_widget import (
    advance_clock,
    radio,
    shows,
)
from playwright.sync_api import expect

from resnet_lib.inside import dense
from resnet_lib.widgets.gradient_lab.descriptions import describe_gradients, describe_slopes

TRAIN = "Train 200 steps"


def state_of(spec, show="all"):
    return {"show": show} | asdict(spec)


def verdict_of(spec):
    return describe_gradients(dense.untrained_signals(spec)[0])


def lab_shows(widget, spec):
    """The sentence, the curve and the controls are those of `spec`."""
    shows(widget, {"verdict": verdict_of(spec), "seed": f"seed {spec.seed}"})
    chosen = (spec.activation, spec.initialization, spec.normalization, spec.skip)
    for index, value in enumerate(chosen):
        radios = widget.locator("fieldset:has([type=radio])").nth(index)
        expect(radios.locator(f"[value={value}]")).to_be_checked()
    expect(widget.locator("input[type=number]")).to_have_value(str(spec.depth))
    expect(widget).to_have_attribute("data-kind", "plain" if spec.skip == "none" else "v1")
    paths = drawn(widget, ".rl-lab-dots")
    assert [path.count("M") for path in paths] == [spec.depth, spec.depth - 1]


def drawn(widget, selector):
    """What these paths are drawn by."""
    return widget.locator(selector).evaluate_all("all => all.map((a) => a.getAttribute('d') ?? '')")


def drawn_points(widget, selector):
    return [len(re.findall("[ML]", path)) for path in drawn(widget, selector)]


def drawn_losses(widget):
    """How many losses of each net are drawn."""
    return drawn_points(widget, ".rl-loss-chart path.rl-curve")


def choose(widget, legend, name):
    radio(widget.get_by_role("group", name=legend, exact=True), name).click()


def press(widget, name):
    widget.get_by_role("button", name=name, exact=True).click()


def set_depth(widget, depth):
    widget.locator("input[type=number]").fill(str(depth))
    widget.page.keyboard.press("Enter")


def captions(widget, plain, skip):
    """What stands under the two fields; a pattern each."""
    places = widget.locator(".rl-decision-field figcaption")
    expect(places).to_have_text([re.compile(f"^plain {plain}$"), re.compile(f"^with skip {skip}$")])


def train(widget):
    press(widget, TRAIN)
    advance_clock(widget, 1)
    captions(widget, *2 * ["(.* right|not a number)"])


@contextmanager
def slowly(page):
    """There a slice of work ends after one of its parts, as if each took 8 ms."""
    page.evaluate(
        """() => {
          window.quickly = performance.now;
          let now = performance.now();
          performance.now = () => (now += 8);
        }"""
    )
    yield
    page.evaluate("() => { performance.now = window.quickly; }")


def train_a_little(widget):
    """Some steps, and not all."""
    press(widget, TRAIN)
    advance_clock(widget, 0.1)
    shows(widget, {"position": "step * of 200"})
    assert 2 < max(drawn_losses(widget)) < 201


def outcome(widget):
    expect(widget.locator(".rl-outcome")).not_to_be_empty()
    return widget.locator(".rl-outcome").inner_text()


def strips_show(widget, spec):
    """What stands beside the strips, plain and with skip, is said of `spec`; returns it."""
    advance_clock(widget, 0.1)
    words = [describe_slopes(dense.slopes_on_line(net)) for net in dense.plain_and_skip(spec)]
    expect(widget.locator(".rl-strip-text")).to_have_text(words)
    return words
