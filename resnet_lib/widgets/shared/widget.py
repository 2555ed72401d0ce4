"""Give every widget its ES module as one source, a live view, and a static HTML copy.

The same module runs live, where ipywidgets gives it a model, and in the built page, where the
loader gives it a stand-in; so a widget needs no kernel, and Python only supplies its state.
"""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import anywidget

WIDGETS = Path(__file__).parents[1]
IMPORT = re.compile(r'^import \{[^}]*\} from "(\.\.?/[\w/]+)\.mjs";\n', re.MULTILINE)
# What no page needs: a module's empty lines and lines of comment, a sheet's comments and indents.
UNUSED_LINES = re.compile(r"^ *(?:/\*\*.*?\*/|//[^\n]*)?\n", re.MULTILINE | re.DOTALL)
SHARED_SHEETS = ("palette", "controls", "texts", "progress", "charts", "net_drawing")  # as joined
UNUSED_STYLE = re.compile(r" */\*.*?\*/\n?|^ +", re.MULTILINE | re.DOTALL)


def module_source(name: str) -> str:
    """Join a module, such as "error_curves/error_curves", with all modules that it imports.

    A module that is imported from a blob cannot resolve the path of another. Node, which tests
    the files as they are, can: so the imports stay in the files and are removed here.
    """
    paths = module_paths((WIDGETS / f"{name}.mjs").resolve())
    source = "".join(IMPORT.sub("", path.read_text(encoding="utf-8")) for path in paths)
    return UNUSED_LINES.sub("", source)


def module_paths(path: Path) -> list[Path]:
    """List a module and all modules that it imports, each after those that it imports itself."""
    paths: dict[Path, None] = {}  # as an ordered set

    def add(path: Path) -> None:
        for imported in IMPORT.findall(path.read_text(encoding="utf-8")):
            target = (path.parent / f"{imported}.mjs").resolve()
            if target not in paths:
                add(target)
        paths[path] = None

    add(path)
    return list(paths)


def style_source(name: str | None = None) -> str:
    """Join the shared style sheets with those of a module's folders, or of all widgets.

    Args:
        name: a module, such as "error_curves/error_curves". Its sheets are those in its own folder
            and in the folders of the modules that it imports. None joins the sheets of all widgets.
    """
    if name is None:
        folders = {path.parent for path in WIDGETS.glob("*/*.css")}
    else:
        folders = {path.parent for path in module_paths((WIDGETS / f"{name}.mjs").resolve())}
    shared = [WIDGETS / "shared" / f"{sheet}.css" for sheet in SHARED_SHEETS]
    own = [path for path in WIDGETS.glob("*/*.css") if path.parent in folders - {shared[0].parent}]
    style = "".join(path.read_text(encoding="utf-8") for path in [*shared, *sorted(own)])
    return UNUSED_STYLE.sub("", style)


class Widget(anywidget.AnyWidget):
    """What all widgets have in common: a live view, and static HTML for the built page.

    A subclass names its module (`_module`, `_esm`), declares its state as synced traits, and draws
    `picture()`: an HTML string for readers without JavaScript.
    """

    # ipywidgets 7, which Colab has, would call this and pass over _repr_mimebundle_.
    _ipython_display_ = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "_module" in vars(cls):
            cls._css = style_source(f"{cls._module}/{cls._module}")

    def picture(self) -> str:
        raise NotImplementedError

    def state(self) -> dict[str, Any]:
        """Return the traits that make up this widget, by name."""
        own = set(self.traits(sync=True)) - set(anywidget.AnyWidget.class_traits())
        return {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")}

    @classmethod
    def page_files(cls) -> dict[str, bytes]:
        """Return the files too heavy for a page that holds the widget, `{name: bytes}`.

        In the built book they lie beside the pages and are fetched when the module asks for one
        (`loadWidgetFile` in `model.mjs`). Live they are a trait, `files`, empty in the static HTML.
        """
        return {}

    def static_html(self) -> str:
        """Return state, picture, and the name by which the page's loader finds the module."""
        state = json.dumps(self.state()).replace("<", "\\u003c")
        return (
            f'<div class="rl-widget" data-rl-module="{html.escape(self._module)}">'
            f'<script type="application/json">{state}</script>'
            f'<div class="rl-picture">{self.picture()}</div></div>'
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if "google.colab" not in sys.modules:  # Colab would show this in the widget's place
            data["text/html"] = self.static_html()
        return data, metadata
