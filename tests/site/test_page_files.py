"""Files too heavy for a page: scripts beside it, which a widget's module asks for.

The extension's own functions write a small site with a module that asks for what its state names.
"""

import json
from types import SimpleNamespace

import pytest
from assets import widget_scripts
from playwright.sync_api import expect

from resnet_lib import ErrorCurves
from resnet_lib.widgets.catalog import WIDGETS, page_files

MODULE = """export default {
  async render({ model, el }) {
    el.className = "asked";
    for (const name of model.get("names")) {
      try {
        el.append(`${name}: ${await model.file(name)} `);
      } catch (error) {
        el.append(`${name}: ${error.message} `);
      }
    }
    el.classList.add("done");
  },
};
"""
FILES = {"numbers.12": bytes([0, 127, 128, 255, 7]), "of two words.3": b"\x01", "unused.4": b"\x02"}


@pytest.fixture
def open_site(browser, tmp_path, monkeypatch):
    """`open_site([names of each widget])`: the page, and the files that it loads."""
    monkeypatch.setattr(widget_scripts, "page_files", lambda: FILES)
    monkeypatch.setattr(widget_scripts, "page_modules", lambda: {"asking": MODULE})
    app = SimpleNamespace(outdir=tmp_path, builder=SimpleNamespace(format="html"))
    widget_scripts.write_scripts(app)
    files = tmp_path / "_static" / "files"
    files.mkdir()
    (files / "numbers.11.js").touch()
    widget_scripts.write_files(app, None)
    assert not (files / "numbers.11.js").exists(), "a stale file goes"
    (files / "wrong.5.js").write_text("void 0;")

    with browser.new_page() as page:

        def open_site(*widgets_of_page):
            containers = "".join(
                '<div data-rl-module="asking"><script type="application/json">'
                f'{json.dumps({"names": names})}</script><div class="rl-picture"></div></div>'
                for names in widgets_of_page
            )
            scripts = "".join(
                f'<script src="_static/{name}.js?v=1" defer></script>'
                for name in ("widgets/asking", "widgets")
            )
            (tmp_path / "page.html").write_text(f"<!doctype html><body>{scripts}{containers}")
            loaded = []
            page.on("request", lambda request: loaded.append(request.url))
            page.goto((tmp_path / "page.html").as_uri())
            expect(page.locator(".asked.done")).to_have_count(len(widgets_of_page))
            return page, [url.rsplit("/", 1)[1] for url in loaded if "/files/" in url]

        yield open_site


def test_a_file_is_loaded_once_and_only_when_it_is_asked_for(open_site):
    page, loaded = open_site([], ["numbers.12", "of two words.3"], ["numbers.12"], ["numbers.12"])
    said = page.locator(".asked").all_inner_texts()
    assert [one.strip() for one in said] == [
        "",
        "numbers.12: 0,127,128,255,7 of two words.3: 1",
        *2 * ["numbers.12: 0,127,128,255,7"],
    ]
    assert sorted(loaded) == ["numbers.12.js", "of%20two%20words.3.js"]


def test_a_file_that_does_not_come_is_told(open_site):
    page, loaded = open_site(["missing.1", "wrong.5", "missing.1", "numbers.12"])
    said = page.locator(".asked").inner_text()
    for name in ("missing.1", "wrong.5"):
        assert f"_static/files/{name}.js could not be loaded, which this widget needs" in said
    assert said.strip().endswith("numbers.12: 0,127,128,255,7"), "the others come all the same"
    assert loaded.count("missing.1.js") == 2, "who asks again may be luckier"
    assert page.locator("script[src*=missing]").count() == 0


def test_the_files_are_those_of_all_widgets(monkeypatch):
    found = page_files()
    for widget in WIDGETS.values():
        assert widget.page_files().items() <= found.items()
    monkeypatch.setattr(ErrorCurves, "page_files", classmethod(lambda cls: FILES))
    assert page_files() == found | FILES
