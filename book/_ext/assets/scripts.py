"""Leave out the scripts that a page does not use, and run the others when the page has been read.

sphinx-copybutton, sphinx-togglebutton, sphinx-design and sphinx-thebe add their scripts to every
page, and have no setting for that. No maintained extension removes them. Thebe would also load
itself from another host.
"""

import re
from pathlib import Path

# A part of a file's name, and what a page that uses the file contains.
USED_WITH = {
    "design-tabs.js": r'class="[^"]*\bsd-tab-',
    "clipboard.min.js": r'class="highlight"',
    "copybutton": r'class="highlight"',
    "togglebutton": r'class="[^"]*\b(toggle|dropdown)\b',
}
NOT_DEFERRED = ("documentation_options.js",)  # scripts within the page read its variables


def drop_unused_files(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if is_used(file, body)]
    if pagename != "search":  # the theme's scripts within that page run at once and need these
        context["script_files"] = [defer_script(script) for script in context["script_files"]]


def is_used(file, body):
    """Tell whether a page uses a script or style sheet.

    No page uses Thebe. Nor does one use the state of the kernel's widgets, which a widget manager
    would read: the widgets of a page are drawn from their own traits.
    """
    name, attributes = Path(str(file.filename)).name, getattr(file, "attributes", {})
    is_thebe = "thebe" in str(file.filename) + str(attributes.get("body"))
    if is_thebe or "vnd.jupyter.widget" in str(attributes.get("type")):
        return False
    return all(re.search(sign, body) for part, sign in USED_WITH.items() if part in name)


def defer_script(script):
    """Return a copy of `script` that is deferred. All pages share the original."""
    if not script.filename or Path(script.filename).name in NOT_DEFERRED:
        return script
    attributes = script.attributes | {"defer": "defer"}
    return type(script)(script.filename, priority=script.priority, **attributes)


def setup(app):
    app.connect("html-page-context", drop_unused_files, priority=950)  # after those that add it
    return {"parallel_read_safe": True, "parallel_write_safe": True}
