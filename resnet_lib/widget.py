"""What all widgets have in common: their ES module as one source, a live view, and an HTML twin.

The same module runs live, where ipywidgets gives it a model, and in the built page, where the
loader gives it a stand-in; so a widget needs no kernel, and Python only supplies its state.
"""

import html
import json
import re
import sys
from pathlib import Path

import anywidget

STATIC = Path(__file__).parent / "static"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.mjs";\n', re.MULTILINE)


def module_source(name):
    """The widget's module with all that it imports put in front of it, for import from a blob.

    A module that is imported from a blob cannot resolve the path of another. Node, which tests
    the files as they lie, can: so the imports stand in the files and are taken out here.
    """
    sources = {}

    def add(name):
        source = read_module(name)
        for imported in IMPORT.findall(source):
            if imported not in sources:
                add(imported)
        sources[name] = IMPORT.sub("", source)

    add(name)
    return "".join(sources.values())


def read_module(name):
    return (STATIC / f"{name}.mjs").read_text(encoding="utf-8")


def module_names():
    """Every module in `static/` that is a widget: those that export one."""
    names = sorted(path.stem for path in STATIC.glob("*.mjs"))
    return [name for name in names if "\nexport default" in read_module(name)]


class Widget(anywidget.AnyWidget):
    """What all widgets have in common: a live view, and an HTML twin for the built page.

    A subclass names its module (`_module`, `_esm`), declares its state as synced traits, and draws
    `picture()`: an HTML string for readers without JavaScript.
    """

    _css = (STATIC / "widgets.css").read_text(encoding="utf-8")
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


def page_files():
    """The files of all widgets, `{name: bytes}`, for the built book."""
    return {
        name: content
        for widget in Widget.__subclasses__()
        for name, content in widget.files_of_page().items()
    }
