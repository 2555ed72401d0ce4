"""Mount widgets from their modules into one page that all tests of a file share.

The clock of the page stands still, so that no test depends on the machine's speed; `advance_clock`
moves it.
"""

import re

from playwright.sync_api import expect

from resnet_lib.widgets.catalog import page_modules

# The model replaces the kernel: it stores messages, and a test sets its traits.
MOUNT = """async ([name, source, state, theme, beside]) => {
  if (!beside) window.kernel?.cleanup();
  document.documentElement.dataset.theme = theme;
  const listeners = [];
  const sent = [];
  const tell = (event, ...what) => listeners.filter((one) => one.event === event)
    .forEach((one) => one.listener(...what));
  const model = {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      tell(`change:${name}`);
    },
    on: (event, listener) => listeners.push({ event, listener }),
    off(event, listener) {
      const at = listeners.findIndex((one) => one.event === event && one.listener === listener);
      if (at >= 0) listeners.splice(at, 1);
    },
    save_changes: () => sent.push("saved"),
    send: (message) => sent.push(message),
  };
  const say = (traits) => Object.entries(traits).forEach(([name, value]) => model.set(name, value));
  const el = document.createElement("div");
  const main = document.querySelector("main");
  main.replaceChildren(...(beside ? main.children : []), el);
  const { default: widget } = await imported(name, source);
  window.kernel = { listeners, sent, tell, say, el, cleanup: await widget.render({ model, el }) };
}"""
IMPORT = """const modules = {};
window.imported = (name, source) => (modules[name] ??= import(
  URL.createObjectURL(new Blob([source], { type: "text/javascript" }))));"""


def before_loader(module, edit):
    """Return a script that does `edit` to the module's `container` before the loader reads it."""
    return f"""document.addEventListener("readystatechange", () => {{
      const container = document.querySelector('[data-rl-module="{module}"]');
      if (document.readyState === "interactive") {{ {edit} }}
    }});"""


def open_mount_page(open_shared_page, name):
    """Open the built page `name` for `mount`, with a clock that stands still."""
    return stop_clock(open_shared_page(name, prepare=IMPORT))


def stop_clock(page):
    page.clock.install(time=0)
    page.clock.pause_at(3600)  # s; far from any time that has passed
    return page


def mount(page, name, state, *, width=1280, theme="light", motion="reduce", beside=False):
    """Put a fresh widget into that page: instead of the last one, or `beside` it."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, reduced_motion=motion)
    page.mouse.move(0, 0)
    page.evaluate(MOUNT, [name, page_modules()[name], state, theme, beside])
    return page.locator("main > div > .rl").last


def run_in_module(page, name, body, given=None):
    """Return what `body` returns: an async function that gets the module as `m`."""
    script = (
        f"async ([name, source, given]) => {{ const m = await imported(name, source); {body} }}"
    )
    return page.evaluate(script, [name, page_modules()[name], given])


def advance_clock(widget, seconds):
    """Move the page's clock: run the timers and frames that fall into that time."""
    widget.page.clock.run_for(round(1000 * seconds))


def say(widget, **traits):
    """Change the model's values, as a kernel does."""
    widget.page.evaluate("(traits) => kernel.say(traits)", traits)


def assert_accessible(widget, axe_violations):
    """Assert that axe-core finds nothing and that the page does not scroll sideways."""
    page = widget.page
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    page.clock.resume()  # axe-core has timers of its own
    assert axe_violations(page, "main > div > .rl") == []
    page.clock.pause_at(page.evaluate("Date.now()") // 1000 + 600)


def assert_ids_differ(page):
    ids = page.evaluate("[...document.querySelectorAll('.rl [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


def keys(widget, *names):
    for name in names:
        widget.page.keyboard.press(name)


def button(widget, name):
    return widget.get_by_role("button", name=name)


def radio(widget, name):
    return widget.get_by_role("radio", name=name, exact=True)


def figure(widget, name):
    return widget.locator(f"div:has(> dt:text-is('{name}')) dd")


def shows(widget, wanted):
    """Wait until each place shows its text; `*` stands for anything.

    A place is a class without its `rl-`, the name of a figure (`Depth`), or "" for the whole.
    """
    for place, text in wanted.items():
        if place[:1].isupper():
            locator = figure(widget, place)
        else:
            locator = widget.locator(f".rl-{place}") if place else widget
        pattern = ".*".join(re.escape(part).replace("\\ ", r"\s+") for part in text.split("*"))
        pattern = re.compile(rf"^\s*{pattern}\s*$", re.DOTALL)
        expect(locator, place).to_have_text(pattern, use_inner_text=True)
