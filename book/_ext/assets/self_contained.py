"""Make the built book whole by itself: it asks no other host for anything, over http or as files.

- Widgets: `widgets.js`, which mounts them, the modules that a page needs, and `widgets.css`.
- What is too heavy for a page, such as a trained net: a script of its own, loaded when asked for.
- The directive `{widget} ClassName`, which puts a widget on a page without code.
- Figures of several panels stand in a box that scrolls on a phone, where they would be too small.
- MathJax from a package, copied, instead of a content delivery network.
- The cache of executed notebooks is keyed on the library: an edit there runs the chapters again.
"""

import base64
import hashlib
import json
import re
import shutil
import zlib
from importlib.util import find_spec
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from PIL import Image
from sphinx.util.docutils import SphinxDirective
from sphinx.util.fileutil import copy_asset

from resnet_lib import widgets

HERE = Path(__file__).parents[1]
LIBRARY = Path(widgets.__file__).parent
WIDE = 1100  # pixels: a figure of several panels; one of a single panel has 921
# MathJax in parts: the one-file build is twice as heavy, by a menu of settings.
MATHJAX_LOADED = ("core", "input/tex", "output/chtml", "a11y/assistive-mml")
MATHJAX_PARTS = (  # and what those load by themselves
    *("startup.js", *(f"{part}.js" for part in MATHJAX_LOADED)),
    *("output/chtml/fonts/tex.js", "output/chtml/fonts/woff-v2", "input/tex/extensions"),
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


def folder_hash(folder):
    """Changes with every source file in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def set_paths(app, config):
    # A changed library makes Sphinx read every page again; changed looks, write every page again.
    key = config.library_hash = folder_hash(LIBRARY)
    config.looks_hash = folder_hash(HERE) + folder_hash(HERE.parent / "_static")
    caches = Path(app.outdir).parent / ".jupyter_cache"
    for old in caches.glob("*"):
        if old.name != key:
            shutil.rmtree(old)
    config.nb_execution_cache_path = str(caches / key)
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = {"loader": {"load": list(MATHJAX_LOADED)}}


def write_widgets(app):
    """The loader, and every module as a string in a script of its own."""
    static = Path(app.outdir) / "_static"
    folder = static / "widgets"
    shutil.rmtree(folder, ignore_errors=True)  # a module that is no more
    folder.mkdir(parents=True)
    for name in widgets.module_names():
        source = json.dumps(widgets.module_source(name))
        script = f"(window.resnetLibModules ??= {{}}).{name} = {source};\n"
        (folder / f"{name}.js").write_text(script, encoding="utf-8")
    shutil.copy(HERE / "assets" / "loader.js", static / "widgets.js")
    shutil.copy(LIBRARY / "static" / "widgets.css", static)


def write_files(app, exception):
    """The widgets' files, each as a script, the one thing that a page from `file://` may load."""
    # After the build: a script under _static before it lands on every page.
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", "files")
    shutil.rmtree(folder, ignore_errors=True)  # those whose content has changed bear another name
    folder.mkdir(parents=True)
    for name, content in widgets.page_files().items():
        packed, stride = denser(content)
        text = base64.b64encode(packed).decode()
        script = f'resnetLibFile({json.dumps(name)}, "{text}", {stride});\n'
        (folder / f"{name}.js").write_text(script, encoding="utf-8")


def denser(content):
    """`(packed, stride)`: `content` deflated, with every `stride`-th byte together if that helps.

    A half-precision weight has its exponent in its second byte, and the exponents are much alike.
    """
    both = [
        (zlib.compress(b"".join(content[start::stride] for start in range(stride)), 9), stride)
        for stride in (1, 2)
    ]
    return min(both, key=lambda one: len(one[0]))


def add_loader(app, pagename, templatename, context, doctree):
    if modules := set(re.findall(r'data-rl-module="(\w+)"', context.get("body", ""))):
        for name in sorted(modules):
            app.add_js_file(f"widgets/{name}.js", loading_method="defer")
        app.add_js_file("widgets.js", loading_method="defer", priority=501)  # mounts them


def box_wide_figures(app, doctree, docname):
    """A box around every wide figure; the theme makes an "output" that scrolls a tab stop."""
    for image in list(doctree.findall(nodes.image)):
        if "cell_output" not in image.parent.get("classes", []):
            continue
        with Image.open(Path(app.srcdir, image["uri"])) as picture:
            wide = picture.width > WIDE
        if wide:
            box = nodes.container(classes=["output", "rl-wide"])
            image.replace_self(box)
            box += image


def drop_unused(app, pagename, templatename, context, doctree):
    """Drop Thebe, which would fetch itself from afar, and the state of the kernel's widgets.

    Jupyter Book loads the first on every page. The second is for a widget manager, which the page
    does not have: its widgets are drawn from their own traits.
    """

    def used(file):
        attributes = getattr(file, "attributes", {})
        is_thebe = "thebe" in str(file.filename) + str(attributes.get("body"))
        return not is_thebe and "vnd.jupyter.widget" not in str(attributes.get("type"))

    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if used(file)]


def copy_mathjax(app, exception):
    # After the build, as in write_files.
    if exception or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
    source, target = Path(package, "static/mathjax"), Path(app.outdir, "_static/mathjax")
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        folder = target / part if (source / part).is_dir() else (target / part).parent
        copy_asset(source / part, folder)


def setup(app):
    app.add_config_value("library_hash", "", "env")
    app.add_config_value("looks_hash", "", "html")
    app.add_directive("widget", WidgetDirective)
    app.connect("config-inited", set_paths)
    app.connect("builder-inited", write_widgets)
    app.connect("html-page-context", add_loader)
    app.connect("html-page-context", drop_unused, priority=900)  # after those that add it
    app.connect("doctree-resolved", box_wide_figures)
    app.connect("build-finished", copy_mathjax)
    app.connect("build-finished", write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
