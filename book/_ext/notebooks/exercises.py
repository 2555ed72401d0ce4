"""Split an exercise cell into its stub and its folded solution, and check the solution.

sphinx-exercise, which this book uses, numbers exercises in the text and does not split code.
nbgrader, whose marks are used here, removes a solution instead of running it, and installs Jupyter
Notebook and a database.

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
FOLDED_PARTS = {"exercise": "the solution", "check": "the check"}


class ExerciseError(ValueError):
    """A tagged cell without what its tag requires."""


def is_tagged(cell, tag):
    return cell["cell_type"] == "code" and tag in cell["metadata"].get("tags", [])


def join_source(cell):
    return "".join(cell["source"])


def extract_stub(source):
    """Return what the reader starts from: the cell without its solution."""
    rest, count = SOLUTION.subn("", source)
    if not count:
        raise ExerciseError(
            "a cell tagged exercise has no solution: expected the lines ### BEGIN SOLUTION and "
            f"### END SOLUTION in\n{source}"
        )
    if "..." not in rest:
        raise ExerciseError(f"an exercise without three dots leaves nothing open:\n{source}")
    return rest.rstrip()


def extract_solution(source):
    """Return the cell without the marks and without the lines of dots."""
    return DOTS.sub("", SOLUTION.sub(r"\1", source)).strip("\n")


def split_exercises(notebook):
    """Split each exercise of `notebook`, a chapter as a dict, into two cells: stub and solution."""
    cells = []
    for cell in notebook["cells"]:
        if is_tagged(cell, "exercise"):
            source = join_source(cell)
            cells.append(cell | {"source": extract_stub(source)})
            cells.append(
                cell | fold_metadata(cell, "exercise") | {"source": extract_solution(source)}
            )
            cells[-1]["id"] = f"{cell['id']}-solution"
        elif is_tagged(cell, "check"):
            cells.append(cell | fold_metadata(cell, "check"))
        else:
            cells.append(cell)
    return notebook | {"cells": cells}


def prepare_for_reader(cells):
    """Yield the cells of a notebook to be solved: stub, check, and the solution as folded text.

    The solution is text, so that *run all cells* does not run it.
    """
    waiting = None
    for cell in cells:
        if is_tagged(cell, "exercise"):
            if waiting:
                raise missing_check_error(waiting)
            yield cell | {"source": extract_stub(join_source(cell))}
            waiting = cell
        else:
            yield cell
            if waiting and is_tagged(cell, "check"):
                yield make_solution_cell(waiting)
                waiting = None
    if waiting:
        raise missing_check_error(waiting)


def make_solution_cell(cell):
    text = f"```python\n{extract_solution(join_source(cell))}\n```"
    return {
        "cell_type": "markdown",
        "id": f"{cell['id']}-solution",
        "metadata": {},
        "source": f"````{{dropdown}} Show the solution\n{text}\n````",
    }


def missing_check_error(cell):
    return ExerciseError(
        f"no cell tagged check follows the exercise in the cell {cell['id']}: put one behind it, "
        "before the next exercise"
    )


def fold_metadata(cell, tag):
    tags = [one for one in cell["metadata"]["tags"] if one != tag]
    shown = {
        "code_prompt_show": f"Show {FOLDED_PARTS[tag]}",
        "code_prompt_hide": f"Hide {FOLDED_PARTS[tag]}",
    }
    mystnb = cell["metadata"].get("mystnb", {}) | shown
    metadata = cell["metadata"] | {"tags": [*tags, "hide-cell", f"{tag}-folded"], "mystnb": mystnb}
    return {"metadata": metadata}


def split_page(app, docname, source):
    """Split the exercises of a page (event `source-read`), before any other tool reads it."""
    if not app.env.doc2path(docname).endswith(".ipynb"):
        return
    try:
        source[0] = json.dumps(split_exercises(json.loads(source[0])))
    except ExerciseError as problem:
        raise ExtensionError(f"{docname}: {problem}") from problem


def check_solutions(app, doctree):
    """Warn if a check of the book's own solution has a verdict other than right."""
    for output in doctree.findall(nodes.raw):
        verdict = r'data-verdict="(?!right)\w+">(.*?)</p>'  # its text may have several lines
        found = re.search(verdict, output.astext(), re.DOTALL)
        if found:
            said = re.sub(r"<[^>]*>", "", found[1])
            LOGGER.warning("a check turns the book's solution down: %s", said, location=output)


def setup(app):
    app.connect("doctree-read", check_solutions)
    app.connect("source-read", split_page)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
