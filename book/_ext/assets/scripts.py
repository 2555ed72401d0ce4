"""Leave out the scripts that a page does not use, and run the others when the page has been read.

Sphinx, the theme and the extensions load their scripts on every page. No maintained extension
removes them: the default extensions of Jupyter Book have no setting for it, and Thebe would be
fetched from another host.
"""

import re
from pathlib import Path

# A part of a file's name, and what is on a page that has a use for it.
USED_WITH = {
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "clipboard.min.js": r'class="highlight"',
    "copybutton": r'class="highlight"',
    "togglebutton": r'class="[^"]*\b(toggle|dropdown)\b',
}
FIRST = ("documentation_options.js",)  # what lines in the page refer to


def drop_unused(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if is_used(file, body)]
    if pagename != "search":  # whose own scripts, written by the theme, run at once and need these
        context["script_files"] = [deferred(script) for script in context["script_files"]]


def is_used(file, body):
    """Whether a page has a use for a script or style sheet.

    None has one for Thebe, or for the state of the kernel's widgets, which is for a widget manager:
    a page draws its widgets from their own traits.
    """
    name, attributes = Path(str(file.filename)).name, getattr(file, "attributes", {})
    is_thebe = "thebe" in str(file.filename) + str(attributes.get("body"))
    if is_thebe or "vnd.jupyter.widget" in str(attributes.get("type")):
        return False
    return all(re.search(sign, body) for part, sign in USED_WITH.items() if part in name)


def deferred(script):
    """A copy, as all pages share one object."""
    if not script.filename or Path(script.filename).name in FIRST:
        return script
    attributes = script.attributes | {"defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def setup(app):
    app.connect("html-page-context", drop_unused, priority=950)  # after those that add it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
