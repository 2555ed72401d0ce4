"""Copy MathJax into the site, in the parts that the pages use, instead of loading it from afar.

sphinx-mathjax-offline, whose files these are, copies all 24 MB; the parts have less than 2 MB.
"""

from importlib.util import find_spec
from pathlib import Path

from sphinx.util.fileutil import copy_asset

# MathJax in parts: the one-file build is twice as heavy, by a menu of settings.
MATHJAX_LOADED = ("core", "input/tex", "output/chtml", "a11y/assistive-mml")
MATHJAX_PARTS = (  # and what those load by themselves
    *("startup.js", *(f"{part}.js" for part in MATHJAX_LOADED)),
    *("output/chtml/fonts/tex.js", "output/chtml/fonts/woff-v2", "input/tex/extensions"),
)


def set_mathjax(app, config):
    config.mathjax_path = "mathjax/startup.js"
    config.mathjax3_config = {"loader": {"load": list(MATHJAX_LOADED)}}


def copy_mathjax(app, exception):
    # After the build, as in widget_scripts.write_files.
    if exception or app.builder.format != "html":
        return
    package = find_spec("sphinx-mathjax-offline").submodule_search_locations[0]
    source, target = Path(package, "static/mathjax"), Path(app.outdir, "_static/mathjax")
    for part in MATHJAX_PARTS:
        (target / part).parent.mkdir(parents=True, exist_ok=True)
        folder = target / part if (source / part).is_dir() else (target / part).parent
        copy_asset(source / part, folder)


def setup(app):
    app.connect("config-inited", set_mathjax)
    app.connect("build-finished", copy_mathjax)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
