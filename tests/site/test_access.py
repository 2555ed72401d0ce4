"""Every page, theme and all, for readers who hear it, who press keys, or who want no motion."""

import pytest
from built_site import BUILT, unfold

PAGES = [*sorted(file.stem for file in (BUILT / "book").glob("*.html")), "../search", "../genindex"]
THEMES = ("light", "dark")
STILL = "document.getAnimations().every((one) => one.playState !== 'running')"
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
  const { transitionDuration, scrollBehavior } = getComputedStyle(one);
  return scrollBehavior === "smooth" || /[1-9]/.test(transitionDuration);
}).map((one) => one.outerHTML.slice(0, 160))"""
ON_PHONES = ("intro", "03_two_architectures", "08_more_than_one_device", "../search")
# Every kind of page and every widget; on a phone those that are looked at in two seconds. Light and
# dark take turns, as they share their names for colours. All else is slow.
USUAL = ("intro", "03_two_architectures", "05_vanishing_gradients", "07_train_your_own")
USUAL += ("09_inside_a_trained_resnet", "cheat_sheet", "glossary", "../search")
SHORT = ("intro", "../search")
LOOKS = [
    pytest.param(name, theme, width, marks=() if usual else pytest.mark.slow)
    for at, name in enumerate(PAGES)
    for theme in THEMES
    for width in ((1280, 375) if name in ON_PHONES else (1280,))
    for usual in [name in USUAL and theme == THEMES[at % 2] and (width == 1280 or name in SHORT)]
]
OPENED = {  # at which width, by which button or by Ctrl-K, and what is then there
    "search": (1280, None, "#pst-search-dialog[open]"),
    "download": (1280, ".dropdown-download-buttons > button", ".dropdown-menu.show"),
    "chapters": (375, ".primary-toggle", "#pst-primary-sidebar-modal[open]"),
    "contents": (375, ".secondary-toggle", "#pst-secondary-sidebar-modal[open]"),
}


@pytest.mark.parametrize(("name", "theme", "width"), LOOKS)
def test_axe_finds_nothing_and_nothing_moves(open_page, axe_violations, name, theme, width):
    """On the whole page, answers unfolded, for a reader who wants no motion."""
    page = open_page(name, width=width, theme=theme)
    unfold(page)
    # A widget waits, and is pale, until somebody comes near.
    page.evaluate("document.querySelector('.rl-waiting')?.scrollIntoView()")
    page.wait_for_function("!document.querySelector('.rl-waiting')")
    page.wait_for_function(STILL)  # what is still fading in has little contrast
    assert axe_violations(page, "html") == []
    assert page.evaluate(MOVING) == []


@pytest.mark.parametrize("what", OPENED)
def test_what_opens_is_sound_and_closes_on_escape(open_page, axe_violations, what):
    width, button, opened = OPENED[what]
    page = open_page("cheat_sheet", width=width)
    for theme in THEMES:
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme; }", theme)
        page.click(button) if button else page.keyboard.press("Control+k")
        page.wait_for_selector(opened)
        page.wait_for_function(STILL)
        assert axe_violations(page, "html") == [], theme
        if width == 375:
            ground = page.locator(opened).evaluate("(one) => getComputedStyle(one).backgroundColor")
            assert ground.startswith("rgb("), "a drawer covers what it lies on: no rgba()"
        page.keyboard.press("Escape")
        page.wait_for_selector(opened, state="hidden")


def test_the_first_tab_skips_to_the_text(open_page):
    page = open_page("08_more_than_one_device")
    page.keyboard.press("Tab")
    link = page.locator("#pst-skip-link a")
    assert link.evaluate("(one) => one === document.activeElement")
    assert link.bounding_box()["y"] >= 0, "it is seen when it has the focus"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("theme", THEMES)
def test_every_control_is_reached_by_keyboard_and_shows_it(open_page, theme):
    page = open_page("08_more_than_one_device", theme=theme)
    missed = page.evaluate(
        """() => {
          window.look = (one) => {
            const { outline, boxShadow, backgroundColor, color, border } = getComputedStyle(one);
            return [outline, boxShadow, backgroundColor, color, border].join();
          };
          const all = document.querySelectorAll("a[href], button, input, summary");
          window.controls = new Map([...all].filter((one) =>
            one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0
            && !one.closest("dialog, .dropdown-menu")).map((one) => [one, look(one)]));
          window.unseen = [];
          return controls.size;
        }"""
    )
    assert missed > 30
    for _ in range(missed + 20):
        page.keyboard.press("Tab")
        page.evaluate(
            """() => {
              const one = document.activeElement;
              if (look(one) === controls.get(one)) unseen.push(one.outerHTML.slice(0, 160));
              controls.delete(one);
            }"""
        )
    assert page.evaluate("[...controls.keys()].map((one) => one.outerHTML.slice(0, 160))") == []
    assert page.evaluate("unseen") == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_every_icon_is_drawn(open_page, scheme):
    """By a glyph of the cut font: without it another font would draw its box for what it lacks."""
    page = open_page("01_more_layers_more_error", scheme=scheme)
    page.keyboard.press("Control+k")
    page.wait_for_selector(OPENED["search"][2])
    icons = page.evaluate(
        """() => {
          const draw = (font, letter) => {
            const canvas = new OffscreenCanvas(40, 40), context = canvas.getContext("2d");
            context.font = font;
            context.fillText(letter, 5, 30);
            return context.getImageData(0, 0, 40, 40).data.join();
          };
          const all = document.querySelectorAll("i.fa-solid, i.fas, i.far, i.fab, span.fa-solid");
          return Promise.all([...all].map(async (one) => {
            const { content, fontFamily, fontWeight } = getComputedStyle(one, "::before");
            const letter = content.match(/[\\ue000-\\uf8ff]/)?.[0] ?? "";
            const font = `${fontWeight} 20px ${fontFamily}`;
            const faces = await document.fonts.load(font, letter);
            const drawn = faces.length > 0 && draw(font, letter) !== draw("20px serif", letter);
            return [one.className, letter !== "", drawn];
          }));
        }"""
    )
    assert len({name for name, *_ in icons}) >= 10
    assert [name for name, known, _ in icons if not known] == [], "no glyph in the style sheet"
    assert [name for name, _, drawn in icons if not drawn] == [], "not drawn"
