"""Put the widgets on the pages that show them, without a kernel and without a network.

MyST-NB embeds widgets through a manager that a page fetches from a content delivery network.
sphinx-thebe and jupyterlite-sphinx start a kernel. Here `widgets.js` mounts the ES modules that a
page needs, over http and from `file://`. What is too heavy for a page, such as a trained net, is a
script of its own, loaded on demand. The directive `{widget} ClassName` needs no code cell.
"""

import base64
import json
import re
import shutil
import zlib
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

from resnet_lib.widgets.catalog import WIDGETS, page_files, page_modules
from resnet_lib.widgets.shared.widget import style_source

HERE = Path(__file__).parent


class WidgetDirective(SphinxDirective):
    """```{widget} ArchitectureExplorer``` with the class's traits as options: `:n: 9`."""

    required_arguments = 1

    class AnyOption(dict):
        """The converter of every option, which docutils looks up by name."""

        def __getitem__(self, name):
            return directives.unchanged

        def __contains__(self, name):
            return True

    option_spec = AnyOption(any=None)

    def run(self):
        traits = {name: parse_trait(value) for name, value in self.options.items()}
        widget = find_widget(self.arguments[0])(**traits)
        return [nodes.raw("", widget.static_html(), format="html")]


def find_widget(name):
    """Find the class of a widget. `ValueError` if there is none with this name."""
    if name not in WIDGETS:
        raise ValueError(f"no widget {name!r}; the widgets are {', '.join(WIDGETS)}")
    return WIDGETS[name]


def parse_trait(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def write_scripts(app):
    """Write the loader, and every module as a string in a script of its own."""
    static = Path(app.outdir) / "_static"
    folder = static / "widgets"
    shutil.rmtree(folder, ignore_errors=True)  # a module that is no more
    folder.mkdir(parents=True)
    for name, source in page_modules().items():
        script = f"(window.resnetLibModules ??= {{}}).{name} = {json.dumps(source)};\n"
        (folder / f"{name}.js").write_text(script, encoding="utf-8")
    shutil.copy(HERE / "widgets.js", static)
    (static / "widgets.css").write_text(style_source(), encoding="utf-8")


def write_files(app, exception):
    """Write the widgets' files as scripts, because a page from `file://` may load nothing else."""
    # After the build, because Jupyter Book adds every script under _static to every page.
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "files")
    shutil.rmtree(folder, ignore_errors=True)  # a changed file has another name
    folder.mkdir(parents=True)
    for name, content in page_files().items():
        packed, stride = compress(content)
        text = base64.b64encode(packed).decode()
        script = f'resnetLibFile({json.dumps(name)}, "{text}", {stride});\n'
        (folder / f"{name}.js").write_text(script, encoding="utf-8")


def compress(content):
    """Deflate `content`: `(packed, stride)`, every `stride`-th byte together if that is smaller.

    A half-precision weight has its exponent in its second byte, and the exponents are much alike.
    """
    both = [
        (zlib.compress(b"".join(content[start::stride] for start in range(stride)), 9), stride)
        for stride in (1, 2)
    ]
    return min(both, key=lambda one: len(one[0]))


def add_scripts(app, pagename, templatename, context, doctree):
    if modules := set(re.findall(r'data-rl-module="(\w+)"', context.get("body", ""))):
        for name in sorted(modules):
            app.add_js_file(f"widgets/{name}.js", loading_method="defer")
        app.add_js_file("widgets.js", loading_method="defer", priority=501)  # mounts them


def setup(app):
    app.add_directive("widget", WidgetDirective)
    app.connect("builder-inited", write_scripts)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
