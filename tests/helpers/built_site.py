"""Open pages of the built book in a browser that can reach nothing else."""

from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "_build" / "html"
# Until formulas and fonts are there.
WAIT = "Promise.all([window.MathJax?.startup?.promise, document.fonts.ready]).then(() => {})"
UNFOLD = """() => {
  const folded = () => [...document.querySelectorAll("article details:not([open]) > summary")]
    .filter((line) => line.checkVisibility());
  while (folded().length) folded().forEach((line) => line.click());
}"""


@contextmanager
def page_opener(browser, site):
    """Yield `open_page`; at the end, check that no page asked another host or logged an error."""
    contexts, foreign_urls, console_errors = [], [], []

    def open_page(
        name, *, width=1280, height=900, theme="light", scheme="http", javascript=True, prepare=None
    ):
        base = getattr(site, scheme)
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce",
        )
        contexts.append(context)
        block_other_hosts(context, base.split("/book/")[0], foreign_urls)
        page = context.new_page()
        log_errors(page, console_errors)
        if prepare:
            page.add_init_script(prepare)
        if javascript:  # the theme remembers the reader's choice here
            page.add_init_script(
                f"localStorage.setItem('mode', '{theme}'); localStorage.setItem('theme', '{theme}')"
            )
        page.goto(f"{base}{name}.html")
        if javascript:
            page.evaluate(WAIT)
            page.wait_for_function(
                "[...document.querySelectorAll('[data-rl-module]')]"
                ".every((copy) => copy.querySelector('.rl'))"
            )
        return page

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
    assert foreign_urls == [], "the page asked another host"
    assert console_errors == [], "the console holds errors"


def block_other_hosts(context, site_address, foreign_urls):
    """Abort every request that leaves `site_address`, and add its address to `foreign_urls`."""
    own = (site_address, "blob:", "data:", "about:")

    def gate(route):
        if route.request.url.startswith(own):
            route.continue_()
        else:
            foreign_urls.append(route.request.url)
            route.abort()

    context.route("**/*", gate)


def log_errors(page, console_errors):
    """Add every error and warning of the page to `console_errors`."""

    def log_message(message):
        if message.type in ("error", "warning"):
            console_errors.append(message.text)

    page.on("console", log_message)
    page.on("pageerror", lambda error: console_errors.append(str(error)))


def unfold(page):
    """Open every folded answer by its own line, and those within it."""
    page.evaluate(UNFOLD)
