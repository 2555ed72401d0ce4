"""Keep a number and its sign, and a formula and its punctuation, on one line.

A browser may break a line on either side of a formula, even before a comma. Sphinx's smart quotes
change characters alone, and typogrify works on HTML, where it leaves formulas and signs alone.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BREAKABLE = re.compile(r"(?<=\d) (?=[%×])|(?<=×) (?=\d)")  # 5 %, 3 × 3
OPENING = re.compile(r"[(\[“]+$")
CLOSING = re.compile(r"^[.,;:!?)\]”]+")
VERBATIM = (nodes.FixedTextElement, nodes.literal, nodes.math)  # code and formulas


class UnbreakableText(SphinxPostTransform):
    """Put no-break spaces between numbers and signs, and join formulas with punctuation."""

    default_priority = 900  # when links and citations have their words
    formats = ("html",)

    def run(self):
        for text in list(self.document.findall(nodes.Text)):
            if not isinstance(text.parent, VERBATIM) and BREAKABLE.search(text):
                text.parent.replace(text, nodes.Text(BREAKABLE.sub("\N{NO-BREAK SPACE}", text)))
        for formula in list(self.document.findall(nodes.math)):
            join_punctuation(formula)


def join_punctuation(formula):
    """Put a formula and the punctuation that touches it into one span without line breaks."""
    parent = formula.parent
    place = parent.index(formula)
    before, opening = split_punctuation(parent[place - 1] if place else None, OPENING)
    after, closing = split_punctuation(
        parent[place + 1] if place + 1 < len(parent) else None, CLOSING
    )
    if not opening and not closing:
        return
    whole = nodes.inline("", "", *opening, formula.deepcopy(), *closing, classes=["rl-together"])
    parent[place - len(before) : place + 1 + len(after)] = [*before, whole, *after]


def split_punctuation(neighbour, marks):
    """Split a neighbour into its text and the marks at its end: lists of one text or none."""
    found = marks.search(neighbour) if isinstance(neighbour, nodes.Text) else None
    if not found:
        return [], []
    return [nodes.Text(marks.sub("", neighbour))], [nodes.Text(found.group())]


def setup(app):
    app.add_post_transform(UnbreakableText)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
