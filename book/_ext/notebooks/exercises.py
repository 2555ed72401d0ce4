"""Split an exercise cell into its stub and its folded solution, and check the solution.

sphinx-exercise, which this book uses, numbers exercises in the text and does not split code.
nbgrader removes a solution and needs a course, a database and Jupyter Notebook. Its marks are used:

    parameters = ...
    ### BEGIN SOLUTION
    parameters = 9 * 16 * 16
    ### END SOLUTION

Such a cell has the tag `exercise`. The next cell has the tag `check` and calls `resnet_lib.check`.
A page shows the stub, and folds solution and check. All three run in every build, and a wrong
solution fails it. The reader's notebook holds the stub, the check and the folded text of the
solution. The cell's metadata keep wrong answers under `wrong`, lines of code each; the tests
require a hint for every one.
"""

import json
import re

from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
SOLUTION = re.compile(
    r"^[ \t]*### BEGIN SOLUTION\n(.*?)^[ \t]*### END SOLUTION(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
DOTS = re.compile(r"^[ \t]*[\w, ]+ = \.\.\.(?:, \.\.\.)*[ \t]*(?:#.*)?\n", re.MULTILINE)
FOLDED = {"exercise": "the solution", "check": "the check"}


class ExerciseError(ValueError):
    """A cell that is tagged and does not hold what the tag says."""


def is_tagged(cell, tag):
    return cell["cell_type"] == "code" and tag in cell["metadata"].get("tags", [])


def source_of(cell):
    return "".join(cell["source"])


def stub(source):
    """What the reader starts from: the cell without its solution."""
    rest, count = SOLUTION.subn("", source)
    if not count:
        raise ExerciseError(
            "a cell tagged exercise has no solution: expected the lines ### BEGIN SOLUTION and "
            f"### END SOLUTION in\n{source}"
        )
    if "..." not in rest:
        raise ExerciseError(f"an exercise without three dots leaves nothing open:\n{source}")
    return rest.rstrip()


def solution(source):
    """What solves it: the cell without the marks, and without the lines of dots."""
    return DOTS.sub("", SOLUTION.sub(r"\1", source)).strip("\n")


def told_apart(notebook):
    """`notebook`, a chapter as a dict, with each exercise as two cells: stub and solution."""
    cells = []
    for cell in notebook["cells"]:
        if is_tagged(cell, "exercise"):
            source = source_of(cell)
            cells.append(cell | {"source": stub(source)})
            cells.append(cell | folded(cell, "exercise") | {"source": solution(source)})
            cells[-1]["id"] = f"{cell['id']}-solution"
        elif is_tagged(cell, "check"):
            cells.append(cell | folded(cell, "check"))
        else:
            cells.append(cell)
    return notebook | {"cells": cells}


def for_the_reader(cells):
    """The cells of a notebook to be solved: of an exercise its stub, and behind the check the
    solution, as folded text that no run of all cells carries out."""
    waiting = None
    for cell in cells:
        if is_tagged(cell, "exercise"):
            if waiting:
                raise unchecked(waiting)
            yield cell | {"source": stub(source_of(cell))}
            waiting = cell
        else:
            yield cell
            if waiting and is_tagged(cell, "check"):
                yield solution_to_unfold(waiting)
                waiting = None
    if waiting:
        raise unchecked(waiting)


def solution_to_unfold(cell):
    text = f"```python\n{solution(source_of(cell))}\n```"
    return {
        "cell_type": "markdown",
        "id": f"{cell['id']}-solution",
        "metadata": {},
        "source": f"````{{dropdown}} Show the solution\n{text}\n````",
    }


def unchecked(cell):
    return ExerciseError(
        f"no cell tagged check follows the exercise in the cell {cell['id']}: put one behind it, "
        "before the next exercise"
    )


def folded(cell, tag):
    tags = [one for one in cell["metadata"]["tags"] if one != tag]
    shown = {"code_prompt_show": f"Show {FOLDED[tag]}", "code_prompt_hide": f"Hide {FOLDED[tag]}"}
    mystnb = cell["metadata"].get("mystnb", {}) | shown
    metadata = cell["metadata"] | {"tags": [*tags, "hide-cell", f"{tag}-folded"], "mystnb": mystnb}
    return {"metadata": metadata}


def tell_apart(app, docname, source):
    """Sphinx's event `source-read`: from here on every tool sees the cells of the page."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    try:
        source[0] = json.dumps(told_apart(json.loads(source[0])))
    except ExerciseError as problem:
        raise ExtensionError(f"{docname}: {problem}") from problem


def hold_to_right(app, doctree):
    """A check of the book's own solution that says anything but right turns the build red."""
    for output in doctree.findall(nodes.raw):
        verdict = r'data-verdict="(?!right)\w+">(.*?)</p>'  # its words may hold several lines
        found = re.search(verdict, output.astext(), re.DOTALL)
        if found:
            said = re.sub(r"<[^>]*>", "", found[1])
            LOGGER.warning("a check turns the book's solution down: %s", said, location=output)


def setup(app):
    app.connect("doctree-read", hold_to_right)
    app.connect("source-read", tell_apart)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
