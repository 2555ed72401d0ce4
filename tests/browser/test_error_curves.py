"""The ErrorCurves under a reader's hand: mouse, keyboard, replay, two at once.

One test holds the page's own table to the page's own data. The others put runs of their own into
the page before the loader meets them, made up so that each has something to choose.
"""

import json
from itertools import pairwise

import pytest
from playwright.sync_api import expect
from spoken import until_said

from resnet_lib import widgets

NAME = "intro"
TWIN = '[data-rl-module="error_curves"]'
# What the page holds is changed before the loader meets it.
BEFORE_LOADER = """document.addEventListener("readystatechange", () => {
  const twin = document.querySelector('[data-rl-module="error_curves"]');
  if (document.readyState === "interactive") { %s }
})"""
CONSTANT, ONE_CYCLE = [0.1], [0.02, 0.1, 0.2, 0.15, 0.1, 0.05, 0.01]


def run(label, kind, depth, start, *, epochs=30, rates=CONSTANT, **changes):
    """A made-up run, as `curves_of` gives it: test errors from `start` downward, training lower."""
    test = [round(start + 40 / epoch, 2) for epoch in range(1, epochs + 1)]
    fields = {
        "name": f"{label}-{changes.get('recipe', 'quick')}-seed{changes.get('seed', 0)}",
        "label": label,
        "kind": kind,
        "version": "v1",
        "shortcut": "pad",
        "depth": depth,
        "recipe": "quick",
        "batch_size": 128,
        "epochs": epochs,
        "highest_rate": max(rates),
        "seed": 0,
        "device": "CPU, x86_64",
        "backend": "jax",
        "parameters": 269_722,
        "status": "finished",
        "error": [round(error / 2, 2) for error in test],
        "test_error": test,
        "learning_rate": [rates[epoch * len(rates) // epochs] for epoch in range(epochs)],
        "training_error": round(start / 3, 2),
    }
    return fields | changes


def four(**changes):
    return [
        run("Plain-20", "plain", 20, 9.0, **changes),
        run("Plain-56", "plain", 56, 13.0, **changes),
        run("ResNet-20", "v1", 20, 8.5, **changes),
        run("ResNet-56", "v1", 56, 7.0, **changes),
    ]


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


def with_state(runs, **traits):
    state = {"runs": runs, "shown": [], "curves": "both", "scale": "linear", "epoch": 0} | traits
    state = json.dumps(json.dumps(state))
    return BEFORE_LOADER % f"twin.querySelector('script').textContent = {state};"


@pytest.fixture
def open_curves(open_page):
    def open_curves(runs, *, state=None, **how):
        page = open_page(NAME, prepare=with_state(runs, **(state or {})), **how)
        return page.locator(".rl-error-curves").first

    return open_curves


@pytest.fixture(params=["http", "file"])
def widget(open_curves, request):
    return open_curves(four(), scheme=request.param)


def rows(widget):
    """The table: net to its training and test error, as they stand there."""
    texts = widget.locator(".rl-finals tbody tr").evaluate_all(
        "rows => rows.map((row) => [row.dataset.run, row.cells[5].textContent,"
        " row.cells[6].textContent])"
    )
    return {name: (training, test) for name, training, test in texts}


def drawn(widget, which="test"):
    curves = widget.locator(f".rl-plot .rl-curve.rl-{which}")
    return curves.evaluate_all("curves => curves.map((curve) => curve.dataset.run.split('-q')[0])")


def where(widget):
    return widget.locator(".rl-where").inner_text()


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

    def said(values, run):
        return f"{values[epoch - 1]:.2f}" if epoch <= len(run["error"]) else "–"

    return {
        run["name"]: (
            (f"{run['training_error']:.2f}" if run["training_error"] is not None else "–")
            if epoch == 0
            else said(run["error"], run),
            f"{run['test_error'][-1]:.2f}" if epoch == 0 else said(run["test_error"], run),
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
    twin = page.locator(TWIN).first
    runs = json.loads(twin.locator("script").text_content())["runs"]
    assert runs, "the book has no runs to show"
    widget = twin.locator(".rl-error-curves")
    assert rows(widget) == expected(runs, 0)
    assert widget.locator(".rl-plot .rl-curve").count() == 2 * len(runs)
    last = max(len(run["error"]) for run in runs)
    for epoch in {1, last // 2, last}:
        widget.locator(".rl-transport input").fill(str(epoch))
        assert rows(widget) == expected(runs, epoch)
    caption = widget.locator(".rl-note").inner_text()
    for run in runs:
        assert run["device"] in caption
        assert f"{run['recipe']} ({run['epochs']} epochs" in caption
    assert not twin.locator(".rl-picture").is_visible()


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
    assert widget.locator(".rl-off").count() == 1
    assert len(rows(widget)) == 4, "a row for every run, shown or not"
    chip(widget, "Plain").click()
    assert drawn(widget) == names

    pick(widget, "test")
    assert (len(drawn(widget)), len(drawn(widget, "training"))) == (4, 0)
    pick(widget, "training")
    assert (len(drawn(widget)), len(drawn(widget, "training"))) == (0, 4)
    pick(widget, "both")
    linear = widget.locator(".rl-tick").all_inner_texts()
    pick(widget, "log")
    assert widget.locator(".rl-tick").all_inner_texts() != linear
    pick(widget, "linear")
    assert widget.locator(".rl-tick").all_inner_texts() == linear

    widget.locator(".rl-transport input").click(position={"x": 1, "y": 8})
    assert where(widget) == "epoch 1 of 30"
    assert rows(widget) == expected(four(), 1)
    chip(widget, "Finals").click()
    assert where(widget) == "the end, epoch 30"
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
    last = 30
    for key, epoch in (
        ("ArrowLeft", last - 1),
        ("PageDown", last - 4),
        ("ArrowDown", last - 5),
        ("ArrowUp", last - 4),
        ("PageUp", last - 1),
        ("Home", 1),
        ("ArrowLeft", 1),
        ("ArrowRight", 2),
        ("End", last),
        ("ArrowRight", last),
        ("Home", 1),
    ):
        press(key)
        assert where(widget) == f"epoch {epoch} of 30", key
        assert rows(widget) == expected(four(), epoch)
    plot = widget.locator(".rl-plot-frame")
    assert plot.get_attribute("aria-valuenow") == "1"
    said = "Epoch 1: Plain-20 test error 49.0 %, training error 24.5 %; Plain-56"
    until_said(widget, said, and_more=True)
    press("Escape")
    assert where(widget) == "the end, epoch 30"
    said = "At the end: Plain-20 test error 10.3 %, training error 3.00 %"
    until_said(widget, said, and_more=True)

    press("Tab")
    press("Enter")
    assert widget.locator(".rl-play").inner_text() == "Pause"
    press("Enter")
    assert widget.locator(".rl-play").inner_text() == "Go on"
    press("Tab")
    press("End")
    press("ArrowLeft")
    assert where(widget) == "epoch 29 of 30"
    press("Tab")
    press("Enter")  # the finals
    assert where(widget) == "the end, epoch 30"
    widget.get_by_label("Show Plain-56").focus()
    press("Space")
    assert drawn(widget) == ["Plain-20", "ResNet-20", "ResNet-56"]
    press("Space")
    assert len(drawn(widget)) == 4, "the focus has stayed"


@pytest.mark.parametrize("share", [0.06, 0.4, 0.78])
@pytest.mark.parametrize("width", [375, 1280])
def test_a_pointer_reads_every_curve(open_curves, width, share):
    widget = open_curves(four(), width=width)
    widget.locator(".rl-plot").scroll_into_view_if_needed()
    hover(widget, share)
    epoch = int(where(widget).split()[1])
    assert widget.locator(".rl-flag-text").text_content() == str(epoch)
    assert rows(widget) == expected(four(), epoch)
    for which, key in (("test", "test_error"), ("training", "error")):
        read = widget.locator(f".rl-read-{which}")
        values = [float(text) for text in read.all_text_contents()]
        truth = [run[key][epoch - 1] for run in four()]
        assert values == pytest.approx(truth, abs=0.051)
    assert boxes_overlap(widget.locator(".rl-read")) == []
    hover(widget, 1.2)
    assert where(widget) == "the end, epoch 30", "a pointer that leaves lets go"
    assert widget.locator(".rl-read").count() == 0

    hover(widget, share)
    widget.page.mouse.down()
    widget.page.mouse.up()
    hover(widget, 1.2)
    assert where(widget) == f"epoch {epoch} of 30", "a click keeps it"
    hover(widget, share)
    widget.page.mouse.down()
    widget.page.mouse.up()
    hover(widget, 1.2)
    assert where(widget) == "the end, epoch 30", "and a second lets go"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_a_replay_plays_pauses_goes_on_and_ends(open_curves, motion):
    widget = open_curves(four())
    page, play = widget.page, widget.locator(".rl-play")
    page.emulate_media(reduced_motion=motion)
    clip = widget.locator("clipPath rect")
    whole = float(clip.get_attribute("width"))
    play.click()
    assert float(clip.get_attribute("width")) < whole / 4, "the curves begin anew"
    page.wait_for_function(
        "/^epoch (1[0-9]|[3-9]) /.test(document.querySelector('.rl-where').textContent)"
    )
    play.click()
    paused = where(widget)
    epoch = int(paused.split()[1])
    assert rows(widget) == expected(four(), epoch)
    grown = float(clip.get_attribute("width"))
    assert 0 < grown < whole
    page.wait_for_timeout(700)
    assert where(widget) == paused, "a pause is one"
    assert float(clip.get_attribute("width")) == grown
    until_said(widget, f"Epoch {epoch}: ", and_more=True)
    hover(widget, 0.9)
    assert where(widget) == paused, "what has not grown yet cannot be read"
    hover(widget, 1.2)

    widget.locator(".rl-transport input").fill("27")
    assert float(clip.get_attribute("width")) > grown
    assert play.inner_text() == "Go on"
    play.click()
    page.wait_for_function(
        "document.querySelector('.rl-where').textContent === 'the end, epoch 30'"
    )
    assert play.inner_text() == "Replay"
    assert float(clip.get_attribute("width")) == whole
    assert rows(widget) == expected(four(), 0)

    play.click()
    assert int(where(widget).split()[1]) < 5, "it starts again"
    chip(widget, "Finals").click()
    assert play.inner_text() == "Replay"


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_cleanup_stops_the_replay(open_page, motion):
    page = open_page(NAME)
    page.emulate_media(reduced_motion=motion)
    source = widgets.module_source("error_curves")
    state = {"runs": four(), "shown": [], "curves": "both", "scale": "linear", "epoch": 0}
    moved = page.evaluate(
        """async ([source, state]) => {
          const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
          const { default: widget } = await import(url);
          const listeners = new Set();
          const model = { get: (name) => state[name], save_changes() {},
            set: (name, value) => { state[name] = value; }, on: (event) => listeners.add(event),
            off: (event) => listeners.delete(event) };
          const el = document.createElement("div");
          document.body.append(el);
          const cleanup = await widget.render({ model, el });
          const wait = (time) => new Promise((done) => setTimeout(done, time));
          el.querySelector(".rl-play").click();
          await wait(900);
          const playing = el.querySelector(".rl-where").textContent;
          cleanup();
          const stopped = el.innerHTML;
          await wait(900);
          return [playing, el.innerHTML === stopped, listeners.size];
        }""",
        [source, state],
    )
    assert moved[0] != "epoch 1 of 30", "it played"
    assert moved[1:] == [True, 0]


def test_steps_of_the_rate_are_marked_where_they_are(open_curves):
    rates = [0.1, 0.1, 0.01]  # ten epochs each
    widget = open_curves(four(rates=rates))
    assert widget.locator(".rl-rate-text").all_text_contents() == ["rate ÷ 10"]
    hair = widget.locator(".rl-rate-mark").bounding_box()["x"]
    at = {}
    for epoch in (20, 21):
        widget.locator(".rl-transport input").fill(str(epoch))
        at[epoch] = widget.locator(".rl-hair").bounding_box()["x"]
    assert at[20] < hair < at[21]
    assert widget.locator(".rl-rate").count() == 0


def test_the_crosshair_strikes_no_words_through(open_curves):
    widget = open_curves(four(epochs=7, rates=ONE_CYCLE))
    widget.locator(".rl-transport input").fill("4")
    order = widget.locator(".rl-plot").evaluate(
        """plot => [...plot.querySelectorAll(".rl-hair, .rl-axis-name, .rl-rate-text")]
            .map(one => one.classList[one.classList.length - 1])"""
    )
    assert order == ["rl-hair", "rl-axis-name", "rl-rate-text"]


def test_a_smooth_rate_has_a_strip_and_a_mixture_says_whose_is_whose(open_curves):
    widget = open_curves(four(epochs=7, rates=ONE_CYCLE))
    assert widget.locator(".rl-rates text").text_content() == "learning rate, highest: 0.2"
    assert widget.locator(".rl-rate-mark").count() == 0
    mixed = [
        *four(epochs=7, rates=ONE_CYCLE),
        run("ResNet-20", "v1", 20, 8, recipe="paper", rates=[0.1, 0.01]),
    ]
    mixed[0]["learning_rate"] = mixed[0]["learning_rate"][:3]  # one that broke off
    widget = open_curves(mixed)
    assert "quick (0.2)" in widget.locator(".rl-rate-key").inner_text()
    assert "paper (0.1)" in widget.locator(".rl-rate-key").inner_text()
    assert widget.locator(".rl-plot .rl-rate").count() == 2


def test_on_a_crowded_phone_the_ends_say_the_depths(open_curves):
    runs = [run | {"label": f"{run['label']} v1, pad"} for run in many()[:12]]
    widget = open_curves(runs, width=320)
    ends = widget.locator(".rl-end-name").all_text_contents()
    assert sorted(ends) == sorted(3 * ["20", "32", "44", "56"])
    assert boxes_overlap(widget.locator(".rl-end text")) == []
    widget.locator(".rl-transport input").fill("20")
    assert widget.locator(".rl-read").count() == 0, "the table has them"
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
    assert "Plain-110, diverged" in widget.locator(".rl-end-name").all_text_contents()
    widget.locator(".rl-transport input").fill("10")
    assert rows(widget) == expected(runs, 10)
    expect(widget.locator(".rl-words")).to_contain_text("Plain-110 diverged after epoch 9")


@pytest.mark.parametrize(
    "change", [{"error": []}, {"test_error": []}, {"error": [None] * 30, "learning_rate": []}]
)
def test_a_curve_that_is_missing(open_curves, change):
    widget = open_curves([run("ResNet-20", "v1", 20, 8) | change, run("Plain-20", "plain", 20, 9)])
    for epoch in ("1", "30"):
        widget.locator(".rl-transport input").fill(epoch)
        assert "–" in rows(widget)["ResNet-20-quick-seed0"]
    pick(widget, "log")
    assert widget.locator(".rl-end").count() == 2


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


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"curves": "all"}, "curves must be one of both, test, training; got all"),
        ({"scale": "cubic"}, "scale must be linear or log; got cubic"),
        ({"epoch": -1}, "epoch must be a whole number from 0; got -1"),
    ],
)
def test_a_state_that_cannot_be_drawn_is_told(open_curves, change, wrong):
    widget = open_curves(four(), state=change)
    assert wrong in widget.locator(".rl-error").inner_text()


def test_a_state_that_is_given_is_shown(open_curves):
    state = {
        "shown": ["Plain-56-quick-seed0", "gone"],
        "curves": "test",
        "scale": "log",
        "epoch": 7,
    }
    widget = open_curves(four(), state=state)
    assert drawn(widget) == ["Plain-56"]
    assert where(widget) == "epoch 7 of 30"
    assert widget.get_by_role("radio", name="log").is_checked()
    assert rows(widget) == expected(four(), 7)


def test_two_on_one_page_do_not_meet(open_page):
    twice = with_state(four()).replace("; }", "; twin.after(twin.cloneNode(true)); }")
    page = open_page(NAME, prepare=twice)
    first, second = (page.locator(".rl-error-curves").nth(index) for index in (0, 1))
    pick(second, "log")
    chip(second, "Plain").click()
    second.locator(".rl-transport input").fill("3")
    second.locator(".rl-play").click()
    assert len(drawn(first)) == 4
    assert len(drawn(second)) == 2
    assert first.get_by_role("radio", name="linear").is_checked()
    assert where(first) == "the end, epoch 30"
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("runs", [four, many], ids=["four", "many"])
def test_it_fits_and_axe_finds_nothing(open_curves, axe_violations, width, theme, runs):
    widget = open_curves(runs(), width=width, theme=theme)
    page = widget.page
    for change in (
        lambda: None,
        lambda: pick(widget, "log"),
        lambda: chip(widget, "Plain").click(),
        lambda: widget.locator(".rl-transport input").fill("5"),
    ):
        change()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if runs is four:
            table = widget.locator(".rl-scroll")
            assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")
        inside = widget.bounding_box()
        ends = widget.locator(".rl-end, .rl-read, .rl-rate-text, .rl-flag").evaluate_all(
            "all => all.filter((one) => one.checkVisibility())"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.width)"
            ".map((box) => [box.left, box.right])"
        )
        assert all(
            inside["x"] < left and right < inside["x"] + inside["width"] for left, right in ends
        )
        assert boxes_overlap(widget.locator(".rl-end text")) == []
        assert boxes_overlap(widget.locator(".rl-read")) == []
        assert boxes_overlap(widget.locator(".rl-tick")) == []
        assert boxes_overlap(widget.locator(".rl-rate-text")) == []
        assert axe_violations(page, ".rl-error-curves") == []
    assert page.evaluate("getComputedStyle(document.querySelector('.rl')).colorScheme") == theme


@pytest.mark.parametrize("width", [375, 1280])
def test_reading_does_not_make_the_page_jump(open_curves, width):
    widget = open_curves(four(epochs=164), width=width)
    heights = set()
    for epoch in (1, 17, 164):
        widget.locator(".rl-transport input").fill(str(epoch))
        heights.add(widget.bounding_box()["height"])
    chip(widget, "Finals").click()
    heights.add(widget.bounding_box()["height"])
    assert len(heights) == 1, heights


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_curve_and_every_label_can_be_seen(open_curves, theme):
    """WCAG's 3:1 for lines and 4.5:1 for letters; axe does not look into a drawing."""
    widget = open_curves(many(), theme=theme)
    colours = widget.evaluate(
        """(root) => {
          const canvas = document.createElement("canvas").getContext("2d", {
            willReadFrequently: true });
          const rgb = (colour) => {
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3).map((one) => one / 255);
          };
          const all = (selector, key) => [...root.querySelectorAll(selector)]
            .map((one) => rgb(getComputedStyle(one)[key]));
          return { ground: rgb(getComputedStyle(root).backgroundColor),
            lines: all(".rl-plot .rl-curve", "stroke"),
            letters: all(".rl-plot .rl-end text", "fill") };
        }"""
    )
    ground = luminance(colours["ground"])
    for what, least in (("lines", 3), ("letters", 4.5)):
        assert colours[what]
        for colour in colours[what]:
            dark, light = sorted((ground, luminance(colour)))
            assert (light + 0.05) / (dark + 0.05) >= least, (what, colour)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_deeper_is_darker_on_light_ground_and_lighter_on_dark(open_curves, theme):
    runs = [run(f"ResNet-{depth}", "v1", depth, 9) for depth in (20, 32, 56, 110)]
    widget = open_curves(runs, theme=theme)
    strokes = widget.locator(".rl-plot .rl-curve.rl-test").evaluate_all(
        "curves => curves.map((curve) => getComputedStyle(curve).stroke)"
    )
    sums = [sum(map(float, stroke.split("srgb ")[1].strip(")").split())) for stroke in strokes]
    steps = [after - before for before, after in pairwise(sums)]
    assert all((step > 0.05) == (theme == "dark") and abs(step) > 0.05 for step in steps), sums


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
