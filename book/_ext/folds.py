"""A fold is called what its line says, as "Show the answer", to those who hear the page too.

MyST-NB names each of them "Toggle hidden content", which a screen reader says in the line's place.
"""

OTHER_NAME = '<summary aria-label="Toggle hidden content">'


def drop_other_name(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = context["body"].replace(OTHER_NAME, "<summary>")


def setup(app):
    app.connect("html-page-context", drop_other_name)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
