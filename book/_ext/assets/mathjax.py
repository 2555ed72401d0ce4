"""Copy into the site the parts of MathJax that the pages use, so that no other host is asked.

sphinx-mathjax-offline, whose files these are, copies all of its 24 MB. The parts have 1.7 MB.
"""

from importlib.util import find_spec
from pathlib import Path

from sphinx.util.fileutil import copy_asset

# In parts, because the build in one file is twice as large, with a menu of settings.
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
