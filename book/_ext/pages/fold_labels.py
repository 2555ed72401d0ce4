"""Give a folded cell the name that its line shows, such as "Show the answer", for screen readers.

MyST-NB names all of them "Toggle hidden content" and has no option for the name.
sphinx-togglebutton does not make these folds.
"""

GENERIC_LABEL = '<summary aria-label="Toggle hidden content">'


def remove_generic_labels(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = context["body"].replace(GENERIC_LABEL, "<summary>")


def setup(app):
    app.connect("html-page-context", remove_generic_labels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
