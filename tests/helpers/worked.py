"""A chapter's exercises as a class would meet them: open, answered wrongly, and solved.

`worked(chapter)` is the chapter with more cells behind each check: every wrong answer that the
exercise's metadata name, and the book's solution, each followed by the check again. One run of it
says what every check says, and `surprises` names those that say something else than they should.
"""

import re

from notebooks.exercises import extract_solution, extract_stub, is_tagged, join_source

NO_HINT = "Look at the question once more"


def worked(chapter):
    """`chapter`, a notebook as a dict; a check's metadata `said` is what it has to say there."""
    cells, exercise = [], None
    for cell in chapter["cells"]:
        if is_tagged(cell, "exercise"):
            exercise = cell
            cells.append(code(cell["id"], extract_stub(join_source(cell))))
        elif is_tagged(cell, "check"):
            name, check = cell["id"], join_source(cell)
            cells.append(code(name, check, "open"))
            for number, wrong in enumerate(exercise["metadata"].get("wrong", [])):
                cells.append(code(f"{name}-wrong{number}", "".join(wrong)))
                cells.append(code(f"{name}-hint{number}", check, "wrong"))
            cells.append(code(f"{name}-solved", extract_solution(join_source(exercise))))
            cells.append(code(f"{name}-right", check, "right"))
        else:
            cells.append(cell)
    return chapter | {"cells": cells}


def code(name, source, said=None):
    metadata = {"said": said} if said else {}
    empty = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, **empty}


def surprises(chapter, done):
    """What checks of `done`, a run of `worked(chapter)`, say and should not, a line each."""
    wanted = {cell["id"]: cell["metadata"].get("said") for cell in worked(chapter)["cells"]}
    found = []
    for cell in done["cells"]:
        if not (expected := wanted.get(cell["id"])):
            continue
        htmls = [output.get("data", {}).get("text/html", "") for output in cell["outputs"]]
        said = re.findall(r'data-verdict="(\w+)">(.*?)</p>', "".join(htmls), re.DOTALL)
        if [state for state, _ in said] != [expected]:
            found.append(f"{cell['id']}: expected one verdict, {expected}; it says {said}")
        elif expected == "wrong" and NO_HINT in said[0][1]:
            found.append(f"{cell['id']}: a wrong answer without a hint")
    return found
