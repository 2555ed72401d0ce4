"""Every page of the built book, as a reader meets it."""

from pathlib import Path

import pytest

CHAPTERS = (
    "01_more_layers_more_error",
    "02_the_residual_block",
    "03_two_architectures",
    "04_the_curves_that_made_resnet",
    "05_vanishing_gradients",
    "06_why_the_plain_net_fails",
    "07_train_your_own",
    "08_more_than_one_device",
    "09_inside_a_trained_resnet",
    "10_from_cifar_to_imagenet",
)
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
# A widget that has got another width draws itself anew in the frame after.
NEXT_FRAME = "new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))"


def unfold(page):
    """Open every folded answer by its own line, as a reader does."""
    folded = page.locator("article details:not([open]) > summary:visible")
    while folded.count():
        folded.first.click()


def test_every_page_is_tested():
    built = Path(__file__).parents[2] / "_build" / "html" / "book"
    assert {path.stem for path in built.glob("*.html")} == set(PAGES)


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_by_itself_in_every_width_and_theme(open_page, name, scheme):
    for theme in ("light", "dark"):
        page = open_page(name, width=375, theme=theme, scheme=scheme)
        unfold(page)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate(NEXT_FRAME)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} scrolls sideways at {width} pixels"
        page.evaluate("for (const image of document.images) image.loading = 'eager'")
        page.wait_for_function("[...document.images].every((image) => image.complete)")
        missing = page.evaluate(
            "[...document.images].filter((i) => !(i.complete && i.naturalWidth)).map((i) => i.src)"
        )
        assert missing == []


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", CHAPTERS)
def test_formulas_are_set(open_page, name, scheme):
    page = open_page(name, scheme=scheme)
    page.wait_for_selector("mjx-container")
    formulas = page.locator("span.math, div.math").count()
    assert page.locator("mjx-container").count() >= formulas > 0
    fonts = page.evaluate(
        "document.fonts.ready.then((f) => [...f].filter((x) => x.status == 'error').length)"
    )
    assert fonts == 0


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_a_widget_stands_on_the_dark_page_itself(open_page, name):
    page = open_page(name, theme="dark")
    around = page.evaluate(
        "getComputedStyle(document.querySelector('.rl-widget').parentElement).backgroundColor"
    )
    assert around == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("name", ["02_the_residual_block", "03_two_architectures"])
def test_a_figure_on_a_dark_page_has_its_own_white_card(open_page, name):
    page = open_page(name, theme="dark")
    looks = page.evaluate(
        "[...document.querySelectorAll('.cell_output img:not(.rl-picture img)')]"
        ".map((one) => getComputedStyle(one))"
        ".map((style) => [style.backgroundColor, style.padding])"
    )
    assert looks
    assert all(look == ["rgb(255, 255, 255)", "6px"] for look in looks), looks


@pytest.mark.parametrize(
    "name",
    [
        "05_vanishing_gradients",
        "06_why_the_plain_net_fails",
        "07_train_your_own",
        "09_inside_a_trained_resnet",
    ],
)
def test_a_figure_of_several_panels_scrolls_on_a_phone(open_page, name):
    page = open_page(name, width=375)
    unfold(page)
    boxes = page.locator(".rl-wide")
    assert boxes.count() >= 2
    for box in boxes.all():
        assert box.locator("img").bounding_box()["width"] > 500, "its words can be read"
        assert box.evaluate("(one) => one.scrollWidth > one.clientWidth")
    page = open_page(name, width=1280)
    unfold(page)
    assert page.locator(".rl-wide").first.evaluate("(one) => one.scrollWidth <= one.clientWidth")


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


@pytest.mark.parametrize(("width", "height", "top"), [(1280, 900, 400), (375, 812, 450)])
def test_the_book_opens_with_its_curves(open_page, width, height, top):
    page = open_page("intro", width=width, height=height)
    widget = page.locator(".rl-widget").first
    assert widget.get_attribute("data-rl-module") == "error_curves"
    assert widget.bounding_box()["y"] < top
    plot = widget.locator(".rl-plot").bounding_box()
    if width == 1280:
        ends = [curve.bounding_box() for curve in widget.locator(".rl-plot .rl-curve").all()]
        lowest = max(box["y"] + box["height"] for box in ends)
        assert lowest < height, "the curves are seen without scrolling"
    else:
        assert plot["y"] < 0.8 * height, "the curves begin on the first screen"


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", ["01_more_layers_more_error", "04_the_curves_that_made_resnet"])
def test_what_was_folded_is_drawn_at_its_own_width(open_page, name, width):
    page = open_page(name, width=width)
    widget = page.locator('[data-rl-module="error_curves"]').first
    assert not widget.locator(".rl-plot").is_visible(), "predict before you look"
    unfold(page)
    frame = widget.locator(".rl-plot-frame").bounding_box()
    plot = widget.locator(".rl-plot").bounding_box()
    assert abs(frame["width"] - plot["width"]) <= 1
    table = widget.locator(".rl-scroll")
    assert table.evaluate("(one) => one.scrollWidth <= one.clientWidth")


@pytest.mark.parametrize("name", ["01_more_layers_more_error", "04_the_curves_that_made_resnet"])
def test_tables_and_findings_stand_on_the_dark_page_itself(open_page, name):
    page = open_page(name, theme="dark")
    unfold(page)
    looks = page.locator(".rl-table, .rl-said").evaluate_all(
        "all => all.map((one) => getComputedStyle(one.parentElement).backgroundColor)"
    )
    assert looks
    assert set(looks) == {"rgba(0, 0, 0, 0)"}


def test_search_finds_a_word(open_page):
    page = open_page("../search", prepare="")
    page.goto(page.url + "?q=highway")
    page.wait_for_selector("#search-results li")
    assert page.locator("#search-results li").count() >= 2
