"""What the page for instructors takes from elsewhere: how long chapters are, what was recorded."""

import json
import re

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.util.docutils import SphinxDirective

from resnet_lib import findings


class ReadingTimes(SphinxDirective):
    """```{reading-times}```: every chapter with what its first lines say of minutes."""

    def run(self):
        lines = ["| chapter | it says |", "|---|---|"]
        for page in sorted(self.env.found_docs):
            if re.match(r"\d\d_", page.rpartition("/")[2]):
                self.env.note_dependency(self.env.doc2path(page))
                title, said = title_and_minutes(self.env.doc2path(page))
                lines.append(f"| [{title}]({page.rpartition('/')[2]}) | {said} |")
        table = nodes.container()
        self.state.nested_parse(StringList(lines, source=""), self.content_offset, table)
        return table.children


def title_and_minutes(path):
    """A chapter's title, and the sentences about minutes in its first lines, in italics.

    Raises `ValueError` where there are none.
    """
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if str(path).endswith(".ipynb"):
        text = "".join(json.loads(text)["cells"][0]["source"])
    title = re.search(r"^# (.+)$", text, re.MULTILINE)
    lead = re.search(r"^\*(?!\*)(.+?)\*$", text, re.MULTILINE | re.DOTALL)
    sentences = re.split(r"(?<=\.)\s+", " ".join(lead[1].split())) if lead else []
    said = " ".join(one for one in sentences if "minute" in one)
    if not (title and said):
        raise ValueError(
            f"{path} has no title, or does not say below it, in italics, how many minutes it takes"
        )
    return title[1], said


class RecordedRuns(SphinxDirective):
    """```{recorded-runs}```: a table of the runs that the book's figures are drawn from."""

    def run(self):
        table = findings.what_was_trained(findings.comparable_runs())
        return [nodes.raw("", table._repr_html_(), format="html")]


def setup(app):
    app.add_directive("reading-times", ReadingTimes)
    app.add_directive("recorded-runs", RecordedRuns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
