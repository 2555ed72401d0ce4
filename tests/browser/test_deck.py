"""The decks in a hall: from a folder, by keys and by a remote, with widgets, nothing cut off."""

import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import chapters
import pytest
import slides

DECKS = [path.stem for path in chapters.files()]
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
def served():
    """The address of the slides over http."""

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=slides.SLIDES))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def open_deck(browser, open_page, site, served, monkeypatch):
    """`open_page` for a deck: the same gate, the same ear for the console."""
    assert (slides.SLIDES / "index.html").exists(), "there are no slides: type  make slides"
    monkeypatch.setattr(site, "file", f"{slides.SLIDES.as_uri()}/")
    monkeypatch.setattr(site, "http", served)

    def open_deck(name, **options):
        options = {"scheme": "file", "width": 1280, "height": 720, **options}
        page = open_page(name, **options)
        page.wait_for_function("window.Reveal?.isReady()")
        return page

    return open_deck


def show(page, selector):
    """Go to the first slide that holds it."""
    page.evaluate(
        "(selector) => { const at = Reveal.getIndices("
        "document.querySelector(selector).closest('section')); Reveal.slide(at.h, at.v); }",
        selector,
    )
    return page.locator(f"section.present {selector}").first


def place(page):
    return SimpleNamespace(**page.evaluate("Reveal.getIndices()"))


@pytest.mark.parametrize("name", DECKS)
def test_no_slide_is_cut_off(open_deck, name):
    page = open_deck(name)
    count, found = page.evaluate(WALK)
    assert count >= 10
    assert found == []


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (1920, 1080)])
def test_a_deck_fits_every_projector(open_deck, width, height):
    page = open_deck("05_vanishing_gradients", width=width, height=height)
    assert page.locator("mjx-container").count() >= page.locator(".math").count() > 10
    assert page.evaluate(WALK)[1] == []


def test_arrows_move_what_has_the_focus_and_no_slide(open_deck):
    page = open_deck("01_more_layers_more_error")
    page.keyboard.press("ArrowRight")
    assert place(page).h == 1, "without a focus, the slides"
    plot = show(page, "[data-rl-module=error_curves] [role=slider]")
    here = place(page)
    plot.focus()
    read = plot.get_attribute("aria-valuenow")
    page.keyboard.press("ArrowLeft")
    assert plot.get_attribute("aria-valuenow") != read
    assert place(page) == here
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert place(page).h == here.h - 1, "Escape gives the keys back to the slides"


def test_a_presenter_s_remote_turns_slides_wherever_the_focus_is(open_deck):
    page = open_deck("05_vanishing_gradients")
    slider = show(page, "input[type=range]")
    here = place(page)
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert place(page) == here
    page.keyboard.press("PageDown")
    assert place(page) != here


@pytest.mark.parametrize(
    ("name", "scheme"),
    [("01_more_layers_more_error", "file"), ("05_vanishing_gradients", "http")],
)
def test_a_widget_answers_a_change(open_deck, name, scheme):
    page = open_deck(name, scheme=scheme)
    widget = show(page, ".rl:not(.rl-prediction)")
    assert page.locator("section.present .rl-picture").first.is_hidden()
    before = widget.inner_text(), widget.locator("svg").first.inner_html()
    control = widget.locator("button:visible, label:visible:has(input)").nth(1)
    control.click()
    page.wait_for_function(
        "([one, before]) => one.innerText !== before[0]"
        " || one.querySelector('svg').innerHTML !== before[1]",
        arg=[widget.element_handle(), before],
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
    pen = plot.locator(".rl-pen-point").bounding_box()
    page.mouse.up()
    assert abs(pen["x"] + pen["width"] / 2 - middle[0]) < 70, "half the way between two epochs"
    assert abs(pen["y"] + pen["height"] / 2 - middle[1]) < 5


@pytest.mark.parametrize("name", ["04_the_curves_that_made_resnet", "10_from_cifar_to_imagenet"])
def test_axe_finds_nothing_on_slides(open_deck, axe_violations, name):
    page = open_deck(name)
    for step in range(6):
        page.keyboard.press("PageDown")
        assert axe_violations(page, "section.present > section.present") == [], f"slide {step + 2}"


def test_the_speaker_sees_the_notes(open_deck):
    page = open_deck("01_more_layers_more_error")
    page.evaluate("Reveal.slide(1, 0)")
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    popup.value.wait_for_selector("text=Then the two nets compute the same function")


def test_the_index_leads_to_every_deck(open_page, open_deck, axe_violations, site):
    page = open_page("index", scheme="file")
    assert axe_violations(page, "main") == []
    page.click("text=The residual block")
    page.wait_for_function("window.Reveal?.isReady()")
    assert page.locator("section.present h1").inner_text() == "The residual block"
