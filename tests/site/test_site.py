"""Every page of the built book, as a reader meets it: fonts, formulas, pictures, widgets, cover."""

from types import SimpleNamespace

import built_book
import pytest
from built_site import BUILT, page_opener, unfold

CHAPTERS = [path.stem for path in built_book.list_chapters()]
FOR_REFERENCE = ("cheat_sheet", "glossary", "api", "references", "instructors")
PAGES = ("intro", *CHAPTERS, *FOR_REFERENCE)
WITH_WIDGET = {  # and how the words of its first picture begin
    "intro": "Learning curves. Plain-20, seed 0",
    "01_more_layers_more_error": "Learning curves. Plain-20, seed 0",
    "03_two_architectures": "ResNet v1 of depth 20: three stages of 3 blocks",
    "04_the_curves_that_made_resnet": "Learning curves. Plain-20, seed 0",
    "05_vanishing_gradients": "Layer 1 gets 7·10⁻¹⁶ of the last layer’s gradient",
    "06_why_the_plain_net_fails": "Plain, like white noise, but enormous: neighbours alike",
    "07_train_your_own": "Learning curves. ResNet-20, seed 0, finished",
    "09_inside_a_trained_resnet": "ResNet-20, ",
}
WITH_CURVES = ("01_more_layers_more_error", "04_the_curves_that_made_resnet")
WITH_WIDE_FIGURES = {"05", "06", "07", "09"}
WITH_FIGURES_OF_CELLS = {"02", "03"}
SLOW = pytest.mark.slow
# `make test` visits each page once, by turns in light from a server and in dark from a folder.
VISITS = [
    pytest.param((name, scheme, theme), id=f"{name}-{scheme}-{theme}", marks=marks)
    for at, name in enumerate(PAGES)
    for scheme, theme, turn in (
        *(("http", "light", 0), ("file", "dark", 1)),
        *(("file", "light", None), ("http", "dark", None)),
    )
    for marks in [() if turn == at % 2 else SLOW]
]
# A widget that has got another width draws itself anew in the frame after.
NEXT_FRAME = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"
GROUND = "all => all.map((one) => getComputedStyle(one.parentElement).backgroundColor)"
FAMILY = "(one) => getComputedStyle(one).fontFamily"


def set_width(page, width, height=900):
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(NEXT_FRAME)


@pytest.fixture(scope="module", params=VISITS)
def visit(request, browser, site):
    """One page, opened once for the tests here: every answer is unfolded."""
    name, scheme, theme = request.param
    with page_opener(browser, site) as open_page:
        page = open_page(name, width=375, theme=theme, scheme=scheme)
        unfold(page)
        yield SimpleNamespace(name=name, chapter=name[:2], theme=theme, page=page)


def test_every_page_is_tested():
    assert {path.stem for path in (BUILT / "book").glob("*.html")} == set(PAGES)


def test_a_page_fits_every_width_and_shows_its_pictures(visit):
    page = visit.page
    assert page.evaluate("document.documentElement.dataset.theme") == visit.theme
    for width in (375, 1280):
        set_width(page, width)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{visit.name} scrolls sideways at {width} pixels"
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    missing = "[...document.images].filter((one) => !one.naturalWidth).map((one) => one.src)"
    assert page.evaluate(missing) == []


def test_formulas_and_words_are_set_in_fonts_that_load(visit):
    page = visit.page
    formulas = page.locator("span.math, div.math").count()
    assert page.locator("mjx-container").count() >= formulas
    if visit.name in CHAPTERS:
        assert formulas > 0
    fonts = "document.fonts.ready.then((all) => [...all].filter((x) => x.status == 'error').length)"
    assert page.evaluate(fonts) == 0


def test_widgets_and_tables_stand_on_the_dark_page_itself_and_figures_on_a_card(visit):
    if visit.theme == "light":
        return
    for what, pages in ((".rl-widget", WITH_WIDGET), (".rl-table, .rl-said", WITH_CURVES)):
        if visit.name in pages:
            grounds = visit.page.locator(what).evaluate_all(GROUND)
            assert set(grounds) == {"rgba(0, 0, 0, 0)"}, what
    cards = visit.page.locator(".cell_output img:not(.rl-picture img)").evaluate_all(
        "all => all.map((one) => getComputedStyle(one))"
        ".map((style) => [style.backgroundColor, style.padding])"
    )
    if visit.chapter in WITH_FIGURES_OF_CELLS:
        assert cards
        assert all(look == ["rgb(255, 255, 255)", "6px"] for look in cards), cards


def test_a_figure_of_several_panels_scrolls_on_a_phone(visit):
    boxes = visit.page.locator(".rl-wide")
    if visit.chapter in WITH_WIDE_FIGURES:
        assert boxes.count() >= 2
    set_width(visit.page, 375)
    for box in boxes.all():
        assert box.locator("img").bounding_box()["width"] > 500, "its words can be read"
        assert box.evaluate("(one) => one.scrollWidth > one.clientWidth")
    set_width(visit.page, 1280)
    for box in boxes.all():
        assert box.evaluate("(one) => one.scrollWidth <= one.clientWidth")


# ---------------------------------------------------------------- widgets that do not run


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_without_javascript_the_picture_is_there(open_page, name):
    page = open_page(name, javascript=False)
    unfold(page)
    other = '.rl-widget:not([data-rl-module="prediction"])'
    picture = page.locator(f"{other} .rl-picture img").first
    assert picture.is_visible()
    assert picture.get_attribute("alt").startswith(WITH_WIDGET[name])


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_a_widget_that_cannot_start_leaves_the_picture(browser, site, name):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.ResizeObserver")
    page.goto(f"{site.http}{name}.html")
    page.wait_for_selector("text=This widget could not start", state="attached")
    unfold(page)
    assert page.locator(".rl-picture img").first.is_visible()
    context.close()


# ---------------------------------------------------------------- the cover, and a chapter's face


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height", "top"), [(1280, 900, 400), (375, 812, 450)])
def test_the_book_opens_with_its_title_beside_the_curves(open_page, width, height, top, theme):
    page = open_page("intro", width=width, height=height, theme=theme)
    widget = page.locator(".rl-widget").first
    assert widget.get_attribute("data-rl-module") == "error_curves"
    assert page.locator(".rl").first.evaluate(FAMILY).startswith('"Residual Sans"')
    assert widget.bounding_box()["y"] < top
    if width == 1280:
        ends = [curve.bounding_box() for curve in widget.locator(".rl-plot .rl-curve").all()]
        lowest = max(box["y"] + box["height"] for box in ends)
        assert lowest < height, "the curves are seen without scrolling"
    else:
        plot = widget.locator(".rl-plot").bounding_box()
        assert plot["y"] < 0.8 * height, "the curves begin on the first screen"
    places = ("article h1", ".rl-cover-line", ".rl-cover")
    title, line, whole = (page.locator(place).bounding_box() for place in places)
    for box in (title, line):
        assert box["x"] >= whole["x"]
        assert box["y"] >= whole["y"]
        assert box["x"] + box["width"] <= whole["x"] + whole["width"]
        assert box["y"] + box["height"] <= whole["y"] + whole["height"]
    assert title["y"] + title["height"] <= line["y"], "the title is clear of the line"
    curves = [curve.bounding_box() for curve in page.locator(".rl-cover-test").all()]
    assert len(curves) == 4
    left, high = (min(curve[side] for curve in curves) for side in "xy")
    beside = title["x"] + title["width"] <= left
    assert beside or title["y"] + title["height"] <= high + 2


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", WITH_CURVES)
def test_what_was_folded_is_drawn_at_its_own_width(open_page, name, width):
    page = open_page(name, width=width)
    widget = page.locator('[data-rl-module="error_curves"]').first
    assert not widget.locator(".rl-plot").is_visible(), "predict before you look"
    unfold(page)
    page.wait_for_function(
        "(one) => { const [frame, plot] = ['.rl-plot-frame', '.rl-plot'].map((name) =>"
        " one.querySelector(name).getBoundingClientRect().width);"
        " return frame > 0 && Math.abs(frame - plot) <= 1; }",
        arg=widget.element_handle(),
    )
    table = widget.locator(".rl-scroll")
    assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")


def test_a_page_is_set_in_the_book_s_own_fonts_and_as_long_without_them(open_page):
    """Nothing jumps when fonts come: what stands in for them takes as much room, to within 3 %."""
    page = open_page("08_more_than_one_device")
    loaded = "[...document.fonts].filter((one) => one.status == 'loaded').map((one) => one.family)"
    families = {name.strip('"') for name in page.evaluate(loaded)}
    assert {"Residual Serif", "Residual Sans", "Residual Display"} <= families
    assert page.locator("article h1").evaluate(FAMILY).startswith('"Residual Display"')
    assert page.locator("article section > p").first.evaluate(FAMILY).startswith('"Residual Serif"')
    own = page.locator("article").bounding_box()["height"]
    for face in ("Serif", "Sans", "Display"):
        page.add_style_tag(
            content=f'html {{ --book-{face.lower()}: "Residual {face} Until" !important; }}'
        )
    page.evaluate("document.fonts.ready.then(() => {})")
    assert abs(page.locator("article").bounding_box()["height"] / own - 1) < 0.03


def test_an_exercise_shows_and_says_how_hard_it_is(open_page):
    exercise = open_page("02_the_residual_block").locator("div.exercise").first
    for level, circles in enumerate(("●○○", "●●○", "●●●"), start=1):
        shown = exercise.evaluate(
            """(one, level) => {
              one.className = one.className.replace(/level-\\d/, `level-${level}`);
              return getComputedStyle(one.querySelector(".admonition-title"), "::after").content;
            }""",
            level,
        )
        assert circles in shown
        assert f"difficulty {level} of 3" in shown, "and says so to those who listen"


def test_search_finds_a_word(open_page):
    page = open_page("../search", prepare="")
    page.goto(page.url + "?q=highway")
    page.wait_for_function("document.querySelectorAll('#search-results li').length >= 2")
