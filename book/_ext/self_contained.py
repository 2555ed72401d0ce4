"""Make the built book whole by itself: it asks no other host for anything, over http or as files.

- Widgets: `widgets.js` (loader and modules) and `widgets.css`, on the pages that hold a widget.
- The directive `{widget} ClassName`, which puts a widget on a page without code.
- MathJax from a package, copied, instead of a content delivery network.
- The cache of executed notebooks is keyed on the library: an edit there runs the chapters again.
"""

import hashlib
import json
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective
from sphinx.util.fileutil import copy_asset

from resnet_lib import widgets

HERE = Path(__file__).parent
LIBRARY = Path(widgets.__file__).parent
# Everything that MathJax's one-file build may still load by itself.
MATHJAX_PARTS = ("tex-chtml.js", "output/chtml/fonts/woff-v2", "input/tex/extensions")
WIDGET_STATE = re.compile(
    r'<script type="application/vnd\.jupyter\.widget-(state|view)\+json">.*?</script>', re.DOTALL
)


class WidgetDirective(SphinxDirective):
    """```{widget} ArchitectureExplorer``` with the class's traits as options: `:n: 9`."""

    required_arguments = 1

    class AnyOption(dict):
        """docutils asks for a converter of each option by name; every trait has the same one."""

        def __getitem__(self, name):
            return directives.unchanged

        def __contains__(self, name):
            return True

    option_spec = AnyOption(any=None)

    def run(self):
        traits = {name: yaml_value(value) for name, value in self.options.items()}
        widget = getattr(widgets, self.arguments[0])(**traits)
        return [nodes.raw("", widget.twin(), format="html")]


def yaml_value(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def library_hash():
    """Changes with every file of the library that a chapter's output may depend on."""
    digest = hashlib.sha256()
    for path in sorted(LIBRARY.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(LIBRARY).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def set_paths(app, config):
    key = library_hash()
    config.library_hash = key  # a changed value makes Sphinx read every page again
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for old in caches.glob("*"):
        if old.name != key:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(caches / key)
    config.mathjax_path = "mathjax/tex-chtml.js"


def write_widgets(app):
    """One file with every module as a string, next to the loader that mounts them."""
    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    modules = {name: widgets.module_source(name) for name in widgets.module_names()}
    loader = (HERE / "loader.js").read_text(encoding="utf-8")
    script = loader.replace("/* MODULES */ {}", json.dumps(modules))
    (static / "widgets.js").write_text(script, encoding="utf-8")
    shutil.copy(LIBRARY / "static" / "widgets.css", static)


def trim_page(app, pagename, templatename, context, doctree):
    """Give a page with a widget its loader, and take from every page what asks the network."""
    body = context.get("body", "")
    if "data-rl-module=" in body:
        app.add_js_file("widgets.js", loading_method="defer")
        app.add_css_file("widgets.css")
    # State for a kernel's widget manager, which the page does not have.
    context["body"] = WIDGET_STATE.sub("", body)


def drop_thebe(app, pagename, templatename, context, doctree):
    """Jupyter Book loads Thebe, which would fetch itself from afar, on every page."""
    for files in ("script_files", "css_files"):
        context[files] = [
            file
            for file in context.get(files, [])
            if "thebe" not in str(file.filename) + str(getattr(file, "attributes", {}).get("body"))
        ]


def copy_mathjax(app, exception):
    # After the build: what lies under _static before it lands on every page.
    if exception or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
    source, target = Path(package, "static/mathjax"), Path(app.outdir, "_static/mathjax")
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        copy_asset(source / part, target / part if (source / part).is_dir() else target)


def setup(app):
    app.add_config_value("library_hash", "", "env")
    app.add_directive("widget", WidgetDirective)
    app.connect("config-inited", set_paths)
    app.connect("builder-inited", write_widgets)
    app.connect("html-page-context", trim_page)
    app.connect("html-page-context", drop_thebe, priority=900)  # after those that add it
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
