"""The decks in a hall: from a folder, by keys and by a remote, with widgets, nothing cut off."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import built_book
import pytest
from built_site import page_opener
from playwright.sync_api import expect
from slides.build import SLIDES

DECKS = [path.stem for path in built_book.list_chapters()]
READY = "!window.Reveal || Reveal.isReady()"
# Go through all slides, and tell of each whatever a hall would not see.
WALK = """() => {
  const found = [];
  for (let at = 0; ; at += 1) {
    const slide = Reveal.getCurrentSlide(), frame = slide.querySelector(".frame");
    const box = frame.getBoundingClientRect(), what = `${at + 1} (${slide.className})`;
    const scrolls = frame.matches(".scrolls") && getComputedStyle(frame).overflowY === "auto";
    if (box.height < innerHeight / 2) found.push(`${what} has no height`);
    if (box.bottom > innerHeight || box.right > innerWidth) found.push(`${what} leaves the window`);
    if (frame.scrollWidth > frame.clientWidth + 1) found.push(`${what} is too wide`);
    if (frame.scrollHeight > frame.clientHeight + 1 && !scrolls) found.push(`${what} is cut off`);
    if (scrolls && slide.matches(".slide-predict, .slide-exercise, .slide-section, .slide-text"))
      found.push(`${what} is words, and scrolls`);
    for (const image of frame.querySelectorAll(":scope > .shown > img"))
      if (image.naturalWidth === 0 || image.clientHeight < 200) found.push(`${what}: no figure`);
    if (Reveal.isLastSlide()) return [Reveal.getTotalSlides(), found];
    Reveal.next();
  }
}"""


@pytest.fixture(scope="module")
def decks():
    """Where the slides lie: in a folder, and over http."""
    assert (SLIDES / "index.html").exists(), "there are no slides: type  make slides"
    handler = partial(SimpleHTTPRequestHandler, directory=SLIDES)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        http = f"http://127.0.0.1:{server.server_port}/"
        yield SimpleNamespace(file=f"{SLIDES.as_uri()}/", http=http)
        server.shutdown()


@pytest.fixture
def open_deck(browser, decks):
    """`open_page` for a deck: the same gate, the same ear for the console."""
    with page_opener(browser, decks) as open_page:

        def open_deck(name, **options):
            page = open_page(name, **{"scheme": "file", "height": 720, **options})
            page.wait_for_function(READY)
            return page

        yield open_deck


def show(page, selector):
    """Go to the first slide that holds it."""
    page.evaluate(
        "(selector) => { const at = Reveal.getIndices("
        "document.querySelector(selector).closest('section')); Reveal.slide(at.h, at.v); }",
        selector,
    )
    return page.locator(f"section.present {selector}").first


def place(page):
    return page.evaluate("Reveal.getIndices()")


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        *((name, 1280, 720) for name in DECKS),
        *((DECKS[4], width, height) for width, height in ((1024, 768), (1920, 1080))),
    ],
)
def test_no_slide_is_cut_off(open_deck, name, width, height):
    page = open_deck(name, width=width, height=height)
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    assert formulas > 10 or name != DECKS[4]
    count, found = page.evaluate(WALK)
    assert count >= 10
    assert found == []


def test_arrows_move_what_has_the_focus_and_the_speaker_sees_the_notes(open_deck):
    page = open_deck("01_more_layers_more_error")
    page.keyboard.press("ArrowRight")
    assert place(page)["h"] == 1, "without a focus, the slides"
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    popup.value.wait_for_selector("text=Then the two nets compute the same function")
    page.bring_to_front()
    plot = show(page, "[data-rl-module=error_curves] [role=slider]")
    here = place(page)
    plot.focus()
    read = plot.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowLeft")
    expect(plot).not_to_have_attribute("aria-valuenow", read)
    assert place(page) == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert place(page)["h"] == here["h"] - 1, "Escape gives the keys back to the slides"


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
    if name == DECKS[4]:
        slider = show(page, "input[type=range]")
        here = place(page)
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert place(page) == here
        page.keyboard.press("PageDown")
        assert place(page) != here, "a presenter's remote turns slides wherever the focus is"


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
    prediction.locator(".rl-told").wait_for()
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
