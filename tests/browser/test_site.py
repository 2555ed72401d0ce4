"""Every page of the built book, as a reader meets it."""

from pathlib import Path

import pytest

PAGES = ("intro", "01_the_residual_block", "02_two_architectures", "references")
WITH_WIDGET = ("intro", "02_two_architectures")


def test_every_page_is_tested():
    built = Path(__file__).parents[2] / "_build" / "html" / "book"
    assert {path.stem for path in built.glob("*.html")} == set(PAGES)


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_by_itself_in_every_width_and_theme(open_page, name, scheme):
    for width in (375, 1280):
        for theme in ("light", "dark"):
            page = open_page(name, width=width, theme=theme, scheme=scheme)
            assert page.evaluate("document.documentElement.dataset.theme") == theme
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} scrolls sideways at {width} pixels"
            missing = page.evaluate(
                "[...document.images].filter((i) => !(i.complete && i.naturalWidth))"
                ".map((i) => i.src)"
            )
            assert missing == []


@pytest.mark.parametrize("scheme", ["http", "file"])
@pytest.mark.parametrize("name", ["01_the_residual_block", "02_two_architectures"])
def test_formulas_are_set(open_page, name, scheme):
    page = open_page(name, scheme=scheme)
    page.wait_for_selector("mjx-container")
    formulas = page.locator("span.math, div.math").count()
    assert page.locator("mjx-container").count() >= formulas > 0
    fonts = page.evaluate(
        "document.fonts.ready.then((f) => [...f].filter((x) => x.status == 'error').length)"
    )
    assert fonts == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_in_the_text(open_page, axe_violations, name, theme):
    """The article; what the theme puts around it is not ours."""
    assert axe_violations(open_page(name, theme=theme), "article") == []


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_a_widget_stands_on_the_dark_page_itself(open_page, name):
    page = open_page(name, theme="dark")
    around = page.evaluate(
        "getComputedStyle(document.querySelector('.rl-widget').parentElement).backgroundColor"
    )
    assert around == "rgba(0, 0, 0, 0)"


@pytest.mark.parametrize("name", ["01_the_residual_block", "02_two_architectures"])
def test_a_figure_on_a_dark_page_has_its_own_white_card(open_page, name):
    page = open_page(name, theme="dark")
    looks = page.evaluate(
        "[...document.querySelectorAll('.cell_output img:not(.rl-picture img)')]"
        ".map((one) => getComputedStyle(one))"
        ".map((style) => [style.backgroundColor, style.padding])"
    )
    assert looks
    assert all(look == ["rgb(255, 255, 255)", "6px"] for look in looks), looks


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_without_javascript_the_picture_is_there(open_page, name):
    page = open_page(name, javascript=False)
    picture = page.locator(".rl-picture img").first
    assert picture.is_visible()
    assert "three stages of 3 blocks" in picture.get_attribute("alt")


@pytest.mark.parametrize("name", WITH_WIDGET)
def test_a_widget_that_cannot_start_leaves_the_picture(browser, site, name):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.ResizeObserver")
    page.goto(f"{site.http}{name}.html")
    page.wait_for_selector("text=This widget could not start")
    assert page.locator(".rl-picture img").first.is_visible()
    context.close()


def test_search_finds_a_word(open_page):
    page = open_page("../search", prepare="")
    page.goto(page.url + "?q=highway")
    page.wait_for_selector("#search-results li")
    assert page.locator("#search-results li").count() >= 2
