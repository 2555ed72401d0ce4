"""Predictions under a reader's hand, on a page of their own: no book need be built."""

from types import SimpleNamespace

import pytest
from assets import widget_scripts
from mount_widget import button, keys, shows
from playwright.sync_api import expect
from waiting import wait_until

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
    widget_scripts.write_scripts(SimpleNamespace(outdir=folder))
    page = folder / "page.html"
    page.write_text(
        HEAD + "".join(one.static_html() for one in QUESTIONS.values()), encoding="utf-8"
    )
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
            expect(page.locator(".rl-prediction")).to_have_count(3)
        return page

    yield open_predictions
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(open_predictions):
    return open_predictions()


def widget_of(page, form):
    return page.locator(".rl-prediction").nth(list(QUESTIONS).index(form))


def reveal(widget):
    button(widget, "Reveal").click()


def result(widget, text):
    shows(widget, {"result": text})


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


@pytest.mark.parametrize("form", QUESTIONS)
def test_nothing_is_revealed_before_a_guess(page, form):
    widget = widget_of(page, form)
    expect(button(widget, "Reveal")).to_be_disabled()
    shows(widget, {"transport .rl-note": "*first*", "result": ""})
    expect(widget).not_to_contain_text("the answer")
    # Of the curves the given one alone.
    expect(widget.locator(".rl-curve[data-kind]")).to_have_count(int(form == "curve"))
    if form == "number":
        expect(widget.locator("input[type=number]")).to_have_value("")


def test_a_choice_by_mouse(page):
    widget = guess_by_mouse(page, "choice")
    expect(widget.locator(".rl-transport .rl-note")).to_be_hidden()
    listener = widget.locator("[aria-live=polite]")
    listener.evaluate("(one) => (one.stays = true)")
    reveal(widget)
    right = "Not quite: the answer is “Only for inputs without negative numbers”."
    result(widget, f"{right} Look at what stands after the sum. A relu stands there.")
    # The place in which a screen reader reads it was there before.
    assert listener.evaluate("(one) => one.stays && one.textContent").startswith("Not quite")
    expect(widget.locator(".rl-result code")).to_have_text("relu")
    expect(widget.locator(".rl-option em")).to_have_text(["your guess", "the answer", ""])
    expect(widget.locator("input:disabled")).to_have_count(3)  # a guess stands
    button(widget, "Ask again").click()
    result(widget, "")
    expect(widget.locator("input:checked")).to_have_count(0)
    widget.get_by_text("Only for").click()
    reveal(widget)
    result(widget, "Right. A relu stands there.")


def test_a_number_by_mouse(page):
    widget = guess_by_mouse(page, "number")
    expect(widget.locator("input[type=number]")).not_to_have_value("")
    guess = float(widget.locator("input[type=number]").input_value())
    assert 17 <= guess <= 23
    reveal(widget)
    off = f"{guess - 12.76:.4g} percentage points too high."
    result(widget, f"It is 12.76 %; your guess, {guess:g} %, is {off} It is low.")
    expect(widget.locator("input[type=range]")).to_be_hidden()  # a guess stands
    middle = "(one) => [one.getBBox().x + one.getBBox().width / 2, one.getBBox().width]"
    (centre, width), *marks = (
        widget.locator(f".rl-scale-{one}").evaluate(middle)
        for one in ("line", "guess-point", "answer-mark")
    )
    for mark, value in zip(marks, (guess, 12.76), strict=True):
        at = 0.5 + (mark[0] - centre) / width
        assert at == pytest.approx(value / 100, abs=1e-3)


def test_the_middle_of_the_slider_is_a_guess_too(page):
    widget = widget_of(page, "number")
    widget.locator("input[type=range]").click()
    expect(widget.locator("input[type=number]")).to_have_value("50")
    expect(button(widget, "Reveal")).to_be_enabled()


def test_a_curve_by_mouse(page):
    widget = guess_by_mouse(page, "curve")
    plot, mine = widget.locator(".rl-drawing"), widget.locator(".rl-guess").last
    expect(plot).to_have_css("outline-style", "none")
    plot.press("ArrowLeft")
    expect(plot).to_have_css("outline-style", "solid")  # the keys need to be seen
    drawn = mine.get_attribute("d")
    reveal(widget)
    expect(mine).to_have_attribute("d", drawn)
    apart = "On average your curve lies * percentage points from the real one*; it is 10 %."
    result(widget, f"{apart} The deeper net is worse.")
    expect(widget.locator(".rl-curve-name")).to_have_text(["plain-20", "plain-56", "you"])
    drag(page, widget, (0.1, 0.9), (0.6, 0.9))
    expect(mine).to_have_attribute("d", drawn)  # a guess stands
    button(widget, "Ask again").click()
    expect(widget.locator(".rl-guess")).to_have_count(0)
    expect(button(widget, "Reveal")).to_be_disabled()


def test_the_pen_draws_where_the_axes_say(page):
    """From one end of the given curve, half as high as the real one, straight to its other."""
    widget = widget_of(page, "curve")
    plot = widget.locator(".rl-plot").bounding_box()
    ends = widget.locator(".rl-curve[data-kind]").evaluate(
        "(one) => [0, one.getTotalLength()].map((at) => one.getPointAtLength(at))"
        ".map(({ x, y }) => [x, y])"
    )
    drag(page, widget, *((x / plot["width"], y / plot["height"]) for x, y in ends))
    reveal(widget)
    # Half of 86 to 10 is 24 on average.
    apart = "24 percentage points from the real one, most of it below."
    result(widget, f"*{apart} At the end, epoch 20, you drew 5 %; it is 10 %.*")


def test_all_three_by_keyboard(page):
    choice, number, curve = (widget_of(page, form) for form in QUESTIONS)
    choice.locator("input").first.focus()
    keys(choice, "ArrowDown", "Tab", "Enter")
    result(choice, "Right.*")
    expect(button(choice, "Ask again")).to_be_focused()
    keys(choice, "Enter")
    expect(choice.locator("input[type=radio]:focus")).to_have_count(1)

    number.locator("input[type=range]").focus()
    keys(choice, "Home", *4 * ["ArrowRight"], "Tab")
    expect(number.locator("input[type=number]:focus")).to_have_value("4")
    page.keyboard.type("12")
    keys(choice, "Tab", "Enter")
    result(number, "Close. It is 12.76 %; your guess, 12 %,*")

    plot = curve.locator(".rl-drawing")
    plot.focus()
    for pressed, told in (
        ([], "epoch 1: nothing drawn yet"),
        ([*3 * ["Shift+ArrowUp"], "ArrowUp", "ArrowDown", "ArrowUp"], "epoch 1: 81 %"),
        (["End", "PageDown", *6 * ["Shift+ArrowDown"]], "epoch 20: 11 %"),
        (["Home", "ArrowRight", "Shift+ArrowRight"], "epoch 4: 69.9 %, filled in"),
        (["Enter"], "epoch 4: 69.9 %"),
        (["Delete"], "epoch 4: 69.9 %, filled in"),
    ):
        keys(choice, *pressed)
        expect(plot).to_have_attribute("aria-valuetext", told.replace(" %", "\xa0%"))
    keys(choice, "Tab", "Enter")
    result(curve, "*you drew 11 %; it is 10 %.*")
    expect(plot).to_have_attribute("role", "img")
    keys(choice, "Enter")
    expect(curve.locator("[role=slider]")).to_be_focused()


def test_a_field_takes_what_lies_on_the_scale(page):
    widget = widget_of(page, "number")
    field = widget.locator("input[type=number]")
    for typed, kept in (("12.5", "12.5"), ("400", "100"), ("", "")):
        field.fill(typed)
        field.press("Tab")
        expect(field).to_have_value(kept)
        expect(button(widget, "Reveal")).to_be_enabled(enabled=kept != "")


def test_it_is_shown_without_a_guess(page):
    for form, told in (
        ("choice", "The answer is “Only for inputs without negative numbers”."),
        ("number", "It is 12.76 %."),
        ("curve", "The real curve goes from 86 % to 10 %."),
    ):
        widget = widget_of(page, form)
        button(widget, "Show me without a guess").click()
        result(widget, f"{told} *")
        expect(widget).not_to_contain_text("your guess")


@pytest.mark.parametrize("form", QUESTIONS)
def test_a_reload_keeps_guess_and_answer(page, form):
    guess_by_mouse(page, form)

    def looks():
        expect(page.locator(".rl-prediction")).to_have_count(3)
        widget = widget_of(page, form)
        drawn = widget.locator("svg :is(path, text)").evaluate_all(
            "all => all.map((one) => one.getAttribute('d') ?? one.textContent)"
        )
        checked = widget.locator("input").evaluate_all("all => all.map((one) => one.checked)")
        return widget.inner_text(), checked, drawn

    page.reload()
    reveal(widget_of(page, form))
    result(widget_of(page, form), "*. *")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    before = looks()
    page.reload()
    wait_until(lambda: looks() == before)
    for other in set(QUESTIONS) - {form}:
        result(widget_of(page, other), "")
    button(widget_of(page, form), "Ask again").click()
    page.reload()
    expect(button(widget_of(page, form), "Reveal")).to_be_disabled()


def test_a_page_whose_storage_is_refused_works(open_predictions):
    page = open_predictions(prepare=NO_STORAGE)
    for form, question in QUESTIONS.items():
        widget = guess_by_mouse(page, form)
        reveal(widget)
        result(widget, f"*. {question.reveal.replace('`', '')}")


def test_what_was_kept_of_another_question_is_passed_over(page):
    for kept in ('{"guess": 7, "revealed": false}', "nonsense", "null"):
        guess_by_mouse(page, "choice")  # so that there is something kept
        page.evaluate(
            "(kept) => Object.keys(sessionStorage).forEach((key) => (sessionStorage[key] = kept))",
            kept,
        )
        page.reload()
        expect(page.locator(".rl-prediction")).to_have_count(3)
        expect(widget_of(page, "choice").locator("input:checked")).to_have_count(0)
        expect(button(widget_of(page, "curve"), "Reveal")).to_be_disabled()


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
    expect(widget.locator(".rl-guess")).not_to_have_count(0)
    reveal(widget)
    result(widget, "*. The deeper net is worse.")


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_and_axe_finds_nothing(open_predictions, axe_violations, assert_fits, width, theme):
    page = open_predictions(width=width, theme=theme)
    assert axe_violations(page, "main") == []
    for form in QUESTIONS:
        reveal(guess_by_mouse(page, form))
        assert_fits(widget_of(page, form), width)
    assert axe_violations(page, "main") == []
    expect(widget_of(page, "choice")).to_have_css("color-scheme", theme)


def test_what_is_chosen_is_seen_in_forced_colours(open_predictions):
    page = open_predictions(forced_colors="active")
    widget = guess_by_mouse(page, "choice")
    expect(widget.locator("input:checked")).to_have_css("opacity", "1")
    reveal(widget)
    expect(widget).to_contain_text("the answer")
    curve = guess_by_mouse(page, "curve")
    reveal(curve)
    expect(curve.locator(".rl-animated-curve")).to_have_count(1)
    strokes = curve.locator(".rl-curve").evaluate_all(
        "all => all.map((one) => getComputedStyle(one).stroke)"
    )
    assert len(set(strokes)) == 3, "guess, given and real curve"


@pytest.mark.parametrize(
    ("motion", "drawn"), [("reduce", "none"), ("no-preference", "rl-reveal-curve")]
)
def test_the_real_curve_is_drawn_on_where_motion_is_welcome(open_predictions, motion, drawn):
    widget = guess_by_mouse(open_predictions(reduced_motion=motion), "curve")
    reveal(widget)
    expect(widget.locator(".rl-animated-curve")).to_have_css("animation-name", drawn)


def test_without_javascript_the_answer_is_folded(open_predictions):
    page = open_predictions(java_script_enabled=False)
    pictures = page.locator(".rl-picture")
    expect(pictures).to_have_count(3)
    for text in ("For every input", "From 0 % to 100 %"):
        expect(page.get_by_text(text)).to_be_visible()
    expect(pictures.nth(2).locator("img").first).to_be_visible()
    for index, text in enumerate(("A relu stands there.", "12.76 %", "The deeper net is worse.")):
        answer = pictures.nth(index).get_by_text(text)
        expect(answer).to_be_hidden()
        pictures.nth(index).get_by_text("The answer").click()
        expect(answer).to_be_visible()
