"""The ErrorCurves under a reader's hand: mouse, keyboard, replay, two at once.

One test holds the page's own table to the page's own data. For the others one page is loaded, on
which each mounts the widget anew, with made-up runs. It draws before a click or a key returns.
"""

import json
import re
from functools import cache
from itertools import pairwise

import pytest
from announcements import expect_announcement
from made_up_runs import make_run
from playwright.sync_api import expect
from reload_widget import LOOKS, reload_widget

from resnet_lib.runs.curves import run_to_curve
from resnet_lib.widgets.catalog import page_modules

NAME = "intro"
CONSTANT, ONE_CYCLE = [0.1], [0.02, 0.1, 0.2, 0.15, 0.1, 0.05, 0.01]


def run(label, kind, depth, start, *, epochs=30, rates=CONSTANT, **changes):
    """A made-up run, as `runs_to_curves` gives it: test errors fall from `start`."""
    test = [round(start + 40 / epoch, 2) for epoch in range(1, epochs + 1)]
    made_up = run_to_curve(make_run()) | {
        "label": label,
        "kind": kind,
        "depth": depth,
        "epochs": epochs,
        "highest_rate": max(rates),
        "error": [round(error / 2, 2) for error in test],
        "test_error": test,
        "learning_rate": [rates[epoch * len(rates) // epochs] for epoch in range(epochs)],
        "training_error": round(start / 3, 2),
    }
    made_up |= changes
    return made_up | {"name": f"{label}-{made_up['recipe']}-seed{made_up['seed']}"}


def four(**changes):
    nets = (("Plain", "plain", 20, 9.0), ("Plain", "plain", 56, 13.0))
    nets += (("ResNet", "v1", 20, 8.5), ("ResNet", "v1", 56, 7.0))
    return [run(f"{name}-{depth}", kind, depth, at, **changes) for name, kind, depth, at in nets]


def many():
    """Twenty of all kinds, four seeds of one, and two that broke off."""
    kinds = (("Plain", "plain"), ("ResNet", "v1"), ("Highway", "highway"))
    runs = [
        run(f"{family}-{depth}", kind, depth, 5 + depth / 10, parameters=1_727_962)
        for family, kind in kinds
        for depth in (20, 32, 44, 56)
    ]
    runs += [run("ResNet-29 v2", "v2", 29, 8, seed=seed) for seed in range(4)]
    runs += [run("Plain-110", "plain", 110, 80, epochs=9, status="diverged", training_error=None)]
    runs += [run("mine", "own", None, 9, recipe="one-of-my-own", epochs=12, rates=ONE_CYCLE)]
    late = run("ResNet-110", "v1", 110, 6, recipe="paper", rates=[0.1, 0.1, 0.01])
    return [*runs, late, run("ResNet-56 v2", "v2", 56, 7, epochs=20, status="stopped")]


@pytest.fixture(scope="module")
def page_of(open_shared_page):
    """`page_of(scheme)`: the one page that is loaded from there."""
    return cache(lambda scheme: open_shared_page(NAME, scheme=scheme))


def mount(page, runs, state=None, **how):
    whole = {"runs": runs, "shown": [], "curves": "both", "scale": "linear", "epoch": 0}
    return reload_widget(page, "error_curves", whole | (state or {}), **how)


@pytest.fixture
def open_curves(page_of):
    def open_curves(runs, *, state=None, **how):
        return mount(page_of("http"), runs, state, **how)

    return open_curves


@pytest.fixture(params=["http", "file"])
def widget(page_of, request):
    return mount(page_of(request.param), four())


def rows(widget):
    """The table: net to its training and test error, as they stand there."""
    texts = widget.locator(".rl-run-table tbody tr").evaluate_all(
        "rows => rows.map((row) => [row.dataset.run, row.cells[5].textContent,"
        " row.cells[6].textContent])"
    )
    return {name: (training, test) for name, training, test in texts}


def drawn(widget, which="test"):
    curves = widget.locator(f".rl-plot .rl-curve.rl-{which}")
    return curves.evaluate_all("curves => curves.map((curve) => curve.dataset.run.split('-q')[0])")


def at(widget, epoch):
    """Wait until the widget is read at this epoch, or at the end (0)."""
    said = f"epoch {epoch} of 30" if epoch else "the end, epoch 30"
    expect(widget.locator(".rl-position")).to_have_text(said)


def go_to(widget, epoch):
    widget.locator(".rl-transport input").fill(str(epoch))


def chip(widget, name):
    return widget.get_by_role("button", name=name, exact=True)


def pick(widget, name):
    widget.get_by_role("radio", name=name, exact=True).click()


def hover(widget, share):
    """Put the pointer on the plot at that share of its width."""
    box = widget.locator(".rl-plot-frame").bounding_box()
    widget.page.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)


def expected(runs, epoch):
    """What the table has to say at an epoch; 0: at the end."""

    def said(values, final):
        value = (values[epoch - 1 : epoch] or [None])[0] if epoch else final
        return "–" if value is None else f"{value:.2f}"

    return {
        run["name"]: (
            said(run["error"], run["training_error"]),
            said(run["test_error"], run["test_error"][-1]),
        )
        for run in runs
    }


def boxes_overlap(locator):
    """The texts' boxes that overlap another's, by more than a pixel."""
    boxes = locator.evaluate_all(
        "all => all.filter((one) => one.checkVisibility())"
        ".map((one) => one.getBoundingClientRect())"
        ".map((box) => [box.left, box.top + 2, box.right, box.bottom - 2])"
    )
    return [
        (one, other)
        for index, one in enumerate(boxes)
        for other in boxes[:index]
        if min(one[2], other[2]) - max(one[0], other[0]) > 1
        and min(one[3], other[3]) - max(one[1], other[1]) > 1
    ]


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_the_page_s_own_table_is_the_page_s_own_data(open_page, scheme):
    page = open_page(NAME, scheme=scheme)
    container = page.locator("[data-rl-module=error_curves]").first
    runs = json.loads(container.locator("script").text_content())["runs"]
    assert runs, "the book has no runs to show"
    widget = container.locator(".rl-error-curves")
    assert rows(widget) == expected(runs, 0)
    assert widget.locator(".rl-plot .rl-curve").count() == 2 * len(runs)
    last = max(len(run["error"]) for run in runs)
    for epoch in {1, last // 2, last}:
        go_to(widget, epoch)
        assert rows(widget) == expected(runs, epoch)
    caption = widget.locator(".rl-note").inner_text()
    for run in runs:
        assert run["device"] in caption
        assert f"{run['recipe']} ({run['epochs']} epochs" in caption
    assert not container.locator(".rl-picture").is_visible()


def test_every_control_by_mouse(widget):
    names = ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]
    assert drawn(widget) == drawn(widget, "training") == names

    chip(widget, "Plain").click()
    assert drawn(widget) == ["ResNet-20", "ResNet-56"]
    assert chip(widget, "Plain").get_attribute("aria-pressed") == "false"
    assert chip(widget, "Residual v1").is_disabled(), "something must stay"
    chip(widget, "20").click()
    assert drawn(widget) == ["ResNet-56"]
    assert widget.get_by_label("Show ResNet-56").is_disabled()
    chip(widget, "Plain").click()
    assert drawn(widget) == ["Plain-56", "ResNet-56"], "a depth that is off stays off"
    chip(widget, "20").click()
    assert drawn(widget) == names

    widget.get_by_label("Show Plain-20").click()
    assert drawn(widget) == names[1:]
    assert chip(widget, "Plain").get_attribute("aria-pressed") == "mixed"
    assert widget.locator(".rl-run-hidden").count() == 1
    assert len(rows(widget)) == 4, "a row for every run, shown or not"
    chip(widget, "Plain").click()
    assert drawn(widget) == names

    for name, counts in (("test", (4, 0)), ("training", (0, 4)), ("both", (4, 4))):
        pick(widget, name)
        assert (len(drawn(widget)), len(drawn(widget, "training"))) == counts
    ticks = widget.locator(".rl-tick")
    linear = ticks.all_inner_texts()
    for name in ("log", "linear"):
        pick(widget, name)
        assert (ticks.all_inner_texts() == linear) == (name == "linear")

    widget.locator(".rl-transport input").click(position={"x": 1, "y": 8})
    at(widget, 1)
    assert rows(widget) == expected(four(), 1)
    chip(widget, "Finals").click()
    at(widget, 0)
    assert rows(widget) == expected(four(), 0)
    assert chip(widget, "Finals").is_disabled()


def test_every_control_by_keyboard(widget):
    page = widget.page
    press = page.keyboard.press
    chip(widget, "Plain").focus()
    press("Enter")
    assert drawn(widget) == ["ResNet-20", "ResNet-56"]
    press("Enter")  # the focus has stayed
    assert len(drawn(widget)) == 4
    for _ in range(3):
        press("Tab")
    press("Space")  # depth 56
    assert drawn(widget) == ["Plain-20", "ResNet-20"]
    press("Space")
    press("Tab")
    press("ArrowRight")
    assert len(drawn(widget, "training")) == 0, "test alone"
    press("ArrowLeft")
    press("Tab")
    press("ArrowRight")
    assert widget.get_by_role("radio", name="log").is_checked()

    press("Tab")  # the plot
    keys = "ArrowLeft PageDown ArrowDown ArrowUp PageUp Home ArrowLeft ArrowRight End Home"
    for key, epoch in zip(keys.split(), (29, 26, 25, 26, 29, 1, 1, 2, 30, 1), strict=True):
        press(key)
        at(widget, epoch)
        assert rows(widget) == expected(four(), epoch)
    plot = widget.locator(".rl-plot-frame")
    assert plot.get_attribute("aria-valuenow") == "1"
    said = "Epoch 1: Plain-20 test error 49.0 %, training error 24.5 %; Plain-56"
    expect_announcement(widget, said, and_more=True)
    press("Escape")
    at(widget, 0)
    said = "At the end: Plain-20 test error 10.3 %, training error 3.00 %"
    expect_announcement(widget, said, and_more=True)

    press("Tab")
    for said in ("Pause", "Go on"):
        press("Enter")
        expect(widget.locator(".rl-play")).to_have_text(said)
    press("Tab")
    press("End")
    press("ArrowLeft")
    at(widget, 29)
    press("Tab")
    press("Enter")  # the finals
    at(widget, 0)
    widget.get_by_label("Show Plain-56").focus()
    press("Space")
    assert drawn(widget) == ["Plain-20", "ResNet-20", "ResNet-56"]
    press("Space")
    assert len(drawn(widget)) == 4, "the focus has stayed"


@pytest.mark.parametrize("width", [375, 1280])
def test_a_pointer_reads_every_curve(open_curves, width):
    widget = open_curves(four(), width=width)
    widget.locator(".rl-plot").scroll_into_view_if_needed()
    read_at = widget.locator(".rl-position")
    for share in (0.06, 0.4, 0.78):
        hover(widget, share)
        expect(read_at).to_have_text(re.compile("^epoch"))
        epoch = int(read_at.inner_text().split()[1])
        assert widget.locator(".rl-axis-flag-text").text_content() == str(epoch)
        assert rows(widget) == expected(four(), epoch)
        for which, key in (("test", "test_error"), ("training", "error")):
            read = widget.locator(f".rl-crosshair-{which}").all_text_contents()
            truth = [run[key][epoch - 1] for run in four()]
            assert list(map(float, read)) == pytest.approx(truth, abs=0.051)
        assert boxes_overlap(widget.locator(".rl-crosshair-value")) == []
        hover(widget, 1.2)
        at(widget, 0)  # a pointer that leaves lets go
        assert widget.locator(".rl-crosshair-value").count() == 0
        for kept in (epoch, 0):  # a click keeps it, and a second lets go
            hover(widget, share)
            at(widget, epoch)
            widget.page.mouse.down()
            widget.page.mouse.up()
            hover(widget, 1.2)
            at(widget, kept)


@pytest.fixture(scope="module")
def timed_page(open_shared_page):
    """A page whose time goes on where a test says so: `page.clock.run_for(milliseconds)`."""
    page = open_shared_page(NAME)
    page.clock.install(time=0)
    page.clock.pause_at(60_000)
    return page


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_replay_plays_pauses_goes_on_and_ends(timed_page, motion):
    page = timed_page
    widget = mount(page, four())
    play, clip = widget.locator(".rl-play"), widget.locator("clipPath rect")
    page.emulate_media(reduced_motion=motion)

    def grown():
        return float(clip.get_attribute("width"))

    whole = grown()
    play.click()
    assert grown() < whole / 4, "the curves begin anew"
    page.clock.run_for(3100)  # of the 9,000 that it takes
    play.click()
    expect(play).to_have_text("Go on")
    epoch = int(widget.locator(".rl-position").inner_text().split()[1])
    assert 10 <= epoch <= 12
    assert rows(widget) == expected(four(), epoch)
    paused = grown()
    assert 0 < paused < whole
    page.clock.run_for(900)
    at(widget, epoch)  # a pause is one
    assert grown() == paused
    expect_announcement(widget, f"Epoch {epoch}: ", and_more=True)
    hover(widget, 0.9)
    at(widget, epoch)  # what has not grown yet cannot be read
    hover(widget, 1.2)

    go_to(widget, 27)
    assert grown() > paused
    assert play.inner_text() == "Go on"
    play.click()
    page.clock.run_for(1500)
    at(widget, 0)
    assert play.inner_text() == "Replay"
    assert grown() == whole
    assert rows(widget) == expected(four(), 0)

    play.click()
    at(widget, 1)  # it starts again
    chip(widget, "Finals").click()
    expect(play).to_have_text("Replay")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_cleanup_stops_the_replay(timed_page, motion):
    page = timed_page
    page.emulate_media(reduced_motion=motion)
    state = {"runs": four(), "shown": [], "curves": "both", "scale": "linear", "epoch": 0}
    page.evaluate(
        """async ([source, state]) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { default: widget } = await import(url);
          const listeners = new Set();
          const model = { get: (name) => state[name], save_changes() {},
            set: (name, value) => { state[name] = value; }, on: (event) => listeners.add(event),
            off: (event) => listeners.delete(event) };
          const el = document.createElement("div");
          document.body.append(el);
          window.own = { el, listeners, cleanup: widget.render({ model, el }) };
          el.querySelector(".rl-play").click();
        }""",
        [page_modules()["error_curves"], state],
    )
    now = "own.el.querySelector('.rl-position').textContent"
    assert page.evaluate(now) == "epoch 1 of 30"
    page.clock.run_for(900)
    assert page.evaluate(now) != "epoch 1 of 30", "it played"
    stopped, left = page.evaluate("own.cleanup(), [own.el.innerHTML, own.listeners.size]")
    page.clock.run_for(900)
    assert page.evaluate("own.el.innerHTML") == stopped
    assert left == 0
    page.evaluate("own.el.remove()")


def test_steps_of_the_rate_are_marked_where_they_are(open_curves):
    widget = open_curves(four(rates=[0.1, 0.1, 0.01]))  # ten epochs each
    assert widget.locator(".rl-rate-text").all_text_contents() == ["rate ÷ 10"]
    places = [widget.locator(".rl-rate-mark").bounding_box()["x"]]
    for epoch in (20, 21):
        go_to(widget, epoch)
        places.append(widget.locator(".rl-crosshair").bounding_box()["x"])
    assert places[1] < places[0] < places[2]
    assert widget.locator(".rl-rate").count() == 0


def test_a_smooth_rate_has_a_strip_and_a_mixture_says_whose_is_whose(open_curves):
    runs = four(epochs=7, rates=ONE_CYCLE)
    widget = open_curves(runs)
    assert widget.locator(".rl-rates text").text_content() == "learning rate, highest: 0.2"
    assert widget.locator(".rl-rate-mark").count() == 0
    go_to(widget, 4)
    order = widget.locator(".rl-plot").evaluate(
        """plot => [...plot.querySelectorAll(".rl-crosshair, .rl-axis-name, .rl-rate-text")]
            .map(one => one.classList[one.classList.length - 1])"""
    )
    assert order == ["rl-crosshair", "rl-axis-name", "rl-rate-text"], "no words are struck through"

    runs[0]["learning_rate"] = runs[0]["learning_rate"][:3]  # one that broke off
    widget = open_curves([*runs, run("ResNet-20", "v1", 20, 8, recipe="paper", rates=[0.1, 0.01])])
    for said in ("quick (0.2)", "paper (0.1)"):
        assert said in widget.locator(".rl-rate-key").inner_text()
    assert widget.locator(".rl-plot .rl-rate").count() == 2


def test_on_a_crowded_phone_the_ends_say_the_depths(open_curves):
    runs = [run | {"label": f"{run['label']} v1, pad"} for run in many()[:12]]
    widget = open_curves(runs, width=320)
    ends = widget.locator(".rl-curve-name").all_text_contents()
    assert sorted(ends) == sorted(3 * ["20", "32", "44", "56"])
    assert boxes_overlap(widget.locator(".rl-curve-label text")) == []
    go_to(widget, 20)
    assert widget.locator(".rl-crosshair-value").count() == 0, "the table has them"
    assert rows(widget) == expected(runs, 20)


def test_a_run_that_broke_off_is_shown_as_far_as_it_got(open_curves):
    broken = run("Plain-110", "plain", 110, 80, epochs=30, status="diverged", training_error=None)
    for key in ("error", "test_error", "learning_rate"):
        broken[key] = broken[key][:9]
    runs = [*four(), broken]
    widget = open_curves(runs)
    row = widget.locator(f"tr[data-run='{broken['name']}']")
    assert "diverged" in row.inner_text()
    assert "9 of 30" in row.inner_text()
    assert rows(widget) == expected(runs, 0)
    assert widget.locator(".rl-cross").count() == 1
    assert "Plain-110, diverged" in widget.locator(".rl-curve-name").all_text_contents()
    go_to(widget, 10)
    assert rows(widget) == expected(runs, 10)
    expect(widget.locator(".rl-announcement")).to_contain_text("Plain-110 diverged after epoch 9")


@pytest.mark.parametrize(
    "change", [{"error": []}, {"test_error": []}, {"error": [None] * 30, "learning_rate": []}]
)
def test_a_curve_that_is_missing(open_curves, change):
    widget = open_curves([run("ResNet-20", "v1", 20, 8) | change, run("Plain-20", "plain", 20, 9)])
    for epoch in (1, 30):
        go_to(widget, epoch)
        assert "–" in rows(widget)["ResNet-20-quick-seed0"]
    pick(widget, "log")
    assert widget.locator(".rl-curve-label").count() == 2


def test_one_run_has_nothing_to_choose(open_curves):
    widget = open_curves([run("ResNet-20", "v1", 20, 8, epochs=1)])
    assert widget.get_by_role("checkbox").count() == 0
    assert chip(widget, "20").count() == chip(widget, "Residual v1").count() == 0
    assert widget.locator(".rl-point").count() == 2
    assert not widget.locator(".rl-transport").is_visible()


def test_no_run_is_told_in_a_sentence(open_curves, axe_violations):
    widget = open_curves([])
    assert "There is no recorded run to show yet." in widget.inner_text()
    assert widget.locator("button, input, table, svg").filter(visible=True).count() == 0
    assert axe_violations(widget.page, ".rl-error-curves") == []


def test_a_state_that_cannot_be_drawn_is_told(open_curves):
    """The other states that cannot be drawn: `run_selection.test.mjs`."""
    widget = open_curves(four(), state={"curves": "all"})
    wrong = "curves must be one of both, test, training; got all"
    assert wrong in widget.locator(".rl-error").inner_text()


def test_a_state_that_is_given_is_shown(open_curves):
    shown = ["Plain-56-quick-seed0", "gone"]
    state = {"shown": shown, "curves": "test", "scale": "log", "epoch": 7}
    widget = open_curves(four(), state=state)
    assert drawn(widget) == ["Plain-56"]
    at(widget, 7)
    assert widget.get_by_role("radio", name="log").is_checked()
    assert rows(widget) == expected(four(), 7)


def test_two_on_one_page_do_not_meet(open_curves):
    first = open_curves(four(), twice=True)
    second = first.page.locator(".rl-error-curves").nth(1)
    pick(second, "log")
    chip(second, "Plain").click()
    go_to(second, 3)
    second.locator(".rl-play").click()
    assert len(drawn(first)) == 4
    assert len(drawn(second)) == 2
    assert first.get_by_role("radio", name="linear").is_checked()
    at(first, 0)
    ids = first.page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("theme", "width"), LOOKS)
@pytest.mark.parametrize("runs", [four, many], ids=["four", "many"])
def test_it_fits_and_axe_finds_nothing(open_curves, axe_violations, width, theme, runs):
    widget = open_curves(runs(), width=width, theme=theme)
    page = widget.page
    for change in (
        lambda: None,
        lambda: pick(widget, "log"),
        lambda: chip(widget, "Plain").click(),
        lambda: go_to(widget, 5),
    ):
        change()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if runs is four:
            table = widget.locator(".rl-scroll")
            assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        inside = widget.bounding_box()
        ends = widget.locator(
            ".rl-curve-label, .rl-crosshair-value, .rl-rate-text, .rl-axis-flag"
        ).evaluate_all(
            "all => all.filter((one) => one.checkVisibility())"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.width)"
            ".map((box) => [box.left, box.right])"
        )
        assert all(
            inside["x"] < left and right < inside["x"] + inside["width"] for left, right in ends
        )
        for texts in (".rl-curve-label text", ".rl-crosshair-value", ".rl-tick", ".rl-rate-text"):
            assert boxes_overlap(widget.locator(texts)) == []
        assert axe_violations(page, ".rl-error-curves") == []
    assert page.evaluate("getComputedStyle(document.querySelector('.rl')).colorScheme") == theme


@pytest.mark.parametrize("width", [375, 1280])
def test_reading_does_not_make_the_page_jump(open_curves, width):
    widget = open_curves(four(epochs=164), width=width)
    heights = {widget.bounding_box()["height"]}
    for epoch in (1, 17, 164):
        go_to(widget, epoch)
        heights.add(widget.bounding_box()["height"])
    assert len(heights) == 1, heights


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_curve_and_label_can_be_seen_and_deeper_stands_out_more(open_curves, theme):
    """WCAG's 3:1 for lines and 4.5:1 for letters; axe does not look into a drawing."""
    colours = open_curves(many(), theme=theme).evaluate(
        """(root) => {
          const canvas = document.createElement("canvas").getContext("2d", {
            willReadFrequently: true });
          const rgb = (colour) => {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((one) => one / 255);
          };
          const all = (selector, key) => [...root.querySelectorAll(selector)]
            .map((one) => [one.dataset.run, rgb(getComputedStyle(one)[key])]);
          return { ground: rgb(getComputedStyle(root).backgroundColor),
            lines: all(".rl-plot .rl-curve", "stroke"),
            letters: all(".rl-plot .rl-curve-label text", "fill") };
        }"""
    )
    ground = luminance(colours["ground"])
    for what, least in (("lines", 3), ("letters", 4.5)):
        assert colours[what]
        for _, colour in colours[what]:
            dark, light = sorted((ground, luminance(colour)))
            assert (light + 0.05) / (dark + 0.05) >= least, (what, colour)
    sums = {name: sum(colour) for name, colour in colours["lines"]}
    names = ["20-quick", "32-quick", "56-quick", "110-paper"]
    steps = [after - before for before, after in pairwise(sums[f"ResNet-{n}-seed0"] for n in names)]
    assert all((step > 0) == (theme == "dark") and abs(step) > 0.05 for step in steps), sums


@pytest.mark.timed
def test_a_redraw_is_quick(open_curves, capsys):
    runs = [run for seed in (0, 1) for run in four(epochs=164, seed=seed)]
    times = open_curves(runs).evaluate(
        """async (root) => {
          const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
          const measure = async (act) => {
            const taken = [];
            for (let round = 0; round < 11; round += 1) {
              const start = performance.now();
              act(round);
              await Promise.resolve();
              document.body.offsetHeight;
              taken.push(performance.now() - start);
            }
            return median(taken);
          };
          const radios = [...root.querySelectorAll("input[type=radio]")];
          const [linear, log] = radios.slice(-2);
          const slider = root.querySelector(".rl-transport input");
          return {
            redraw: await measure((round) => (round % 2 ? linear : log).click()),
            reading: await measure((round) => {
              slider.value = 10 + round;
              slider.dispatchEvent(new Event("input"));
            }),
          };
        }"""
    )
    with capsys.disabled():
        print(
            "\nErrorCurves, 8 runs of 164 epochs, in ms:",
            {n: round(t, 1) for n, t in times.items()},
        )
    assert times["redraw"] < 40
    assert times["reading"] < 16
