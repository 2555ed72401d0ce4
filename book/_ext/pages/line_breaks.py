"""Keep a number and its sign, and a formula and its punctuation, on one line.

A browser may break a line on either side of a formula, even before a comma. Sphinx's smart quotes
and typogrify put no space and no punctuation beside a formula into one piece.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

INSIDE = re.compile(r"(?<=\d) (?=[%×])|(?<=×) (?=\d)")  # 5 %, 3 × 3
BEFORE = re.compile(r"[(\[“]+$")
BEHIND = re.compile(r"^[.,;:!?)\]”]+")
AS_WRITTEN = (nodes.FixedTextElement, nodes.literal, nodes.math)  # code and formulas


class KeptTogether(SphinxPostTransform):
    default_priority = 900  # when links and citations have their words
    formats = ("html",)

    def run(self):
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, AS_WRITTEN) and INSIDE.search(text):
                text.parent.replace(text, nodes.Text(INSIDE.sub("\N{NO-BREAK SPACE}", text)))
        for formula in list(self.document.findall(nodes.math)):
            with_neighbours(formula)


def with_neighbours(formula):
    """Put a formula and the marks that touch it into one span, which no line may break."""
    parent = formula.parent
    place = parent.index(formula)
    before, opening = cut(parent[place - 1] if place else None, BEFORE)
    behind, closing = cut(parent[place + 1] if place + 1 < len(parent) else None, BEHIND)
    if not opening and not closing:
        return
    whole = nodes.inline("", "", *opening, formula.deepcopy(), *closing, classes=["rl-together"])
    parent[place - len(before) : place + 1 + len(behind)] = [*before, whole, *behind]


def cut(neighbour, marks):
    """A neighbour without the marks at its end, and those marks: lists of one text or none."""
    found = marks.search(neighbour) if isinstance(neighbour, nodes.Text) else None
    if not found:
        return [], []
    return [nodes.Text(marks.sub("", neighbour))], [nodes.Text(found.group())]


def setup(app):
    app.add_post_transform(KeptTogether)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
