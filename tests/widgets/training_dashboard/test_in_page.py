"""The TrainingDashboard in the page: replays by mouse and keyboard, and what it asks of a kernel.

Runs are made up, so that each test knows what there is to replay. The kernel is one too: a model
that keeps what it is sent. The real one is met in `test_jupyterlab.py`.
"""

import json
import time

import pytest
from made_up_runs import make_run
from mount_widget import (
    advance_clock,
    assert_accessible,
    assert_ids_differ,
    before_loader,
    button,
    keys,
    mount,
    open_mount_page,
    radio,
    say,
    shows,
    stop_clock,
)
from playwright.sync_api import expect

from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.recipes import recipe_called
from resnet_lib.widgets.training_dashboard.facts import recipe_facts

NAME = "07_train_your_own"
RUN, PLAIN = "resnet20_v1_pad-quick-4-seed0", "plain20_v1-quick-4-seed0"
PAPER = [
    {"version": "v1", "n": 3, "shortcut": "pad", "test_error": 8.75, "at_least": False},
    {"version": "v1", "n": 18, "shortcut": "none", "test_error": 60, "at_least": True},
]


def made_up(shortcut="pad", n=3, version="v1", *, recipe="quick", epochs=4, label=None):
    """A replay of a run of so many epochs, as the book's pages hold them."""
    errors = [round(5 + n + 40 / epoch, 2) for epoch in range(1, epochs + 1)]
    run = make_run(
        *(shortcut, n),
        errors=errors,
        net=NetSpec(version, n, shortcut),
        model=NetSpec(version, n, shortcut).name,
        recipe=recipe_called(recipe, epochs),
        device="CPU, 2 cores",
        training_error=9.5,
    )
    run.history["learning_rate"] = [0.1, 0.2, 0.1, 0.02, 0.01, 0.001][:epochs]
    run.history["seconds"] = [60.0] * epochs
    run.history["images_per_second"] = [500.0 + 10 * epoch for epoch in range(epochs)]
    replay = run_to_replay(run)
    return replay | {"label": label or replay["label"]}


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
    constant = {"recipes": recipe_facts(), "recorded": recorded(), "paper": paper}
    told = {"seed": 0, "live": False, "status": "ready"}
    return settings | constant | nothing | told | traits


KNOWN = {"state": "known", "name": RUN, "minutes": 12.1, "epoch_seconds": 48.2}
KNOWN |= {"device": "NVIDIA T4"}
SAVED = {"folder": f"runs/{RUN}", "run": 2333, "weights": 3_400_000}


# ---------------------------------------------------------------- the pages


@pytest.fixture(params=["http", "file"])
def built(open_page, request):
    """The widget as the built page's loader mounts it, with a state of our own."""
    text = f"container.querySelector('script').textContent = {json.dumps(json.dumps(state()))};"
    prepare = before_loader("training_dashboard", text)
    page = open_page(NAME, scheme=request.param, prepare=prepare)
    stop_clock(page)
    return page.locator(".rl-dashboard").first


@pytest.fixture(scope="module")
def shared_page(open_shared_page):
    return open_mount_page(open_shared_page, NAME)


@pytest.fixture
def dashboard(shared_page):
    """`dashboard(**how, **traits)`: a fresh one in the shared page."""

    def dashboard(*, width=1280, theme="light", motion="reduce", beside=False, **traits):
        how = {"width": width, "theme": theme, "motion": motion, "beside": beside}
        return mount(shared_page, "training_dashboard", state(**traits), **how)

    return dashboard


@pytest.fixture
def live(dashboard):
    return dashboard(live=True)


def sent(widget):
    """The messages since the last look, without the settings that go with them."""
    messages = widget.page.evaluate("kernel.sent.splice(0)")
    return [
        one if isinstance(one, str) else {k: v for k, v in one.items() if k != "settings"}
        for one in messages
    ]


def train(widget, epochs, **progress):
    """The kernel says that so many epochs are done, and how the next one goes."""
    told = {"phase": "training", "epoch": epochs + 1, "epochs": 4, "step": 100, "steps": 390}
    told |= {"learning_rate": 0.1911, "error": 31.2, "images_per_second": 1243.5}
    told |= {"seconds_left": 200}
    say(widget, status="training", run=cut(made_up(), epochs), progress=told | progress)


def pick(widget, name):
    radio(widget, name).click()


def field(widget, name):
    name = "n, blocks in each stage, 1 to 200" if name == "n" else name
    return widget.get_by_label(name, exact=True)


def fill(widget, name, typed):
    field(widget, name).fill(typed)
    field(widget, name).blur()


def faint(widget, *names):
    """The runs that are drawn faintly are these."""
    lines = widget.locator(".rl-plot .rl-faint")
    expect(lines).to_have_count(len(names))
    for index, name in enumerate(names):
        expect(lines.nth(index)).to_have_attribute("data-faint", name)


def drawn_epochs(widget):
    """How far the curves are uncovered, as a share of the axis."""
    return widget.locator("clipPath rect").evaluate(
        "one => one.width.baseVal.value / one.closest('svg').width.baseVal.value"
    )


def to_the_end(widget):
    advance_clock(widget, 5)
    expect(widget.locator(".rl-training-result")).to_be_visible()


# ---------------------------------------------------------------- the built page


def test_the_page_s_own_widget_says_that_it_replays(open_page):
    container = open_page(NAME).locator('[data-rl-module="training_dashboard"]').first
    runs = json.loads(container.locator("script").text_content())["recorded"]
    assert runs, "the book has no runs to replay"
    widget = container.locator(".rl-dashboard")
    shows(widget, {"banner": "*this page has no kernel*"})
    expect(container.locator(".rl-picture")).to_be_hidden()
    expect(button(widget, "Replay")).to_be_enabled()
    expect(button(widget, "Start")).to_have_count(0)
    expect(widget.locator(".rl-faint")).not_to_have_count(0)  # the chart is not empty


def test_a_fresh_page_shows_what_there_is(built):
    which = "ResNet-20 v1, pad, recipe quick-4 (4 epochs), seed 0, on CPU, 2 cores."
    own = "Recorded run, replayed: this page has no kernel."
    took = "4 min on CPU, 2 cores"
    shows(built, {"banner": f"{own}*{which}*Colab*make lab*", "Depth": "20 *"})
    shows(built, {"Parameters": "269,722 *", "Time it took": took})
    shows(built, {"": "*this one has 4: the gap is the recipe’s as well.*"})
    shows(built, {"": "*He et al. 2015, Table 6*"})
    faint(built, PLAIN)  # the other one, before it is met
    expect(built.locator(".rl-reference-text")).to_have_text("He et al. 2015: 8.75 %")
    expect(built.locator(".rl-rate-ahead")).to_have_count(1)  # the rate that is to come
    expect(button(built, "Stop after this epoch")).to_be_disabled()
    expect(button(built, "Resume")).to_be_disabled()
    expect(built.locator(".rl-progress-panel")).to_be_hidden()
    expect(built.locator(".rl-plot-frame")).to_have_attribute("role", "img")


def test_every_control_by_keyboard(built):
    radio(built, "v1").focus()
    keys(built, "Tab", "ArrowRight")  # n = 4
    shows(built, {"Depth": "26*"})
    keys(built, "Tab", "9", "Tab")
    shows(built, {"Depth": "56*", "banner": "*ResNet-56 v1, pad*"})
    keys(built, "ArrowLeft")  # the shortcut
    expect(radio(built, "projection")).to_be_checked()
    keys(built, "ArrowRight", "Tab", "ArrowLeft")  # the recipe, with epochs of its own
    expect(radio(built, "paper")).to_be_checked()
    expect(field(built, "Epochs")).to_have_value("164")
    keys(built, "ArrowRight")
    expect(field(built, "Epochs")).to_have_value("15")
    keys(built, "Tab", "4", "Tab", "7", "Tab")  # the epochs, the seed
    shows(built, {"banner": "*The controls say seed 7*"})

    expect(button(built, "Replay")).to_be_focused()
    keys(built, "Enter", "Tab", "Enter")  # stop
    to_the_end(built)
    keys(built, "Enter", "Tab")  # there is nothing to stop
    expect(button(built, "Resume")).to_be_focused()
    keys(built, "Enter")
    expect(built.locator(".rl-training-result")).to_be_hidden()
    to_the_end(built)
    keys(built, "Enter")  # there is nothing to resume
    expect(built.locator(".rl-training-result")).to_be_visible()
    plot = built.locator(".rl-plot-frame")
    plot.focus()
    for key, epoch in (("ArrowLeft", 3), ("End", 4), ("Home", 1), ("ArrowRight", 2), ("Home", 1)):
        keys(built, key)
        expect(plot, key).to_have_attribute("aria-valuenow", str(epoch))
    shows(built, {"chart-reading": "Epoch 1 of 4: test error 59.0 %, training error 54.0 %."})
    expect(built.locator(".rl-axis-flag-text")).to_have_text("1")
    keys(built, "Escape")
    expect(built.locator(".rl-axis-flag-text")).to_have_count(0)


# ---------------------------------------------------------------- a replay


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_replay_plays_stops_goes_on_and_ends(dashboard, motion):
    widget = dashboard(motion=motion)
    button(widget, "Replay").click()
    # No test error is known before the first epoch's end.
    first = {"phase": "Epoch 1 of 4: step *", "Images a second": "500", "Test error": "–"}
    shows(widget, first)
    assert drawn_epochs(widget) == 0
    advance_clock(widget, 1)
    shows(widget, {"phase": "Epoch 2 of 4*", "Test error": "53.0 %", "Learning rate": "0.2"})
    left = "3 min *" if motion == "reduce" else "2 min *"
    shows(widget, {"Time left": left + "of the recorded run"})
    assert 0 <= float(widget.locator("progress").get_attribute("value") or 0) <= 1

    button(widget, "Stop after this epoch").click()
    expect(button(widget, "Stopping")).to_have_attribute("aria-disabled", "true")
    shows(widget, {"notice": "*stops at the end*"})
    to_the_end(widget)
    shows(widget, {"notice": "Stopped after epoch 2*", "Epochs": "2 of 4"})
    shows(widget, {"outcome": "After epoch 2 of 4: test error 33.00 %."})
    stopped = drawn_epochs(widget)
    advance_clock(widget, 1.2)
    assert drawn_epochs(widget) == stopped, "a stop is one"

    button(widget, "Resume").click()
    shows(widget, {"phase": "Epoch 3 of 4*"})
    to_the_end(widget)
    remark = "14.25 points above the paper’s. The paper’s recipe is another*"
    head = "Test error 23.00 %, the paper’s 8.75 %."
    shows(widget, {"outcome": head, "training-result .rl-note": remark, "announcement": f"{head}*"})
    shows(widget, {"Training error": "9.50 %", "It took": "4 min"})
    assert drawn_epochs(widget) > stopped
    expect(button(widget, "Resume")).to_be_disabled()

    button(widget, "Replay").click()
    shows(widget, {"phase": "Epoch 1 of 4*"})  # it begins anew


def test_the_fields_hold_what_they_can(dashboard):
    widget = dashboard()
    for name, typed, kept in (
        *(("Epochs", "0", "1"), ("Epochs", "5000", "1000"), ("Epochs", "", "15")),
        *(("Seed", "-3", "0"), ("Seed", "5000", "999"), ("Seed", "", "0")),
        *(("n", "500", "200"), ("n", "900", "200"), ("n", "", "200"), ("Epochs", "4", "4")),
    ):
        fill(widget, name, typed)
        expect(field(widget, name), typed).to_have_value(kept)
    button(widget, "its own: 15").click()
    expect(field(widget, "Epochs")).to_have_value("15")


def test_a_field_says_for_a_moment_how_far_it_goes(dashboard):
    widget = dashboard()
    limits = widget.locator(".rl-limit")
    for name, typed, said in (
        *(("Epochs", typed, "Epochs go from 1 to 1000") for typed in ("5000", "0")),
        ("Seed", "-3", "The seed goes from 0 to 999"),
        *2 * [("n", "500", "n goes from 1 to 200")],
    ):
        one = field(widget, name)
        said_there = one.locator("xpath=ancestor::*[contains(@class, 'rl-field')]//*[@role]")
        one.press_sequentially("1")
        expect(said_there).to_have_text("")  # who types has heard it
        fill(widget, name, typed)
        expect(said_there).to_have_attribute("role", "status")
        expect(said_there).to_have_text(said)
    advance_clock(widget, 5.9)
    expect(limits.filter(has_text="n goes")).to_have_count(1)
    advance_clock(widget, 0.2)
    expect(limits).to_have_text(["", "", ""])
    fill(widget, "n", "500")
    fill(widget, "n", "4")
    expect(limits).to_have_text(["", "", ""])


@pytest.mark.parametrize("is_live", [False, True])
def test_a_net_is_not_given_away_before_it_is_met(dashboard, is_live):
    widget = dashboard(live=is_live)
    faint(widget, PLAIN)
    pick(widget, "none (plain)")
    faint(widget, RUN)
    pick(widget, "pad")
    if is_live:
        train(widget, 0)
        faint(widget, PLAIN, RUN)
        say(widget, status="ready", run={}, progress={})
    else:
        button(widget, "Replay").click()
        faint(widget, PLAIN)
        to_the_end(widget)
        pick(widget, "none (plain)")
        faint(widget, RUN)
        pick(widget, "pad")
    faint(widget, PLAIN, RUN)  # it has been seen


def test_the_paper_s_line_is_quiet_beside_another_recipe(dashboard):
    widget = dashboard(recorded=[made_up(), made_up(recipe="paper", epochs=164)])
    line, tick = widget.locator(".rl-reference-text"), widget.locator(".rl-plot .rl-tick").first
    expect(line).to_have_css("font-weight", "400")
    expect(line).to_have_css("fill", tick.evaluate("one => getComputedStyle(one).fill"))
    pick(widget, "paper")
    shows(widget, {"": "*By the paper’s own recipe, 164 epochs*"})
    expect(line).to_have_css("font-weight", "600")


@pytest.mark.parametrize("width", [375, 1280])
def test_the_label_of_the_run_that_is_played_meets_no_other(dashboard, width):
    runs = [made_up(shortcut, label="a") for shortcut in ("pad", "none", "projection", "highway")]
    widget = dashboard(width=width, live=True, recorded=runs, epochs=6)
    for epochs in range(1, 7):
        run = cut(made_up(epochs=6), epochs)
        say(widget, status="training", run=run, progress={"epoch": 1, "epochs": 6})
        boxes = widget.locator(".rl-plot .rl-curve-label:not([hidden]) text").evaluate_all(
            """all => all.map((one) => {
              const { left, right, top, bottom } = one.getBoundingClientRect();
              return { left, right, top, bottom, own: !one.closest(".rl-label-quiet") };
            })"""
        )
        (own,) = [one for one in boxes if one["own"]]
        for one in boxes:
            if one is not own and one["left"] < own["right"] and one["right"] > own["left"]:
                apart = max(one["top"] - own["bottom"], own["top"] - one["bottom"])
                assert apart >= -0.5, (epochs, one, own)


def test_a_choice_without_a_record_lists_those_that_exist(dashboard):
    widget = dashboard()
    pick(widget, "v2")
    banner = widget.locator(".rl-banner")
    shows(widget, {"banner": "There is no recorded run of ResNet-29 v2, pad*", "Depth": "29*"})
    shows(widget, {"Time it took": "*no recorded run"})
    expect(button(widget, "Replay")).to_be_disabled()
    names = ["Plain-20 v1", "ResNet-20 v1, pad", "ResNet-56 v1, pad"]
    expect(banner.get_by_role("button")).to_have_text(names)
    expect(widget.locator(".rl-plot .rl-faint")).not_to_have_count(0)  # those nearest in depth

    button(banner, "Plain-20 v1").click()
    expect(radio(widget, "none (plain)")).to_be_checked()
    expect(radio(widget, "v1")).to_be_checked()
    expect(field(widget, "Epochs")).to_have_value("4")
    shows(widget, {"banner": "*Plain-20 v1, recipe quick-4*"})
    expect(banner).not_to_contain_text("nearest")
    expect(button(widget, "Replay")).to_be_focused()
    widget.page.keyboard.press("Enter")
    to_the_end(widget)
    shows(widget, {"outcome": "Test error 23.00 %.", "training-result": "*report no test error*"})


def test_another_choice_ends_the_replay(dashboard):
    widget = dashboard()
    button(widget, "Replay").click()
    expect(widget.locator(".rl-progress-panel")).to_be_visible()
    pick(widget, "none (plain)")
    for seconds in (0, 1):
        advance_clock(widget, seconds)
        expect(widget.locator(".rl-progress-panel")).to_be_hidden()
        expect(button(widget, "Stop after this epoch")).to_be_disabled()


def test_no_record_at_all_is_told(dashboard, axe_violations):
    widget = dashboard(recorded=[], paper=[])
    shows(widget, {"banner": "*it can replay nothing yet*"})
    expect(button(widget, "Replay")).to_be_disabled()
    expect(widget.locator(".rl-reference")).to_have_count(0)
    assert_accessible(widget, axe_violations)


def test_a_state_that_cannot_be_is_told(dashboard):
    shows(dashboard(version="v3"), {"error": "*version must be v1 or v2*"})
    shows(dashboard(recipe="slow"), {"error": "*no recipe slow*"})


def test_a_pointer_reads_the_curves(dashboard):
    widget = dashboard()
    button(widget, "Replay").click()
    to_the_end(widget)
    frame = widget.locator(".rl-plot-frame")
    frame.hover(position={"x": 40, "y": 60})
    shows(widget, {"chart-reading": "Epoch 1 of 4*"})
    expect(widget.locator(".rl-crosshair-value")).to_have_count(2)
    frame.click(position={"x": 40, "y": 60})
    widget.page.mouse.move(2, 2)
    expect(widget.locator(".rl-plot-frame:hover")).to_have_count(0)
    shows(widget, {"chart-reading": "Epoch 1 of 4*"})  # kept


def test_two_on_one_page_do_not_meet(dashboard):
    dashboard()
    second = dashboard(beside=True)
    first = second.page.locator(".rl-dashboard").first
    pick(second, "none (plain)")
    button(second, "Replay").click()
    expect(second.locator(".rl-progress-panel")).to_be_visible()
    expect(radio(first, "pad")).to_be_checked()
    expect(first.locator(".rl-progress-panel")).to_be_hidden()
    assert_ids_differ(second.page)
    names = second.page.locator(".rl-dashboard input[type=radio]").evaluate_all(
        "all => all.map((one) => one.name)"
    )
    assert len(set(names)) == 6


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_replay_fits_and_axe_finds_nothing(dashboard, axe_violations, width, theme):
    widget = dashboard(width=width, theme=theme)

    def check():
        assert_accessible(widget, axe_violations)
        inside = widget.bounding_box()
        texts = widget.locator(".rl-plot text").evaluate_all(
            "all => all.filter((one) => one.checkVisibility())"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.width)"
            ".map((box) => [box.left, box.right])"
        )
        low, high = inside["x"], inside["x"] + inside["width"]
        assert all(low < left and right < high for left, right in texts)

    check()
    button(widget, "Replay").click()
    advance_clock(widget, 1)
    shows(widget, {"phase": "Epoch 2 of 4*"})
    check()
    to_the_end(widget)
    check()
    pick(widget, "v2")
    check()
    expect(widget).to_have_css("color-scheme", theme)


@pytest.mark.parametrize("width", [375, 1280])
def test_a_replay_does_not_make_the_page_jump(dashboard, width):
    widget = dashboard(width=width)
    button(widget, "Replay").click()
    heights = set()
    for epoch in (2, 3, 4):  # the line with what is read comes with the first epoch's end
        advance_clock(widget, 0.9)
        shows(widget, {"phase": f"Epoch {epoch} of 4*"})
        heights.add(widget.locator(".rl-plot").bounding_box()["y"])
    assert len(heights) == 1, heights


# ---------------------------------------------------------------- with a kernel


def test_a_kernel_is_asked_when_the_settings_rest(live):
    assert sent(live) == ["saved", {"do": "look"}]
    expect(live.locator(".rl-banner")).to_be_hidden()
    shows(live, {"Time expected": "… asking the kernel"})
    for _ in range(3):
        live.locator("input[type=range]").press("ArrowRight")
    shows(live, {"Depth": "38*"})
    advance_clock(live, 0.4)
    assert sent(live) == ["saved"] * 3, "the settings, and no question yet"
    advance_clock(live, 0.2)
    assert sent(live) == ["saved", {"do": "look"}]


def test_the_settings_go_with_every_message(live):
    pick(live, "highway")
    field(live, "Seed").fill("5")
    button(live, "Start").click()
    settings = {"version": "v1", "n": 3, "shortcut": "highway", "recipe": "quick"}
    settings |= {"epochs": 4, "seed": 5}
    last = live.page.evaluate("kernel.sent.at(-1)")
    assert last == {"do": "start", "settings": settings}
    sent(live)
    advance_clock(live, 0.7)
    assert sent(live) == [], "who starts has no more to ask"


def test_the_time_expected(live):
    """What is said of each state of a forecast is in `descriptions.test.mjs`."""
    say(live, forecast={"state": "measuring", "name": RUN})
    shows(live, {"Time expected": "*Measuring the speed of this device…"})
    say(live, forecast=KNOWN)
    shows(live, {"Time expected": "12 min on NVIDIA T4 (48 s an epoch)"})
    slow = {"device": "CPU, 2 cores", "minutes": 24, "epoch_seconds": 360}
    say(live, forecast=KNOWN | slow)
    shows(live, {"": "*With 2 epochs it would take about 12 minutes*"})
    pick(live, "none (plain)")
    shows(live, {"Time expected": "… asking the kernel"})  # that was of another net
    for name in ("Epochs", "Seed", "n"):
        field(live, name).fill("7")  # and not left yet
        say(live, forecast={"state": "later", "name": name})
        expect(field(live, name)).to_have_value("7")  # what is being typed stays


def test_start_stop_resume(live):
    say(live, forecast=KNOWN)
    sent(live)
    start, stop, resume = (button(live, name) for name in ("Start", "Stop", "Resume"))
    bar = live.locator("progress")

    def can_be_pressed(*wanted):
        for one in (start, stop, resume):
            expect(one).to_be_enabled(enabled=one in wanted)

    can_be_pressed(start)
    start.click()
    expect(start).to_have_text("Starting…")
    assert sent(live) == ["saved", {"do": "start"}], "the settings first"

    say(live, status="preparing", message={"kind": "note", "text": "Reading CIFAR-10."})
    expect(start).to_have_text("Start")
    shows(live, {"notice": "Reading CIFAR-10."})
    expect(live.locator("progress:not([value])")).to_have_count(1)
    say(live, message={})
    train(live, 0)
    shows(live, {"notice": "", "phase": "Epoch 1 of 4: step 100 of 390", "Learning rate": "0.191"})
    shows(live, {"Images a second": "1,244", "Training error": "31.2 %"})
    shows(live, {"Time left": "3 min 20 s"})
    assert float(bar.get_attribute("value")) == pytest.approx(100 / 390)
    train(live, 1, phase="testing")
    shows(live, {"phase": "*testing*", "Test error": "53.0 %"})
    advance_clock(live, 0.5)
    expect(live.locator(".rl-announcement")).to_contain_text("Epoch 1 of 4: test error 53.0 %")

    can_be_pressed(start, stop)
    stop.click()
    assert sent(live)[-1] == {"do": "stop"}
    say(live, status="stopping", message={"kind": "note", "text": "It stops."})
    shows(live, {"phase": "*it stops at its end*"})
    stop.dispatch_event("click")
    assert sent(live) == [], "once is enough"

    found = {"epochs": 2, "of": 4, "finished": False}
    message = {"kind": "note", "text": "Stopped."}
    say(live, status="stopped", progress={}, run=cut(made_up(), 2), message=message, found=found)
    expect(stop).to_be_focused()  # the focus has stayed
    shows(live, {"notice": "Stopped.", "Time expected": "*for the 2 epochs left*"})
    shows(live, {"": "*2 of 4 epochs of these settings are done: Resume goes on*"})
    assert sent(live) == ["saved", {"do": "look"}], "what had to wait can be measured now"
    resume.click()
    expect(button(live, "Resuming…")).to_be_visible()
    assert sent(live) == ["saved", {"do": "resume"}]


def test_a_second_start_is_refused_as_often_as_it_is_asked(live):
    train(live, 1)
    refusal = {"kind": "error", "text": "resnet20 is training in this kernel: let it end"}
    for _ in range(2):
        button(live, "Start").click()
        expect(button(live, "Starting…")).to_be_visible()
        expect(live.get_by_role("alert")).to_have_count(0)  # what was said before is no answer
        say(live, message={})
        say(live, message=refusal)
        expect(button(live, "Start")).to_be_visible()
        expect(live.get_by_role("alert")).to_have_text(refusal["text"])
    shows(live, {"phase": "Epoch 2 of 4*"})


def test_a_kernel_that_does_not_answer_is_told_of(live):
    button(live, "Start").click()
    advance_clock(live, 4.9)
    expect(live).not_to_contain_text("No answer")
    advance_clock(live, 0.2)
    shows(live, {"": "*No answer from the kernel yet*"})
    expect(button(live, "Starting…")).to_be_visible()
    say(live, status="preparing")
    expect(live).not_to_contain_text("No answer")


@pytest.mark.timed
def test_the_controls_are_alive_during_a_training(live):
    train(live, 2)
    for _ in range(5):
        started = time.perf_counter()
        pick(live, "none (plain)")
        shows(live, {"": "*In training now: ResNet-20 v1, pad*"})
        pick(live, "pad")
        expect(live).not_to_contain_text("In training now")
        assert time.perf_counter() - started < 1, "both together"


def test_another_choice_leaves_the_training_its_colour(live):
    train(live, 2)
    pick(live, "none (plain)")
    expect(live.locator(".rl-plot .rl-curve.rl-test")).to_have_attribute("data-kind", "v1")
    expect(live.locator(".rl-progress-panel")).to_have_attribute("data-kind", "v1")
    expect(live).to_have_attribute("data-kind", "plain")


@pytest.mark.parametrize("status", ["failed", "diverged", "interrupted"])
def test_an_end_that_is_none_says_its_words_and_keeps_the_curves(live, status):
    train(live, 2)
    text = "ValueError: something broke\nAll up to the end of epoch 2 is kept: Resume goes on."
    kind = "note" if status == "interrupted" else "error"
    run = cut(made_up(), 2) | ({"status": "diverged"} if status == "diverged" else {})
    found = {"epochs": 2, "of": 4, "finished": False}
    message = {"kind": kind, "text": text}
    say(live, status=status, progress={}, message=message, run=run, found=found)
    shows(live, {"notice": text, "outcome": "*epoch 2 of 4: test error 33.00 %*"})
    expect(live.get_by_role("alert")).to_have_count(int(kind == "error"))
    expect(live.locator(".rl-plot .rl-curve:not(.rl-faint)")).to_have_count(2)
    expect(button(live, "Resume")).to_be_enabled()
    expect(live.locator(".rl-cross")).to_have_count(int(status == "diverged"))


def test_the_end_is_set_beside_the_paper_s_and_can_be_downloaded(live):
    page = live.page
    found = {"epochs": 4, "of": 4, "finished": True}
    message = {"kind": "note", "text": "Saved in runs."}
    say(live, status="finished", run=made_up(), message=message, found=found, saved=SAVED)
    shows(live, {"outcome": "Test error 23.00 %, the paper’s 8.75 %."})
    shows(live, {"saved": f"Saved in runs/{RUN}*"})
    shows(live, {"": "*Start trains anew, and sets that run aside*"})
    names = live.locator(".rl-plot .rl-curve-name")
    expect(names).to_have_count(3)
    assert sorted(names.all_text_contents()) == ["Plain-20", "ResNet-20", "ResNet-20, recorded"]
    sent(live)
    for name, what, file in (
        ("Run, 2 kB", "run", f"{RUN}.run.json"),
        ("Weights, 3.4 MB", "weights", f"{RUN}.keras"),
    ):
        with page.expect_download() as downloading:
            button(live, name).click()
            assert sent(live)[-1] == {"do": "download", "what": what}
            say(live, message={})  # before the file: it forgets what it said last
            page.evaluate(
                """([download, text]) => kernel.tell("msg:custom",
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
          kernel.tell("msg:custom", { download: "a", type: "b" }, [empty]);
          URL.createObjectURL = create;
          return made;
        }"""
    )
    assert links == 0


def test_a_run_of_other_settings_has_no_files_to_offer(live):
    say(live, status="finished", run=made_up(), saved=SAVED)
    expect(live.locator(".rl-saved")).to_be_visible()
    pick(live, "none (plain)")
    expect(live.locator(".rl-saved")).to_be_hidden()
    shows(live, {"": "*Shown: ResNet-20 v1, pad*"})


def test_nothing_moves_but_the_curves_while_they_grow(live):
    """Axis, strip of the rate and labels have their room as soon as a training begins."""
    expect(live.locator(".rl-rates")).to_have_count(0)  # nothing is known of it
    boxes = set()
    for epochs in range(4):
        train(live, epochs)
        expect(live.locator(".rl-rates")).to_have_count(1)
        expect(live.locator(".rl-rate-ahead")).to_have_count(0)
        svg = live.locator(".rl-plot")
        last = svg.locator(".rl-tick").filter(has_text="4").last
        boxes.add((svg.bounding_box()["height"], round(last.bounding_box()["x"], 1)))
    assert len(boxes) == 1, boxes


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
@pytest.mark.parametrize("is_live", [True, False])
def test_cleanup_leaves_nothing_behind(dashboard, is_live, motion):
    widget = dashboard(motion=motion, live=is_live)
    page = widget.page
    button(widget, "Start" if is_live else "Replay").click()
    pick(widget, "none (plain)")  # a question is due
    if not is_live:
        pick(widget, "pad")
        button(widget, "Replay").click()
    page.evaluate("kernel.cleanup(); kernel.sent.splice(0)")
    html = page.evaluate("kernel.el.innerHTML")
    advance_clock(widget, 7)
    assert page.evaluate("kernel.el.innerHTML") == html
    assert page.evaluate("[kernel.sent.length, kernel.listeners.length]") == [0, 0]


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_live_one_fits_and_axe_finds_nothing(dashboard, axe_violations, width, theme):
    widget = dashboard(width=width, theme=theme, live=True)
    long = "ResourceExhaustedError: " + "out_of_memory/" * 20 + "\nAll is kept."
    for told in (
        {"forecast": KNOWN},
        {"status": "preparing", "message": {"kind": "note", "text": "Building."}},
        None,
        {"status": "failed", "progress": {}, "message": {"kind": "error", "text": long}},
        {"status": "finished", "run": made_up(), "message": {}, "saved": SAVED},
    ):
        say(widget, **told) if told else train(widget, 2)
        assert_accessible(widget, axe_violations)
