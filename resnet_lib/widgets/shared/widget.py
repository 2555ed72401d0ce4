"""Give every widget its ES module as one source, a live view, and a static HTML copy.

The same module runs live, where ipywidgets gives it a model, and in the built page, where the
loader gives it a stand-in; so a widget needs no kernel, and Python only supplies its state.
"""

import html
import json
import re
import sys
from pathlib import Path

import anywidget

WIDGETS = Path(__file__).parents[1]
IMPORT = re.compile(r'^import \{[^}]*\} from "(\.\.?/[\w/]+)\.mjs";\n', re.MULTILINE)


def module_source(name):
    """Join a module, such as "error_curves/error_curves", with all modules that it imports.

    A module that is imported from a blob cannot resolve the path of another. Node, which tests
    the files as they are, can: so the imports stay in the files and are removed here.
    """
    sources = {}

    def add(path):
        source = path.read_text(encoding="utf-8")
        for imported in IMPORT.findall(source):
            target = (path.parent / f"{imported}.mjs").resolve()
            if target not in sources:
                add(target)
        sources[path] = IMPORT.sub("", source)

    add((WIDGETS / f"{name}.mjs").resolve())
    return "".join(sources.values())


def style_source():
    """Join the style sheets of all widgets, the shared one first."""
    return (WIDGETS / "shared" / "widgets.css").read_text(encoding="utf-8")


class Widget(anywidget.AnyWidget):
    """What all widgets have in common: a live view, and an HTML twin for the built page.

    A subclass names its module (`_module`, `_esm`), declares its state as synced traits, and draws
    `picture()`: an HTML string for readers without JavaScript.
    """

    _css = style_source()
    # ipywidgets 7, which Colab has, would call this and pass over _repr_mimebundle_.
    _ipython_display_ = None

    def picture(self):
        raise NotImplementedError

    def state(self):
        """The traits that make up this widget, by name."""
        own = set(self.traits(sync=True)) - set(anywidget.AnyWidget.class_traits())
        return {name: getattr(self, name) for name in sorted(own) if not name.startswith("_")}

    @classmethod
    def files_of_page(cls):
        """Files too heavy for a page that holds the widget, `{name: bytes}`.

        In the built book they lie beside the pages and are fetched when the module asks for one
        (`fileOf` in `shared.mjs`). Live they are a trait, `files`, which the twin leaves empty.
        """
        return {}

    def twin(self):
        """The twin: state, picture, and the name by which the page's loader finds the module."""
        state = json.dumps(self.state()).replace("<", "\\u003c")
        return (
            f'<div class="rl-widget" data-rl-module="{html.escape(self._module)}">'
            f'<script type="application/json">{state}</script>'
            f'<div class="rl-picture">{self.picture()}</div></div>'
        )

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if "google.colab" not in sys.modules:  # Colab would show the twin in the widget's place
            data["text/html"] = self.twin()
        return data, metadata
