"""Predictions under a reader's hand, on a page of their own: no book need be built."""

from types import SimpleNamespace

import pytest
import self_contained

from resnet_lib import Prediction

EPOCHS = list(range(1, 21))
FALLING = [90 - 4 * epoch for epoch in EPOCHS]  # 86 to 10
QUESTIONS = {
    "choice": Prediction.choice(
        "Does the block return *exactly* `x`?",
        options=["For every input", "Only for inputs without negative numbers", "Never"],
        answer=1,
        hints={0: "Look at what stands after the sum."},
        reveal="A `relu` stands there.",
    ),
    "number": Prediction.number(
        "What is its error?", answer=12.76, unit="%", low=0, high=100, reveal="It is low."
    ),
    "curve": Prediction.curve(
        "Draw the error of plain-56.",
        **{"x": EPOCHS, "y": FALLING, "xlabel": "epoch", "ylabel": "test error, %"},
        **{"low": 0, "high": 100, "label": "plain-56", "kind": "plain"},
        given={"plain-20": [error / 2 for error in FALLING]},
        reveal="The deeper net is worse.",
    ),
}
HEAD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Predictions</title>'
    '<meta name="viewport" content="width=device-width">'
    '<link rel="stylesheet" href="_static/widgets.css">'
    '<script src="_static/widgets/prediction.js" defer></script>'
    '<script src="_static/widgets.js" defer></script>'
    '<body style="background: light-dark(white, #121212); color-scheme: light dark"><main>'
)
NO_STORAGE = """Object.defineProperty(window, "sessionStorage", {
  get() { throw new DOMException("refused", "SecurityError"); },
});"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where the page with all three questions lies."""
    folder = tmp_path_factory.mktemp("site")
    self_contained.write_widgets(SimpleNamespace(outdir=folder))
    page = folder / "page.html"
    page.write_text(HEAD + "".join(one.twin() for one in QUESTIONS.values()), encoding="utf-8")
    return page.as_uri()


@pytest.fixture
def open_predictions(browser, address):
    """`open_predictions(width=…, theme=…)`: the page; at the end nothing has gone wrong on it."""
    contexts, wrong = [], []

    def open_predictions(*, width=1280, theme="light", prepare=None, **context):
        options = {"reduced_motion": "reduce"} | context
        made = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, **options
        )
        contexts.append(made)
        page = made.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        if prepare:
            page.add_init_script(prepare)
        page.goto(address)
        if context.get("java_script_enabled", True):
            page.wait_for_function("document.querySelectorAll('.rl-prediction').length === 3")
        return page

    yield open_predictions
    for context in contexts:
        context.close()
    assert wrong == []


def widget_of(page, form):
    return page.locator(".rl-prediction").nth(list(QUESTIONS).index(form))


def button(widget, name):
    return widget.get_by_role("button", name=name)


def result(widget):
    return widget.locator(".rl-result").inner_text().replace("\xa0", " ").split("\n\n")


def drag(page, widget, *places):
    """Drag over the plot through `places`, each a share of its width and of its height."""
    plot = widget.locator(".rl-drawing")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*at[0])
    page.mouse.down()
    for x, y in at[1:]:
        page.mouse.move(x, y, steps=6)
    page.mouse.up()


def guess_by_mouse(page, form):
    widget = widget_of(page, form)
    if form == "choice":
        widget.get_by_text("For every input").click()
    elif form == "number":
        box = widget.locator("input[type=range]").bounding_box()
        page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    else:
        drag(page, widget, (0.1, 0.1), (0.3, 0.5), (0.6, 0.7))
    return widget


def press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


@pytest.mark.parametrize("form", QUESTIONS)
def test_nothing_is_revealed_before_a_guess(open_predictions, form):
    widget = widget_of(open_predictions(), form)
    assert button(widget, "Reveal").is_disabled()
    assert "first" in widget.locator(".rl-transport .rl-note").inner_text()
    assert result(widget) == [""]
    assert "the answer" not in widget.inner_text()
    assert widget.locator(".rl-curve[data-kind]").count() == (form == "curve"), "the given one"
    if form == "number":
        assert widget.locator("input[type=number]").input_value() == ""


def test_a_choice_by_mouse(open_predictions):
    page = open_predictions()
    widget = guess_by_mouse(page, "choice")
    assert not widget.locator(".rl-transport .rl-note").is_visible()
    button(widget, "Reveal").click()
    assert result(widget) == [
        "Not quite: the answer is “Only for inputs without negative numbers”.",
        "Look at what stands after the sum.",
        "A relu stands there.",
    ]
    assert widget.locator(".rl-result code").inner_text() == "relu"
    rows = widget.locator(".rl-option")
    assert [row.split("\n")[-1] for row in rows.all_inner_texts()] == [
        "your guess",
        "the answer",
        "Never",
    ]
    assert widget.locator("input:disabled").count() == 3, "a guess stands"
    button(widget, "Ask again").click()
    assert result(widget) == [""]
    assert widget.locator("input:checked").count() == 0
    widget.get_by_text("Only for").click()
    button(widget, "Reveal").click()
    assert result(widget) == ["Right.", "A relu stands there."]


def test_a_number_by_mouse(open_predictions):
    page = open_predictions()
    widget = guess_by_mouse(page, "number")
    guess = float(widget.locator("input[type=number]").input_value())
    assert 17 <= guess <= 23
    button(widget, "Reveal").click()
    verdict = f"It is 12.76 %; your guess, {guess:g} %, is {guess - 12.76:.4g} percentage points"
    assert result(widget) == [f"{verdict} too high.", "It is low."]
    assert not widget.locator("input[type=range]").is_visible(), "a guess stands"
    mine, real = (
        widget.locator(one).evaluate("(one) => one.getBBox().x + one.getBBox().width / 2")
        for one in (".rl-scale-mine", ".rl-scale-real")
    )
    line = widget.locator(".rl-scale-line").evaluate(
        "(one) => [one.getBBox().x, one.getBBox().width]"
    )
    assert (mine - line[0]) / line[1] == pytest.approx(guess / 100, abs=1e-3)
    assert (real - line[0]) / line[1] == pytest.approx(0.1276, abs=1e-3)


def test_the_middle_of_the_slider_is_a_guess_too(open_predictions):
    page = open_predictions()
    widget = widget_of(page, "number")
    widget.locator("input[type=range]").click()
    assert widget.locator("input[type=number]").input_value() == "50"
    assert button(widget, "Reveal").is_enabled()


def test_a_curve_by_mouse(open_predictions):
    page = open_predictions()
    widget = guess_by_mouse(page, "curve")
    plot = widget.locator(".rl-drawing")
    ring = lambda: plot.evaluate("(one) => getComputedStyle(one).outlineStyle")  # noqa: E731
    assert ring() == "none"
    plot.press("ArrowLeft")
    assert ring() == "solid", "whoever takes to the keys sees where they are"
    drawn = widget.locator(".rl-guess").last.get_attribute("d")
    button(widget, "Reveal").click()
    assert widget.locator(".rl-guess").last.get_attribute("d") == drawn
    verdict, reveal = result(widget)
    assert verdict.startswith("On average your curve lies ")
    assert " percentage points from the real one" in verdict
    assert verdict.endswith("; it is 10 %.")
    assert reveal == "The deeper net is worse."
    assert widget.locator(".rl-end-name").all_text_contents() == ["plain-20", "plain-56", "you"]
    drag(page, widget, (0.1, 0.9), (0.6, 0.9))
    assert widget.locator(".rl-guess").last.get_attribute("d") == drawn, "a guess stands"
    button(widget, "Ask again").click()
    assert widget.locator(".rl-guess").count() == 0
    assert button(widget, "Reveal").is_disabled()


def test_the_pen_draws_where_the_axes_say(open_predictions):
    """From one end of the given curve, half as high as the real one, straight to its other."""
    page = open_predictions()
    widget = widget_of(page, "curve")
    plot = widget.locator(".rl-plot").bounding_box()
    ends = widget.locator(".rl-curve[data-kind]").evaluate(
        "(one) => [0, one.getTotalLength()].map((at) => one.getPointAtLength(at))"
        ".map(({ x, y }) => [x, y])"
    )
    drag(page, widget, *((x / plot["width"], y / plot["height"]) for x, y in ends))
    button(widget, "Reveal").click()
    # Half of 86 to 10 is 24 on average.
    assert result(widget)[0] == (
        "On average your curve lies 24 percentage points from the real one, most of it below. "
        "At the end, epoch 20, you drew 5 %; it is 10 %."
    )


def test_all_three_by_keyboard(open_predictions):
    page = open_predictions()
    choice, number, curve = (widget_of(page, form) for form in QUESTIONS)
    choice.locator("input").first.focus()
    press(page, "ArrowDown", "Tab", "Enter")
    assert result(choice)[0] == "Right."
    assert page.evaluate("document.activeElement.textContent") == "Ask again"
    press(page, "Enter")
    assert page.evaluate("document.activeElement.type") == "radio"

    number.locator("input[type=range]").focus()
    press(page, "Home", *4 * ["ArrowRight"], "Tab")
    assert page.evaluate("document.activeElement.value") == "4"
    page.keyboard.type("12")
    press(page, "Tab", "Enter")
    assert result(number)[0].startswith("Close. It is 12.76 %; your guess, 12 %,")

    plot = curve.locator(".rl-drawing")
    plot.focus()
    told = lambda: plot.get_attribute("aria-valuetext").replace("\xa0", " ")  # noqa: E731
    assert told() == "epoch 1: nothing drawn yet"
    press(page, *3 * ["Shift+ArrowUp"], "ArrowUp", "ArrowDown", "ArrowUp")
    assert told() == "epoch 1: 81 %"
    press(page, "End", "PageDown", *6 * ["Shift+ArrowDown"])
    assert told() == "epoch 20: 11 %"
    press(page, "Home", "ArrowRight", "Shift+ArrowRight")
    assert told() == "epoch 4: 69.9 %, filled in"
    press(page, "Enter")
    assert told() == "epoch 4: 69.9 %"
    press(page, "Delete")
    assert told().endswith("filled in")
    press(page, "Tab", "Enter")
    assert "you drew 11 %; it is 10 %." in result(curve)[0]
    assert plot.get_attribute("role") == "img"
    press(page, "Enter")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"


def test_a_field_takes_what_lies_on_the_scale(open_predictions):
    widget = widget_of(open_predictions(), "number")
    field = widget.locator("input[type=number]")
    field.fill("12.5")
    field.press("Tab")
    assert button(widget, "Reveal").is_enabled()
    field.fill("400")
    field.press("Tab")
    assert field.input_value() == "100"
    field.fill("")
    field.press("Tab")
    assert button(widget, "Reveal").is_disabled()


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("choice", "The answer is “Only for inputs without negative numbers”."),
        ("number", "It is 12.76 %."),
        ("curve", "The real curve goes from 86 % to 10 %."),
    ],
)
def test_it_is_shown_without_a_guess(open_predictions, form, told):
    widget = widget_of(open_predictions(), form)
    button(widget, "Show me without a guess").click()
    assert result(widget)[0] == told
    assert "your guess" not in widget.inner_text()


def test_a_listener_hears_the_answer(open_predictions):
    widget = guess_by_mouse(open_predictions(), "choice")
    live = widget.locator("[aria-live=polite]")
    live.evaluate("(one) => (one.stays = true)")
    button(widget, "Reveal").click()
    assert live.evaluate("(one) => one.stays"), "the place in which it is read was there before"
    assert live.inner_text().startswith("Not quite")


@pytest.mark.parametrize("form", QUESTIONS)
def test_a_reload_keeps_guess_and_answer(open_predictions, form):
    page = open_predictions()
    guess_by_mouse(page, form)

    def looks():
        page.wait_for_function("document.querySelectorAll('.rl-prediction').length === 3")
        widget = widget_of(page, form)
        drawn = widget.locator("svg :is(path, text)").evaluate_all(
            "all => all.map((one) => one.getAttribute('d') ?? one.textContent)"
        )
        checked = widget.locator("input").evaluate_all("all => all.map((one) => one.checked)")
        return widget.inner_text(), checked, drawn

    def reloaded():
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        before = looks()
        page.reload()
        return before, looks()

    before, after = reloaded()
    assert button(widget_of(page, form), "Reveal").is_enabled()
    button(widget_of(page, form), "Reveal").click()
    before, after = reloaded()
    assert before == after
    assert len(result(widget_of(page, form))) >= 2
    others = [one for one in QUESTIONS if one != form]
    assert all(result(widget_of(page, one)) == [""] for one in others)
    button(widget_of(page, form), "Ask again").click()
    page.reload()
    looks()
    assert button(widget_of(page, form), "Reveal").is_disabled()


def test_a_page_whose_storage_is_refused_works(open_predictions):
    page = open_predictions(prepare=NO_STORAGE)
    for form in QUESTIONS:
        widget = guess_by_mouse(page, form)
        button(widget, "Reveal").click()
        assert len(result(widget)) >= 2


def test_what_was_kept_of_another_question_is_passed_over(open_predictions):
    page = open_predictions()
    for kept in ('{"guess": 7, "revealed": false}', "nonsense", "null"):
        page.evaluate(
            "(kept) => Object.keys(sessionStorage).forEach((key) => (sessionStorage[key] = kept))",
            kept,
        )
        page.reload()
        page.wait_for_function("document.querySelectorAll('.rl-prediction').length === 3")
        assert widget_of(page, "choice").locator("input:checked").count() == 0
        assert button(widget_of(page, "curve"), "Reveal").is_disabled()


def test_a_finger_draws_and_the_page_scrolls_around_the_plot(open_predictions):
    page = open_predictions(width=375, has_touch=True, is_mobile=True)
    widget = widget_of(page, "curve")
    actions = widget.locator("*").evaluate_all(
        "all => all.filter((one) => getComputedStyle(one).touchAction === 'none')"
        ".map((one) => one.getAttribute('class'))"
    )
    assert actions == ["rl-plot-frame rl-drawing"]
    plot = widget.locator(".rl-drawing")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    touch = page.context.new_cdp_session(page)
    moves = ("touchStart", 0.2), ("touchMove", 0.4), ("touchMove", 0.6), ("touchEnd", None)
    for kind, share in moves:
        at = share and {"x": box["x"] + share * box["width"], "y": box["y"] + 100}
        points = [at] if at else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_selector(".rl-guess", state="attached")
    button(widget, "Reveal").click()
    assert len(result(widget)) == 2


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(open_predictions, axe_violations, assert_fits, width, theme):
    page = open_predictions(width=width, theme=theme)
    assert axe_violations(page, "main") == []
    for form in QUESTIONS:
        button(guess_by_mouse(page, form), "Reveal").click()
        assert_fits(widget_of(page, form), width)
    assert axe_violations(page, "main") == []
    dark = page.evaluate("getComputedStyle(document.querySelector('.rl')).colorScheme") == "dark"
    assert dark == (theme == "dark")


def test_what_is_chosen_is_seen_in_forced_colours(open_predictions):
    page = open_predictions(forced_colors="active")
    widget = guess_by_mouse(page, "choice")
    radio = widget.locator("input:checked")
    assert radio.evaluate("(one) => getComputedStyle(one).opacity") == "1"
    button(widget, "Reveal").click()
    assert "the answer" in widget.inner_text()
    curve = guess_by_mouse(page, "curve")
    button(curve, "Reveal").click()
    strokes = curve.locator(".rl-curve").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).stroke)"
    )
    assert len(set(strokes)) == 3, "guess, given and real curve"


@pytest.mark.parametrize(("motion", "drawn"), [("reduce", "none"), ("no-preference", "rl-draw-on")])
def test_the_real_curve_is_drawn_on_where_motion_is_welcome(open_predictions, motion, drawn):
    page = open_predictions(reduced_motion=motion)
    widget = guess_by_mouse(page, "curve")
    button(widget, "Reveal").click()
    curve = widget.locator(".rl-drawn-now")
    assert curve.evaluate("(one) => getComputedStyle(one).animationName") == drawn


def test_without_javascript_the_answer_is_folded(open_predictions):
    page = open_predictions(java_script_enabled=False)
    pictures = page.locator(".rl-picture")
    assert pictures.count() == 3
    for text in ("For every input", "From 0 % to 100 %"):
        assert page.get_by_text(text).is_visible()
    assert pictures.nth(2).locator("img").first.is_visible()
    for index, text in enumerate(("A relu stands there.", "12.76 %", "The deeper net is worse.")):
        answer = pictures.nth(index).get_by_text(text)
        assert not answer.is_visible()
        pictures.nth(index).get_by_text("The answer").click()
        assert answer.is_visible()
