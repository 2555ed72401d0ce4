"""What the page for instructors takes from elsewhere: how long chapters are, what was recorded."""

import minutes
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from resnet_lib import findings


class ReadingTimes(SphinxDirective):
    """```{reading-times}```: every chapter with what stands below its title of minutes."""

    def run(self):
        return [nodes.bullet_list(classes=["rl-reading-times"])]


def fill_in_times(app, doctree, docname):
    """A line for each chapter, which is read, or run, only when all pages have been."""
    for times in doctree.findall(nodes.bullet_list):
        if "rl-reading-times" not in times["classes"]:
            continue
        for page in sorted(app.env.found_docs):
            if said := minutes.line_of(app, page):
                title = app.env.titles[page].astext()
                address = app.builder.get_relative_uri(docname, page)
                link = nodes.reference("", title, internal=True, refuri=address)
                line = nodes.paragraph("", "", link, nodes.Text(f": {said[:1].lower()}{said[1:]}"))
                times += nodes.list_item("", line)


class RecordedRuns(SphinxDirective):
    """```{recorded-runs}```: a table of the runs that the book's figures are drawn from."""

    def run(self):
        table = findings.what_was_trained(findings.comparable_runs())
        return [nodes.raw("", table._repr_html_(), format="html")]


def setup(app):
    app.add_directive("reading-times", ReadingTimes)
    app.add_directive("recorded-runs", RecordedRuns)
    app.connect("doctree-resolved", fill_in_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
