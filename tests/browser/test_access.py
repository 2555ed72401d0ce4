"""Every page, theme and all, for readers who hear it, who press keys, or who want no motion."""

from pathlib import Path

import pytest
from test_site import unfold

BUILT = Path(__file__).parents[2] / "_build" / "html"
PAGES = [
    *sorted(f"{file.stem}" for file in (BUILT / "book").glob("*.html")),
    *("../search", "../genindex"),
]
STILL = "document.getAnimations().every((one) => one.playState !== 'running')"
# What is opened, at which width, by what, and what is then there.
OPENED = {
    "search": (1280, lambda page: page.keyboard.press("Control+k"), "#pst-search-dialog[open]"),
    "download": (
        1280,
        lambda page: page.click(".dropdown-download-buttons > button"),
        ".dropdown-menu.show",
    ),
    "chapters": (
        375,
        lambda page: page.click(".primary-toggle"),
        "#pst-primary-sidebar-modal[open]",
    ),
    "contents": (
        375,
        lambda page: page.click(".secondary-toggle"),
        "#pst-secondary-sidebar-modal[open]",
    ),
}
ON_PHONES = ("intro", "03_two_architectures", "08_more_than_one_device", "../search")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing(open_page, axe_violations, name):
    """The whole page, answers unfolded, on a desk and, of some pages, on a phone."""
    for theme in ("light", "dark"):
        for width in (1280, 375) if name in ON_PHONES else (1280,):
            page = open_page(name, width=width, theme=theme)
            unfold(page)
            # A widget waits, and is pale, until somebody comes near.
            page.evaluate("document.querySelector('.rl-waiting')?.scrollIntoView()")
            page.wait_for_function("!document.querySelector('.rl-waiting')")
            page.wait_for_function(STILL)  # what is still fading in has little contrast
            assert axe_violations(page, "html") == [], (theme, width)


@pytest.mark.parametrize("what", OPENED)
def test_what_opens_is_sound_and_closes_on_escape(open_page, axe_violations, what):
    width, open_it, opened = OPENED[what]
    for theme in ("light", "dark"):
        page = open_page("08_more_than_one_device", width=width, theme=theme)
        open_it(page)
        page.wait_for_selector(opened)
        page.wait_for_function(STILL)
        assert axe_violations(page, "html") == [], theme
        page.keyboard.press("Escape")
        page.wait_for_selector(opened, state="hidden")


@pytest.mark.parametrize("what", ["chapters", "contents"])
def test_a_drawer_covers_what_it_lies_on(open_page, what):
    width, open_it, opened = OPENED[what]
    page = open_page("08_more_than_one_device", width=width)
    open_it(page)
    ground = page.locator(opened).evaluate("(one) => getComputedStyle(one).backgroundColor")
    assert ground.startswith("rgb("), "one that lets something through is an rgba()"


def test_the_first_tab_skips_to_the_text(open_page):
    page = open_page("08_more_than_one_device")
    page.keyboard.press("Tab")
    link = page.locator("#pst-skip-link a")
    assert link.evaluate("(one) => one === document.activeElement")
    assert link.bounding_box()["y"] >= 0, "it is seen when it has the focus"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_control_is_reached_by_keyboard_and_shows_it(open_page, theme):
    page = open_page("08_more_than_one_device", theme=theme)
    controls = (
        "[...document.querySelectorAll('a[href], button, input, summary')]"
        ".filter((one) => one.checkVisibility({ visibilityProperty: true })"
        " && !one.closest('dialog, .dropdown-menu') && !one.disabled && one.tabIndex >= 0)"
    )
    missed = page.evaluate(f"window.controls = new Set({controls}); controls.size")
    assert missed > 30
    page.evaluate(
        """window.looks = new Map([...controls].map((one) => [one, look(one)]));
        function look(one) {
          const { outlineStyle, outlineWidth, boxShadow, backgroundColor, color, borderColor }
            = getComputedStyle(one);
          return [outlineStyle, outlineWidth, boxShadow, backgroundColor, color, borderColor] + "";
        }
        window.look = look; window.unseen = []"""
    )
    for _ in range(missed + 20):
        page.keyboard.press("Tab")
        page.evaluate(
            """() => {
              const one = document.activeElement;
              if (looks.has(one) && look(one) === looks.get(one)) unseen.push(one.outerHTML);
              controls.delete(one);
            }"""
        )
    assert page.evaluate("[...controls].map((one) => one.outerHTML.slice(0, 160))") == []
    assert page.evaluate("unseen.map((one) => one.slice(0, 160))") == []


@pytest.mark.parametrize("name", ["intro", "08_more_than_one_device"])
def test_nothing_moves_for_a_reader_who_wants_no_motion(open_page, name):
    page = open_page(name)  # opened so
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter((one) => {
          const { transitionDuration, scrollBehavior } = getComputedStyle(one);
          return scrollBehavior === "smooth" || /[1-9]/.test(transitionDuration);
        }).map((one) => one.outerHTML.slice(0, 160))"""
    )
    assert moving == []


ICONS = "i.fa-solid, i.fas, i.far, i.fab, span.fa-solid"


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_icon_is_drawn(open_page, scheme):
    """By a glyph of the cut font: without it another font would draw its box for what it lacks."""
    page = open_page("01_more_layers_more_error", scheme=scheme)
    page.keyboard.press("Control+k")
    icons = page.evaluate(
        f"""[...document.querySelectorAll("{ICONS}")].map((one) => {{
          const {{ content, fontFamily, fontWeight }} = getComputedStyle(one, "::before");
          const letter = content.match(/[\\ue000-\\uf8ff]/)?.[0];
          return [one.className, letter ?? "", `${{fontWeight}} 20px ${{fontFamily}}`];
        }})"""
    )
    assert len({name for name, *_ in icons}) >= 10
    for name, letter, font in icons:
        assert letter, f"{name} has no glyph in the style sheet"
        ink = page.evaluate(
            """([letter, font]) => document.fonts.load(font, letter).then((faces) => {
              const draw = (font) => {
                const canvas = new OffscreenCanvas(40, 40);
                const context = canvas.getContext("2d");
                context.font = font;
                context.fillText(letter, 5, 30);
                return context.getImageData(0, 0, 40, 40).data.join();
              };
              return faces.length > 0 && draw(font) !== draw("20px serif");
            })""",
            [letter, font],
        )
        assert ink, f"{name} is not drawn"
