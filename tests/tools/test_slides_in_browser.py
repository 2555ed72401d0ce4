"""Show the slides in a browser: keys, a remote, widgets, and no part that is cut off."""

import built_book
import pytest
from playwright.sync_api import expect

DECKS = [path.stem for path in built_book.list_chapters()]
FORMULAS = DECKS[4]  # a chapter with many formulas
# Go through all slides, and list elements that leave their slide or hide a part of their content.
WALK = """async () => {
  const PARTS = "h1, h2, h3, p, li, pre, table, img, svg, svg text, mjx-container, .rl, .rl *";
  const found = [];
  const twoFrames = () =>
    new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
  const isShown = (one) =>
    one.checkVisibility() && !one.closest(".rl-announcement, .rl-visually-hidden, .rl-picture");
  const leaves = (box, room) => box.width > 0 && box.height > 0 && (
    box.top < room.top - 1 || box.left < room.left - 1 ||
    box.bottom > room.bottom + 1 || box.right > room.right + 1);
  const hides = (one) => !(one instanceof SVGElement) && one.clientHeight > 1 &&
    getComputedStyle(one).overflow !== "visible" &&
    (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);

  // A widget draws itself anew, later, for the size that it has been given.
  async function rest(frame) {
    const layout = () => frame.style.cssText +
      [...frame.querySelectorAll(".rl *")].map((one) => [one.clientWidth, one.clientHeight]);
    let before, now;
    do {
      before = now;
      await twoFrames();
      now = layout();
    } while (frame.querySelector(".rl") && before !== now || frame.querySelector(".rl-waiting"));
  }

  for (let at = 1; ; at += 1) {
    const frame = Reveal.getCurrentSlide().querySelector(".frame");
    const say = (what, one) => found.push([at, what, one.localName,
      one.getAttribute("class"), one.textContent.trim().slice(0, 30)].join(" "));
    await rest(frame);
    const room = frame.getBoundingClientRect();
    if (leaves(room, new DOMRect(0, 0, innerWidth, innerHeight))) say("leaves the window", frame);
    if (frame.matches(".scrolls")) say("scrolls", frame);
    if (room.height < innerHeight / 2) say("has no height", frame);
    for (const image of frame.querySelectorAll(":scope > .shown > img"))
      if (image.naturalWidth === 0 || image.clientHeight < 200) say("shows no figure", image);
    for (const one of [...frame.querySelectorAll(PARTS)].filter(isShown)) {
      if (leaves(one.getBoundingClientRect(), room)) say("leaves the slide", one);
      if (hides(one)) say("is cut off", one);
    }
    if (Reveal.isLastSlide()) return [at, found];
    Reveal.next();
  }
}"""


def show(page, selector):
    """Go to the first slide with an element that matches `selector`, and return the element."""
    page.evaluate(
        "(selector) => { const at = Reveal.getIndices("
        "document.querySelector(selector).closest('section')); Reveal.slide(at.h, at.v); }",
        selector,
    )
    return page.locator(f"section.present {selector}").first


def slide_indices(page):
    return page.evaluate("Reveal.getIndices()")


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        *((name, 1280, 720) for name in DECKS),
        *((FORMULAS, width, height) for width, height in ((1024, 768), (1920, 1080))),
    ],
)
def test_a_slide_shows_all_that_is_on_it(open_deck, name, width, height):
    page = open_deck(name, width=width, height=height)
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    assert formulas > 10 or name != FORMULAS
    count, found = page.evaluate(WALK)
    assert count >= 10
    assert found == []


def test_arrows_move_what_has_the_focus_and_the_speaker_sees_the_notes(open_deck):
    page = open_deck("01_more_layers_more_error")
    page.keyboard.press("ArrowRight")
    assert slide_indices(page)["h"] == 1, "without a focus, the slides"
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    popup.value.wait_for_selector("text=Then the two nets compute the same function")
    page.bring_to_front()
    plot = show(page, "[data-rl-module=error_curves] [role=slider]")
    here = slide_indices(page)
    plot.focus()
    read = plot.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowLeft")
    expect(plot).not_to_have_attribute("aria-valuenow", read)
    assert slide_indices(page) == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert slide_indices(page)["h"] == here["h"] - 1, "Escape gives the keys back to the slides"


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("01_more_layers_more_error", "file"), ("05_vanishing_gradients", "http")],
)
def test_a_widget_answers_a_change_and_leaves_a_remote_its_keys(open_deck, name, scheme):
    page = open_deck(name, scheme=scheme)
    widget = show(page, ".rl:not(.rl-prediction)")
    assert page.locator("section.present .rl-picture").first.is_hidden()
    before = widget.inner_text(), widget.locator("svg").first.inner_html()
    widget.locator("button:visible, label:visible:has(input)").nth(1).click()
    page.wait_for_function(
        "([one, before]) => one.innerText !== before[0]"
        " || one.querySelector('svg').innerHTML !== before[1]",
        arg=[widget.element_handle(), before],
    )
    if name == FORMULAS:
        slider = show(page, "input[type=range]")
        here = slide_indices(page)
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert slide_indices(page) == here
        page.keyboard.press("PageDown")
        assert slide_indices(page) != here, (
            "a presenter's remote turns slides wherever the focus is"
        )


def test_the_pointer_reads_the_curves_where_it_is(open_deck):
    page = open_deck("01_more_layers_more_error", width=1920, height=1080)
    plot = show(page, "[data-rl-module=error_curves] [role=slider]")
    box = plot.bounding_box()
    assert plot.get_attribute("aria-valuenow") != "1"
    page.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    page.wait_for_function("(one) => one.ariaValueNow === '1'", arg=plot.element_handle())


def test_a_prediction_is_read_by_the_room_before_and_after_it_is_revealed(open_deck):
    page = open_deck("02_the_residual_block")
    prediction = show(page, "[data-rl-module=prediction] .rl")
    letters = "(one) => parseFloat(getComputedStyle(one).fontSize) * one.currentCSSZoom"
    size = prediction.locator(".rl-option").first.evaluate(letters)
    assert size >= page.evaluate("innerWidth") / 60, "as large as a widget's, for a whole room"
    prediction.locator(".rl-option").first.click()
    prediction.get_by_role("button", name="Reveal").click()
    prediction.locator(".rl-result-text").wait_for()
    page.wait_for_function("!document.querySelector('section.present section.present .scrolls')")
    button = prediction.get_by_role("button", name="Ask again").bounding_box()
    assert button["y"] + button["height"] < page.evaluate("innerHeight")


def test_a_curve_is_drawn_under_the_pointer_on_a_slide(open_deck):
    page = open_deck("04_the_curves_that_made_resnet")
    plot = show(page, "[data-rl-module=prediction] .rl-drawing")
    box = plot.bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 60, middle[1])
    page.mouse.down()
    page.mouse.move(*middle, steps=4)
    page.wait_for_function(
        """([plot, x, y]) => {
          const pen = plot.querySelector(".rl-pen-point").getBoundingClientRect();
          const across = pen.x + pen.width / 2 - x, up = pen.y + pen.height / 2 - y;
          return Math.abs(across) < 70 && Math.abs(up) < 5;  // 70: half way between two epochs
        }""",
        arg=[plot.element_handle(), *middle],
    )
    page.mouse.up()


@pytest.mark.parametrize("name", ["04_the_curves_that_made_resnet", "10_from_cifar_to_imagenet"])
def test_axe_finds_nothing_on_slides(open_deck, axe_violations, name):
    page = open_deck(name)
    for step in range(6):
        page.keyboard.press("PageDown")
        assert axe_violations(page, "section.present > section.present") == [], f"slide {step + 2}"


def test_the_index_leads_to_every_deck(open_deck, axe_violations):
    page = open_deck("index")
    assert axe_violations(page, "main") == []
    page.click("text=The residual block")
    expect(page.locator("section.present h1")).to_have_text("The residual block")
