"""The book's face in a browser: its own fonts, the cover, exercises by difficulty."""

import pytest

FAMILY = "(one) => getComputedStyle(one).fontFamily"


def test_a_page_is_set_in_the_book_s_own_fonts(open_page):
    page = open_page("04_the_curves_that_made_resnet")
    loaded = page.evaluate(
        "[...document.fonts].filter((one) => one.status == 'loaded').map((one) => one.family)"
    )
    families = {name.strip('"') for name in loaded}
    assert {"Residual Serif", "Residual Sans", "Residual Display"} <= families
    assert page.locator("article h1").evaluate(FAMILY).startswith('"Residual Display"')
    assert page.locator("article section > p").first.evaluate(FAMILY).startswith('"Residual Serif"')


def test_the_widgets_speak_in_the_book_s_sans(open_page):
    page = open_page("intro")
    assert page.locator(".rl").first.evaluate(FAMILY).startswith('"Residual Sans"')


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_the_title_stands_on_the_cover_beside_the_curves(open_page, width, theme):
    page = open_page("intro", width=width, theme=theme)
    places = ("article h1", ".rl-cover-line", ".rl-cover")
    title, line, whole = (page.locator(place).bounding_box() for place in places)
    for box in (title, line):
        assert box["x"] >= whole["x"]
        assert box["y"] >= whole["y"]
        assert box["x"] + box["width"] <= whole["x"] + whole["width"]
        assert box["y"] + box["height"] <= whole["y"] + whole["height"]
    assert title["y"] + title["height"] <= line["y"], "the title is clear of the line"
    curves = page.locator(".rl-cover-test").all()
    assert len(curves) == 4
    highest = min(curve.bounding_box()["y"] for curve in curves)
    leftmost = min(curve.bounding_box()["x"] for curve in curves)
    assert title["x"] + title["width"] <= leftmost or title["y"] + title["height"] <= highest + 2


@pytest.mark.parametrize(("level", "circles"), [(1, "●○○"), (2, "●●○"), (3, "●●●")])
def test_an_exercise_shows_how_hard_it_is(open_page, level, circles):
    page = open_page("02_the_residual_block")
    shown = page.locator("div.exercise").first.evaluate(
        f"""(one) => {{
          one.classList.remove("level-1", "level-2", "level-3");
          one.classList.add("level-{level}");
          return getComputedStyle(one.querySelector(".admonition-title"), "::after").content;
        }}"""
    )
    assert circles in shown
    assert f"difficulty {level} of 3" in shown, "and says so to those who listen"


def test_without_the_fonts_the_page_is_as_long(open_page):
    """Nothing jumps when they come: what stands in for them takes as much room, to within 3 %."""
    page = open_page("08_more_than_one_device")
    own = page.locator("article").bounding_box()["height"]
    for face in ("Serif", "Sans", "Display"):
        page.add_style_tag(
            content=f'html {{ --book-{face.lower()}: "Residual {face} Until" !important; }}'
        )
    page.evaluate("document.fonts.ready.then(() => {})")
    assert abs(page.locator("article").bounding_box()["height"] / own - 1) < 0.03
