"""The TrainingDashboard in the page: replays by mouse and keyboard, and what it asks of a kernel.

Runs are made up and put into the page before the loader meets them, so that each test knows what
there is to replay. The kernel is one too: a model that keeps what it is sent. The real one is met
in `test_jupyterlab.py`.
"""

import json

import pytest
from playwright.sync_api import expect

from resnet_lib import widgets
from resnet_lib.nets import NetSpec, kind_of
from resnet_lib.recipes import recipe_called
from resnet_lib.runs import run_name

NAME = "07_train_your_own"
TWIN = '[data-rl-module="training_dashboard"]'
BEFORE_LOADER = """document.addEventListener("readystatechange", () => {
  const twin = document.querySelector('[data-rl-module="training_dashboard"]');
  if (document.readyState === "interactive") { %s }
})"""
PAPER = [
    {"version": "v1", "n": 3, "shortcut": "pad", "test_error": 8.75, "at_least": False},
    {"version": "v1", "n": 18, "shortcut": "none", "test_error": 60, "at_least": True},
]


def made_up(shortcut="pad", n=3, version="v1", *, recipe="quick", epochs=4, seed=0, **changes):
    """A replay of a run, as `curves.replay_of` gives it."""
    spec, kind = NetSpec(version, n, shortcut), kind_of(version, shortcut)
    recipe = recipe_called(recipe, epochs)
    test = [round(10 + 40 / epoch + n, 2) for epoch in range(1, epochs + 1)]
    fields = {
        "name": run_name(spec.name, recipe, seed),
        "label": f"{'Plain' if kind == 'plain' else 'ResNet'}-{spec.depth}",
        "kind": kind,
        "version": version,
        "n": n,
        "shortcut": shortcut,
        "depth": spec.depth,
        "recipe": recipe.name,
        "batch_size": 128,
        "epochs": epochs,
        "highest_rate": 0.2,
        "seed": seed,
        "device": "CPU, 2 cores",
        "backend": "jax",
        "parameters": 269_722,
        "status": "finished",
        "error": [error - 5 for error in test],
        "test_error": test,
        "learning_rate": [0.1, 0.2, 0.1, 0.02, 0.01, 0.001][:epochs],
        "training_error": 9.5,
        "seconds": [60.0] * epochs,
        "images_per_second": [500.0 + 10 * epoch for epoch in range(epochs)],
    }
    return fields | changes


def recorded():
    return [made_up("none"), made_up(), made_up("pad", 9)]


def cut(run, epochs):
    """The run as it was after so many epochs, the training going on."""
    lists = ("error", "test_error", "learning_rate", "seconds", "images_per_second")
    shorter = {name: run[name][:epochs] for name in lists}
    return run | shorter | {"status": "stopped", "training_error": None}


def state(**traits):
    paper = [one | {"text": "", "source": "He et al. 2015, Table 6"} for one in PAPER]
    settings = {"version": "v1", "n": 3, "shortcut": "pad", "recipe": "quick", "epochs": 4}
    nothing = {key: {} for key in ("message", "found", "forecast", "progress", "run", "saved")}
    constant = {"recipes": widgets.recipe_facts(), "recorded": recorded(), "paper": paper}
    told = {"seed": 0, "live": False, "status": "ready"}
    return settings | constant | nothing | told | traits


def with_state(**traits):
    text = json.dumps(json.dumps(state(**traits)))
    return BEFORE_LOADER % f"twin.querySelector('script').textContent = {text};"


@pytest.fixture
def open_dashboard(open_page):
    def open_dashboard(*, traits=None, **how):
        page = open_page(NAME, prepare=with_state(**(traits or {})), **how)
        return page.locator(".rl-dashboard").first

    return open_dashboard


@pytest.fixture(params=["http", "file"])
def widget(open_dashboard, request):
    return open_dashboard(scheme=request.param)


def button(widget, name):
    return widget.get_by_role("button", name=name)


def pick(widget, name):
    widget.get_by_role("radio", name=name, exact=True).click()


def fields(widget):
    names = ("Epochs", "Seed", "n, blocks in each stage, 1 to 200")
    return [widget.get_by_label(name, exact=True) for name in names]


def total(widget, name):
    return widget.locator(f".rl-totals div:has(dt:text-is('{name}')) dd").inner_text()


def figure(widget, name):
    return widget.locator(f".rl-figures div:has(dt:text-is('{name}')) dd").inner_text()


def curves(widget):
    return widget.locator(".rl-plot .rl-curve:not(.rl-faint)").count()


def faint(widget):
    lines = widget.locator(".rl-plot .rl-faint")
    return lines.evaluate_all("all => all.map((one) => one.dataset.faint)")


def look(widget, selector):
    return widget.locator(selector).evaluate(
        "one => [getComputedStyle(one).fontWeight, getComputedStyle(one).fill]"
    )


def drawn_epochs(widget):
    """How far the curves are uncovered, as a share of the axis."""
    return widget.locator("clipPath rect").evaluate(
        "one => one.width.baseVal.value / one.closest('svg').width.baseVal.value"
    )


def ended(widget):
    widget.locator(".rl-ending:not([hidden])").wait_for(timeout=20_000)


# ---------------------------------------------------------------- the built page


def test_the_page_s_own_widget_says_that_it_replays(open_page):
    page = open_page(NAME)
    twin = page.locator(TWIN).first
    runs = json.loads(twin.locator("script").text_content())["recorded"]
    assert runs, "the book has no runs to replay"
    widget = twin.locator(".rl-dashboard")
    assert "this page has no kernel" in widget.locator(".rl-banner").inner_text()
    assert not twin.locator(".rl-picture").is_visible()
    assert button(widget, "Replay").is_enabled()
    assert button(widget, "Start").count() == 0
    assert widget.locator(".rl-faint").count() > 0, "the chart is not empty"


def test_a_fresh_page_shows_what_there_is(widget):
    banner = widget.locator(".rl-banner").inner_text()
    assert banner.startswith("Recorded run, replayed: this page has no kernel.")
    assert "ResNet-20 v1, pad, recipe quick-4 (4 epochs), seed 0, on CPU, 2 cores." in banner
    assert "make lab" in banner
    assert "Colab" in banner
    assert [total(widget, name).split("\n")[0] for name in ("Depth", "Parameters")] == [
        "20",
        "269,722",
    ]
    assert total(widget, "Time it took") == "4 min\non CPU, 2 cores"
    assert faint(widget) == ["plain20_v1-quick-4-seed0"], "the other one, before it is met"
    assert widget.locator(".rl-level-text").text_content() == "He et al. 2015: 8.75 %"
    assert widget.locator(".rl-rate-ahead").count() == 1, "the rate that is to come"
    assert "He et al. 2015, Table 6" in widget.inner_text()
    assert "this one has 4: the gap is the recipe’s as well." in widget.inner_text()
    assert not button(widget, "Stop after this epoch").is_enabled()
    assert not button(widget, "Resume").is_enabled()
    assert not widget.locator(".rl-work").is_visible()
    assert widget.locator(".rl-plot-frame").get_attribute("role") == "img"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_replay_plays_stops_goes_on_and_ends(open_dashboard, motion):
    widget = open_dashboard()
    page = widget.page
    page.emulate_media(reduced_motion=motion)
    button(widget, "Replay").click()
    assert widget.locator(".rl-phase").inner_text().startswith("Epoch 1 of 4: step ")
    assert figure(widget, "Images a second") == "500"
    assert figure(widget, "Test error") == "–", "none is known before the first epoch's end"
    assert drawn_epochs(widget) == 0
    page.wait_for_function("/^Epoch 2 of 4/.test(document.querySelector('.rl-phase').textContent)")
    assert figure(widget, "Test error") == "53.0 %"
    assert figure(widget, "Learning rate") == "0.2"
    assert figure(widget, "Time left").startswith(("2 min", "3 min"))
    assert figure(widget, "Time left").endswith("\nof the recorded run")
    assert 0 <= float(widget.locator("progress").get_attribute("value") or 0) <= 1

    button(widget, "Stop after this epoch").click()
    assert button(widget, "Stopping").get_attribute("aria-disabled") == "true"
    assert "stops at the end" in widget.locator(".rl-notice").inner_text()
    ended(widget)
    assert "Stopped after epoch 2" in widget.locator(".rl-notice").inner_text()
    assert widget.locator(".rl-outcome").inner_text() == "After epoch 2 of 4: test error 33.00 %."
    assert figure(widget, "Epochs") == "2 of 4"
    stopped = drawn_epochs(widget)
    page.wait_for_timeout(1200)
    assert drawn_epochs(widget) == stopped, "a stop is one"

    button(widget, "Resume").click()
    assert widget.locator(".rl-phase").inner_text().startswith("Epoch 3 of 4")
    ended(widget)
    assert widget.locator(".rl-outcome").inner_text() == ("Test error 23.00 %, the paper’s 8.75 %.")
    remark = widget.locator(".rl-ending .rl-note").inner_text()
    assert remark.startswith("14.25 points above the paper’s. The paper’s recipe is another")
    assert figure(widget, "Training error") == "9.50 %"
    assert figure(widget, "It took") == "4 min"
    assert drawn_epochs(widget) > stopped
    expect(widget.locator(".rl-words")).to_contain_text("Test error 23.00 %")
    assert not button(widget, "Resume").is_enabled()

    button(widget, "Replay").click()
    assert widget.locator(".rl-phase").inner_text().startswith("Epoch 1 of 4"), "it begins anew"


def test_every_control_by_keyboard(widget):
    page, press = widget.page, widget.page.keyboard.press
    widget.get_by_role("radio", name="v1", exact=True).focus()
    press("Tab")
    press("ArrowRight")  # n = 4
    assert total(widget, "Depth").startswith("26")
    press("Tab")
    page.keyboard.type("9")
    press("Tab")
    assert total(widget, "Depth").startswith("56")
    assert "ResNet-56 v1, pad" in widget.locator(".rl-banner").inner_text()
    press("ArrowLeft")  # the shortcut
    assert widget.get_by_role("radio", name="projection").is_checked()
    press("ArrowRight")
    press("Tab")
    press("ArrowLeft")  # the recipe, with epochs of its own
    assert widget.get_by_role("radio", name="paper").is_checked()
    assert widget.get_by_label("Epochs", exact=True).input_value() == "164"
    press("ArrowRight")
    assert widget.get_by_label("Epochs", exact=True).input_value() == "15"
    press("Tab")
    page.keyboard.type("4")
    press("Tab")
    page.keyboard.type("7")  # the seed
    press("Tab")
    assert "The controls say seed 7" in widget.locator(".rl-banner").inner_text()

    assert button(widget, "Replay").evaluate("one => one === document.activeElement")
    press("Enter")
    press("Tab")
    press("Enter")  # stop
    ended(widget)
    press("Enter")  # there is nothing to stop
    press("Tab")
    assert button(widget, "Resume").evaluate("one => one === document.activeElement")
    press("Enter")
    assert not widget.locator(".rl-ending").is_visible()
    ended(widget)
    press("Enter")  # there is nothing to resume
    assert widget.locator(".rl-ending").is_visible()
    plot = widget.locator(".rl-plot-frame")
    plot.focus()
    for key, epoch in (("ArrowLeft", 3), ("Home", 1), ("ArrowRight", 2), ("End", 4)):
        press(key)
        assert plot.get_attribute("aria-valuenow") == str(epoch), key
    press("Home")
    assert widget.locator(".rl-lab-head").inner_text() == (
        "Epoch 1 of 4: test error 59.0 %, training error 54.0 %."
    )
    assert widget.locator(".rl-flag-text").text_content() == "1"
    press("Escape")
    assert widget.locator(".rl-flag-text").count() == 0


def test_the_fields_hold_what_they_can(widget):
    epochs, seed, blocks = fields(widget)
    for field, typed, kept in (
        (epochs, "0", "1"),
        (epochs, "5000", "1000"),
        (epochs, "", "15"),
        (seed, "-3", "0"),
        (seed, "5000", "999"),
        (seed, "", "0"),
        (blocks, "500", "200"),
        (blocks, "900", "200"),
        (blocks, "", "200"),
    ):
        field.fill(typed)
        field.blur()
        assert field.input_value() == kept, typed
    epochs.fill("4")
    epochs.blur()
    button(widget, "its own: 15").click()
    assert epochs.input_value() == "15"


def test_a_field_says_for_a_moment_how_far_it_goes(widget):
    epochs, seed, blocks = fields(widget)
    for field, typed, said in (
        (epochs, "5000", "Epochs go from 1 to 1000"),
        (epochs, "0", "Epochs go from 1 to 1000"),
        (seed, "-3", "The seed goes from 0 to 999"),
        (blocks, "500", "n goes from 1 to 200"),
        (blocks, "500", "n goes from 1 to 200"),
    ):
        said_there = field.locator("xpath=ancestor::*[contains(@class, 'rl-field')]//*[@role]")
        field.press_sequentially("1")
        assert said_there.text_content() == "", "who types has heard it"
        field.fill(typed)
        field.blur()
        assert said_there.get_attribute("role") == "status"
        assert said_there.text_content() == said
    blocks.fill("4")
    blocks.blur()
    assert widget.locator(".rl-limit:text('n goes')").count() == 0
    widget.page.wait_for_timeout(6500)
    assert "".join(widget.locator(".rl-limit").all_text_contents()) == ""


@pytest.mark.parametrize("is_live", [False, True])
def test_a_net_is_not_given_away_before_it_is_met(open_dashboard, open_live, is_live):
    widget, kernel = open_live() if is_live else (open_dashboard(), None)
    plain, resnet = "plain20_v1-quick-4-seed0", RUN
    assert faint(widget) == [plain]
    pick(widget, "none (plain)")
    assert faint(widget) == [resnet]
    pick(widget, "pad")
    if is_live:
        kernel.training(0)
        assert faint(widget) == [plain, resnet]
        kernel.say(status="ready", run={}, progress={})
    else:
        button(widget, "Replay").click()
        assert faint(widget) == [plain]
        ended(widget)
        pick(widget, "none (plain)")
        assert faint(widget) == [resnet]
        pick(widget, "pad")
    assert faint(widget) == [plain, resnet], "it has been seen"


def test_the_paper_s_line_is_quiet_beside_another_recipe(open_dashboard):
    theirs = made_up(recipe="paper", epochs=164)
    widget = open_dashboard(traits={"recorded": [made_up(), theirs]})
    weight, ink = look(widget, ".rl-level-text")
    assert weight == "400"
    assert ink == look(widget, ".rl-plot .rl-tick >> nth=0")[1]
    pick(widget, "paper")
    assert "By the paper’s own recipe, 164 epochs" in widget.inner_text()
    assert look(widget, ".rl-level-text")[0] == "600"


@pytest.mark.parametrize("width", [375, 1280])
def test_the_label_of_the_run_that_is_played_meets_no_other(open_live, width):
    runs = [made_up(shortcut, label="a") for shortcut in ("pad", "none", "projection", "highway")]
    widget, kernel = open_live(width=width, traits={"recorded": runs, "epochs": 6})
    long = made_up(epochs=6)
    for epochs in range(1, 7):
        kernel.say(status="training", run=cut(long, epochs), progress={"epoch": 1, "epochs": 6})
        boxes = widget.locator(".rl-plot .rl-end:not([hidden]) text").evaluate_all(
            """all => all.map((one) => {
              const { left, right, top, bottom } = one.getBoundingClientRect();
              return { left, right, top, bottom, own: !one.closest(".rl-end-quiet") };
            })"""
        )
        (own,) = [one for one in boxes if one["own"]]
        for one in boxes:
            if one is not own and one["left"] < own["right"] and one["right"] > own["left"]:
                apart = max(one["top"] - own["bottom"], own["top"] - one["bottom"])
                assert apart >= -0.5, (epochs, one, own)


def test_a_choice_without_a_record_lists_those_that_exist(widget):
    pick(widget, "v2")
    banner = widget.locator(".rl-banner")
    assert banner.inner_text().startswith("There is no recorded run of ResNet-29 v2, pad")
    assert not button(widget, "Replay").is_enabled()
    assert total(widget, "Depth").startswith("29")
    assert total(widget, "Time it took").endswith("no recorded run")
    names = ["Plain-20 v1", "ResNet-20 v1, pad", "ResNet-56 v1, pad"]
    assert banner.get_by_role("button").all_inner_texts() == names
    assert widget.locator(".rl-plot .rl-faint").count() > 0, "those nearest in depth"

    banner.get_by_role("button", name="Plain-20 v1").click()
    assert widget.get_by_role("radio", name="none (plain)").is_checked()
    assert widget.get_by_role("radio", name="v1", exact=True).is_checked()
    assert widget.get_by_label("Epochs", exact=True).input_value() == "4"
    assert "Plain-20 v1, recipe quick-4" in banner.inner_text()
    assert "nearest" not in banner.inner_text()
    assert button(widget, "Replay").evaluate("one => one === document.activeElement")
    widget.page.keyboard.press("Enter")
    ended(widget)
    assert widget.locator(".rl-outcome").inner_text() == "Test error 23.00 %."
    assert "report no test error" in widget.locator(".rl-ending").inner_text()


def test_another_choice_ends_the_replay(widget):
    button(widget, "Replay").click()
    pick(widget, "none (plain)")
    assert not widget.locator(".rl-work").is_visible()
    assert not button(widget, "Stop after this epoch").is_enabled()
    widget.page.wait_for_timeout(1000)
    assert not widget.locator(".rl-work").is_visible()


def test_no_record_at_all_is_told(open_dashboard, axe_violations):
    widget = open_dashboard(traits={"recorded": [], "paper": []})
    assert "it can replay nothing yet" in widget.locator(".rl-banner").inner_text()
    assert not button(widget, "Replay").is_enabled()
    assert widget.locator(".rl-level").count() == 0
    assert axe_violations(widget.page, ".rl-dashboard") == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"version": "v3"}, "version must be v1 or v2"), ({"recipe": "slow"}, "no recipe slow")],
)
def test_a_state_that_cannot_be_is_told(open_dashboard, wrong, said):
    widget = open_dashboard(traits=wrong)
    assert said in widget.locator(".rl-error").inner_text()


def test_a_pointer_reads_the_curves(widget):
    button(widget, "Replay").click()
    ended(widget)
    box = widget.locator(".rl-plot-frame").bounding_box()
    widget.page.mouse.move(box["x"] + 40, box["y"] + 60)
    assert widget.locator(".rl-lab-head").inner_text().startswith("Epoch 1 of 4")
    assert widget.locator(".rl-read").count() == 2
    widget.page.mouse.click(box["x"] + 40, box["y"] + 60)
    widget.page.mouse.move(2, 2)
    assert widget.locator(".rl-lab-head").inner_text().startswith("Epoch 1 of 4"), "kept"


def test_two_on_one_page_do_not_meet(open_page):
    twice = with_state().replace("; }", "; twin.after(twin.cloneNode(true)); }")
    page = open_page(NAME, prepare=twice)
    first, second = (page.locator(".rl-dashboard").nth(index) for index in (0, 1))
    pick(second, "none (plain)")
    button(second, "Replay").click()
    assert first.get_by_role("radio", name="pad").is_checked()
    assert not first.locator(".rl-work").is_visible()
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert (
        page.evaluate(
            "new Set([...document.querySelectorAll('.rl-dashboard input[type=radio]')]"
            ".map((one) => one.name)).size"
        )
        == 6
    )


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(open_dashboard, axe_violations, width, theme):
    widget = open_dashboard(width=width, theme=theme)
    page = widget.page

    def check():
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe_violations(page, ".rl-dashboard") == []
        inside = widget.bounding_box()
        texts = widget.locator(".rl-plot text").evaluate_all(
            "all => all.filter((one) => one.checkVisibility())"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.width)"
            ".map((box) => [box.left, box.right])"
        )
        assert all(
            inside["x"] < left and right < inside["x"] + inside["width"] for left, right in texts
        )

    check()
    button(widget, "Replay").click()
    page.wait_for_function("/^Epoch 2 of 4/.test(document.querySelector('.rl-phase').textContent)")
    check()
    ended(widget)
    check()
    pick(widget, "v2")
    check()
    assert page.evaluate("getComputedStyle(document.querySelector('.rl')).colorScheme") == theme


@pytest.mark.parametrize("width", [375, 1280])
def test_a_replay_does_not_make_the_page_jump(open_dashboard, width):
    widget = open_dashboard(width=width)
    button(widget, "Replay").click()
    page = widget.page
    heights = set()
    for epoch in (1, 2, 3, 4):
        page.wait_for_function(
            f"/^Epoch {epoch} of 4/.test(document.querySelector('.rl-phase').textContent)"
        )
        if epoch > 1:  # the line with what is read comes with the first epoch's end
            heights.add(widget.locator(".rl-plot").bounding_box()["y"])
    assert len(heights) == 1, heights


# ---------------------------------------------------------------- with a kernel

RENDER = """async ([source, state]) => {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const { default: widget } = await import(url);
  const listeners = [];
  const sent = [];
  const tell = (event, ...what) => listeners.filter((one) => one.event === event)
    .forEach((one) => one.listener(...what));
  const model = {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      tell(`change:${name}`);
    },
    on: (event, listener) => listeners.push({ event, listener }),
    off(event, listener) {
      const at = listeners.findIndex((one) => one.event === event && one.listener === listener);
      if (at >= 0) listeners.splice(at, 1);
    },
    save_changes: () => sent.push("saved"),
    send: (message) => sent.push(message),
  };
  const el = document.createElement("div");
  document.querySelector("main").replaceChildren(el);
  const cleanup = await widget.render({ model, el });
  window.kernel = { listeners, sent, tell, cleanup, el,
    say: (traits) => Object.entries(traits).forEach(([name, value]) => model.set(name, value)) };
}"""
RUN = "resnet20_v1_pad-quick-4-seed0"
KNOWN = {
    "state": "known",
    "name": RUN,
    "minutes": 12.1,
    "epoch_seconds": 48.2,
    "device": "NVIDIA T4",
}


class Kernel:
    """The page's model, from the other side."""

    def __init__(self, page):
        self.page = page

    def say(self, **traits):
        self.page.evaluate("(traits) => window.kernel.say(traits)", traits)

    def sent(self):
        """The messages since the last look, without the settings that go with them."""
        messages = self.page.evaluate("window.kernel.sent.splice(0)")
        return [
            one if isinstance(one, str) else {k: v for k, v in one.items() if k != "settings"}
            for one in messages
        ]

    def training(self, epochs, run=None, **progress):
        told = {"phase": "training", "epoch": epochs + 1, "epochs": 4, "step": 100, "steps": 390}
        told |= {"learning_rate": 0.1911, "error": 31.2, "images_per_second": 1243.5}
        told |= {"seconds_left": 200}
        self.say(status="training", run=cut(run or made_up(), epochs), progress=told | progress)


@pytest.fixture
def open_live(open_page):
    def open_live(*, traits=None, **how):
        page = open_page(NAME, **how)
        source = widgets.module_source("training_dashboard")
        page.evaluate(RENDER, [source, state(live=True, **(traits or {}))])
        return page.locator(".rl-dashboard"), Kernel(page)

    return open_live


@pytest.fixture
def live(open_live):
    return open_live()


def test_a_kernel_is_asked_when_the_settings_rest(live):
    widget, kernel = live
    assert kernel.sent() == ["saved", {"do": "look"}]
    assert not widget.locator(".rl-banner").is_visible()
    assert total(widget, "Time expected") == "…\nasking the kernel"
    slider = widget.locator("input[type=range]")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    assert total(widget, "Depth").startswith("38")
    assert kernel.sent() == ["saved"] * 3, "the settings, and no question yet"
    widget.page.wait_for_timeout(700)
    assert kernel.sent() == ["saved", {"do": "look"}]


def test_the_settings_go_with_every_message(live):
    widget, kernel = live
    pick(widget, "highway")
    widget.get_by_label("Seed", exact=True).fill("5")
    button(widget, "Start").click()
    last = kernel.page.evaluate("window.kernel.sent.at(-1)")
    assert last == {
        "do": "start",
        "settings": {
            "version": "v1",
            "n": 3,
            "shortcut": "highway",
            "recipe": "quick",
            "epochs": 4,
            "seed": 5,
        },
    }
    kernel.sent()
    widget.page.wait_for_timeout(700)
    assert kernel.sent() == [], "who starts has no more to ask"


def test_the_time_expected(live):
    widget, kernel = live
    kernel.say(forecast={"state": "measuring", "name": RUN})
    assert total(widget, "Time expected").endswith("Measuring the speed of this device…")
    kernel.say(forecast=KNOWN)
    assert total(widget, "Time expected") == "12 min\non NVIDIA T4 (48 s an epoch)"
    kernel.say(forecast=KNOWN | {"minutes": 90})
    assert total(widget, "Time expected").startswith("1.5 h")
    kernel.say(forecast=KNOWN | {"device": "CPU, 2 cores", "minutes": 24, "epoch_seconds": 360})
    assert "With 2 epochs it would take about 12 minutes" in widget.inner_text()
    kernel.say(forecast={"state": "failed", "name": RUN, "words": "OOM: too large"})
    assert total(widget, "Time expected").endswith("could not be measured: OOM: too large")
    pick(widget, "none (plain)")
    assert total(widget, "Time expected") == "…\nasking the kernel", "that was of another net"
    for field in fields(widget):
        field.fill("7")  # and not left yet
        kernel.say(forecast={"state": "later", "name": str(field)})
        assert field.input_value() == "7", "what the kernel says writes over nothing"


def test_start_stop_resume(live):
    widget, kernel = live
    kernel.say(forecast=KNOWN)
    kernel.sent()
    start, stop, resume = (button(widget, name) for name in ("Start", "Stop", "Resume"))
    assert [one.is_enabled() for one in (start, stop, resume)] == [True, False, False]
    start.click()
    assert start.inner_text() == "Starting…"
    assert kernel.sent() == ["saved", {"do": "start"}], "the settings first"

    kernel.say(status="preparing", message={"kind": "note", "text": "Reading CIFAR-10."})
    assert start.inner_text() == "Start"
    assert widget.locator(".rl-notice").inner_text() == "Reading CIFAR-10."
    assert widget.locator("progress").get_attribute("value") is None
    kernel.say(message={})
    kernel.training(0)
    assert widget.locator(".rl-notice").inner_text() == ""
    assert widget.locator(".rl-phase").inner_text() == "Epoch 1 of 4: step 100 of 390"
    share = float(widget.locator("progress").get_attribute("value"))
    assert share == pytest.approx(100 / 390)
    assert figure(widget, "Learning rate") == "0.191"
    assert figure(widget, "Images a second") == "1,244"
    assert figure(widget, "Training error") == "31.2 %"
    assert figure(widget, "Time left") == "3 min 20 s"
    kernel.training(1, phase="testing")
    assert "testing" in widget.locator(".rl-phase").inner_text()
    assert figure(widget, "Test error") == "53.0 %"
    expect(widget.locator(".rl-words")).to_contain_text("Epoch 1 of 4: test error 53.0 %")

    assert [one.is_enabled() for one in (start, stop, resume)] == [True, True, False]
    stop.click()
    assert kernel.sent()[-1] == {"do": "stop"}
    kernel.say(status="stopping", message={"kind": "note", "text": "It stops."})
    assert "it stops at its end" in widget.locator(".rl-phase").inner_text()
    stop.dispatch_event("click")
    assert kernel.sent() == [], "once is enough"

    found = {"epochs": 2, "of": 4, "finished": False}
    kernel.say(
        status="stopped",
        progress={},
        run=cut(made_up(), 2),
        message={"kind": "note", "text": "Stopped."},
        found=found,
    )
    assert stop.evaluate("one => one === document.activeElement"), "the focus has stayed"
    assert widget.locator(".rl-notice").inner_text() == "Stopped."
    assert "2 of 4 epochs of these settings are done: Resume goes on" in widget.inner_text()
    assert "for the 2 epochs left" in total(widget, "Time expected")
    assert kernel.sent() == ["saved", {"do": "look"}], "what had to wait can be measured now"
    resume.click()
    assert button(widget, "Resuming…").is_visible()
    assert kernel.sent() == ["saved", {"do": "resume"}]


def test_a_second_start_is_refused_as_often_as_it_is_asked(live):
    widget, kernel = live
    kernel.training(1)
    refusal = {"kind": "error", "text": "resnet20 is training in this kernel: let it end"}
    for _ in range(2):
        button(widget, "Start").click()
        assert button(widget, "Starting…").is_visible()
        assert widget.get_by_role("alert").count() == 0, "what was said before is no answer"
        kernel.say(message={})
        kernel.say(message=refusal)
        assert button(widget, "Start").is_visible()
        assert widget.get_by_role("alert").inner_text() == refusal["text"]
    assert widget.locator(".rl-phase").inner_text().startswith("Epoch 2 of 4")


def test_a_kernel_that_does_not_answer_is_told_of(live):
    widget, kernel = live
    button(widget, "Start").click()
    widget.get_by_text("No answer from the kernel yet").wait_for(timeout=7000)
    assert button(widget, "Starting…").is_visible()
    kernel.say(status="preparing")
    assert "No answer" not in widget.inner_text()


@pytest.mark.timed
def test_the_controls_are_alive_during_a_training(live):
    widget, kernel = live
    kernel.training(2)
    for _ in range(5):
        started = kernel.page.evaluate("performance.now()")
        pick(widget, "none (plain)")
        assert "In training now: ResNet-20 v1, pad" in widget.inner_text()
        pick(widget, "pad")
        assert "In training now" not in widget.inner_text()
        assert kernel.page.evaluate("performance.now()") - started < 1000, "both together"
    pick(widget, "none (plain)")
    assert widget.locator(".rl-plot .rl-curve.rl-test").get_attribute("data-kind") == "v1"
    assert widget.locator(".rl-work").get_attribute("data-kind") == "v1"
    assert widget.get_attribute("data-kind") == "plain"


@pytest.mark.parametrize("status", ["failed", "diverged", "interrupted"])
def test_an_end_that_is_none_says_its_words_and_keeps_the_curves(live, status):
    widget, kernel = live
    kernel.training(2)
    text = "ValueError: something broke\nAll up to the end of epoch 2 is kept: Resume goes on."
    kind = "note" if status == "interrupted" else "error"
    kernel.say(
        status=status,
        progress={},
        message={"kind": kind, "text": text},
        run=cut(made_up(), 2) | ({"status": "diverged"} if status == "diverged" else {}),
        found={"epochs": 2, "of": 4, "finished": False},
    )
    assert widget.locator(".rl-notice").inner_text() == text, "with its line break"
    assert widget.get_by_role("alert").count() == (1 if kind == "error" else 0)
    assert curves(widget) == 2
    assert "epoch 2 of 4: test error 33.00 %" in widget.locator(".rl-outcome").inner_text()
    assert button(widget, "Resume").is_enabled()
    assert widget.locator(".rl-cross").count() == (1 if status == "diverged" else 0)


def test_the_end_is_set_beside_the_paper_s_and_can_be_downloaded(live):
    widget, kernel = live
    page = widget.page
    kernel.say(
        status="finished",
        run=made_up(),
        message={"kind": "note", "text": "Saved in runs."},
        found={"epochs": 4, "of": 4, "finished": True},
        saved={"folder": f"runs/{RUN}", "run": 2333, "weights": 3_400_000},
    )
    assert widget.locator(".rl-outcome").inner_text() == ("Test error 23.00 %, the paper’s 8.75 %.")
    assert f"Saved in runs/{RUN}" in " ".join(widget.locator(".rl-saved").inner_text().split())
    assert "Start trains anew, and sets that run aside" in widget.inner_text()
    ends = widget.locator(".rl-plot .rl-end-name").all_text_contents()
    assert sorted(ends) == ["Plain-20", "ResNet-20", "ResNet-20, recorded"]
    kernel.sent()
    for name, what, file in (
        ("Run, 2 kB", "run", f"{RUN}.run.json"),
        ("Weights, 3.4 MB", "weights", f"{RUN}.keras"),
    ):
        with page.expect_download() as downloading:
            button(widget, name).click()
            assert kernel.sent()[-1] == {"do": "download", "what": what}
            kernel.say(message={})  # before the file: it forgets what it said last
            page.evaluate(
                """([download, text]) => window.kernel.tell("msg:custom",
                  { download, type: "application/json" },
                  [new DataView(new TextEncoder().encode(text).buffer)])""",
                [file, f"the {what}"],
            )
        download = downloading.value
        assert download.suggested_filename == file
        with open(download.path(), encoding="utf-8") as written:
            assert written.read() == f"the {what}"
    # What another view of the same widget asked for is that view's.
    links = page.evaluate(
        """() => {
          let made = 0;
          const create = URL.createObjectURL;
          URL.createObjectURL = (blob) => { made += 1; return create(blob); };
          const empty = new DataView(new ArrayBuffer(1));
          window.kernel.tell("msg:custom", { download: "a", type: "b" }, [empty]);
          return made;
        }"""
    )
    assert links == 0


def test_a_run_of_other_settings_has_no_files_to_offer(live):
    widget, kernel = live
    kernel.say(
        status="finished", run=made_up(), saved={"folder": f"runs/{RUN}", "run": 1, "weights": 1}
    )
    assert widget.locator(".rl-saved").is_visible()
    pick(widget, "none (plain)")
    assert not widget.locator(".rl-saved").is_visible()
    assert "Shown: ResNet-20 v1, pad" in widget.inner_text()


def test_the_strip_of_the_rate_comes_with_the_training(live):
    widget, kernel = live
    assert widget.locator(".rl-rates").count() == 0, "nothing is known of it"
    kernel.training(0)
    assert widget.locator(".rl-rates").count() == 1
    assert widget.locator(".rl-rate-ahead").count() == 0


def test_the_axis_stands_while_the_curves_grow(live):
    """Nothing moves but the curves: axis, strip and labels have their room from the first."""
    widget, kernel = live
    boxes = set()
    for epochs in range(4):
        kernel.training(epochs)
        svg = widget.locator(".rl-plot")
        last = svg.locator(".rl-tick").filter(has_text="4").last
        boxes.add((svg.bounding_box()["height"], round(last.bounding_box()["x"], 1)))
    assert len(boxes) == 1, boxes


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_cleanup_leaves_nothing_behind(open_live, motion):
    for is_live in (True, False):
        widget, _ = open_live()
        page = widget.page
        page.emulate_media(reduced_motion=motion)
        if not is_live:
            page.evaluate(RENDER, [widgets.module_source("training_dashboard"), state(live=False)])
        button(widget, "Start" if is_live else "Replay").click()
        pick(widget, "none (plain)")  # a question is due
        if not is_live:
            pick(widget, "pad")
            button(widget, "Replay").click()
        still, asked, listening = page.evaluate(
            """async (patience) => {
              const { kernel } = window;
              kernel.cleanup();
              kernel.sent.splice(0);
              const html = kernel.el.innerHTML;
              await new Promise((done) => setTimeout(done, patience));
              return [kernel.el.innerHTML === html, kernel.sent.length, kernel.listeners.length];
            }""",
            5600 if is_live else 1500,
        )
        assert (still, asked, listening) == (True, 0, 0)


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_live_one_fits_and_axe_finds_nothing(open_live, axe_violations, width, theme):
    widget, kernel = open_live(width=width, theme=theme)
    long = "ResourceExhaustedError: " + "out_of_memory/" * 20 + "\nAll is kept."
    saved = {"folder": f"runs/{RUN}", "run": 2333, "weights": 3_400_000}
    for say in (
        lambda: kernel.say(forecast=KNOWN),
        lambda: kernel.say(status="preparing", message={"kind": "note", "text": "Building."}),
        lambda: kernel.training(2),
        lambda: kernel.say(status="failed", progress={}, message={"kind": "error", "text": long}),
        lambda: kernel.say(status="finished", run=made_up(), message={}, saved=saved),
    ):
        say()
        assert widget.page.evaluate("document.documentElement.scrollWidth") <= width
        assert axe_violations(widget.page, ".rl-dashboard") == []
