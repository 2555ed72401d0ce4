"""Reload a widget of an open built page with another state, so that tests can share the page."""

import json

import pytest

RELOAD = """([name, state, far, twice]) => {
  const containers = [...document.querySelectorAll("[data-rl-module]")];
  const container = containers.find((one) => one.dataset.rlModule === name);
  const old = document.querySelectorAll(".rl-far, script[src*='_static/files/']");
  for (const one of [...old, ...containers]) if (one !== container) one.remove();
  container.querySelector(".rl")?.parentElement.remove();
  container.querySelector("script").textContent = state;
  if (twice) container.after(container.cloneNode(true));
  const space = "<div class=rl-far style='height:6000px'></div>";
  if (far) container.insertAdjacentHTML("beforebegin", space);
  scrollTo(0, 0);
  const loader = document.querySelector("script[src*='_static/widgets.js']");
  const again = document.createElement("script");
  again.src = loader.src;
  loader.replaceWith(again);
}"""
ALL_MOUNTED = """[...document.querySelectorAll("[data-rl-module]")]
  .every((one) => one.querySelector(".rl"))"""
# Each theme and each width; every pair of them in `make test-all`.
LOOKS = [
    ("light", 1280),
    ("dark", 375),
    pytest.param("light", 375, marks=pytest.mark.slow),
    pytest.param("dark", 1280, marks=pytest.mark.slow),
]


def reload_widget(page, module, state, *, far=False, twice=False, width=1280, theme="light"):
    """Mount the widget of `module` with `state`, remove all other widgets, and return it.

    `far` puts it 6,000 px down, `twice` adds a second one. The page is reset: scrolled to the top,
    with the pointer away and no file of a widget fetched.
    """
    page.mouse.move(0, 0)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, forced_colors="none", reduced_motion="reduce")
    page.evaluate("(theme) => (document.documentElement.dataset.theme = theme)", theme)
    page.evaluate(RELOAD, [module, json.dumps(state), far, twice])
    page.wait_for_function(ALL_MOUNTED)
    page.evaluate("document.fonts.ready.then(() => {})")
    return page.locator(f"[data-rl-module={module}] .rl").first
