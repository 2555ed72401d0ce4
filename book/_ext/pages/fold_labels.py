"""Give a folded cell the name that its line shows, such as "Show the answer", for screen readers.

MyST-NB names all of them "Toggle hidden content" and has no option for it; the cells that
sphinx-togglebutton folds are others.
"""

OTHER_NAME = '<summary aria-label="Toggle hidden content">'


def drop_other_name(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = context["body"].replace(OTHER_NAME, "<summary>")


def setup(app):
    app.connect("html-page-context", drop_other_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
