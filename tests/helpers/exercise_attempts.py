"""Try each exercise of a chapter unanswered, answered wrongly and solved, and read the verdicts.

`add_attempts` adds cells behind each check: every wrong answer of the exercise's metadata, and the
book's solution, each followed by the check. `find_wrong_verdicts` reads the verdicts of one run.
"""

import re

from notebooks.exercises import extract_solution, extract_stub, is_tagged, join_source

NO_HINT = "Look at the question once more"


def add_attempts(chapter):
    """Add attempts to a notebook, a dict; the metadata `verdict` of a check is the expected one."""
    cells, exercise = [], None
    for cell in chapter["cells"]:
        if is_tagged(cell, "exercise"):
            exercise = cell
            cells.append(make_code_cell(cell["id"], extract_stub(join_source(cell))))
        elif is_tagged(cell, "check"):
            name, check = cell["id"], join_source(cell)
            cells.append(make_code_cell(name, check, "open"))
            for number, wrong in enumerate(exercise["metadata"].get("wrong", [])):
                cells.append(make_code_cell(f"{name}-wrong{number}", "".join(wrong)))
                cells.append(make_code_cell(f"{name}-hint{number}", check, "wrong"))
            cells.append(make_code_cell(f"{name}-solved", extract_solution(join_source(exercise))))
            cells.append(make_code_cell(f"{name}-right", check, "right"))
        else:
            cells.append(cell)
    return chapter | {"cells": cells}


def make_code_cell(name, source, verdict=None):
    metadata = {"verdict": verdict} if verdict else {}
    empty = {"outputs": [], "execution_count": None}
    return {"cell_type": "code", "id": name, "metadata": metadata, "source": source, **empty}


def find_wrong_verdicts(chapter, executed):
    """Describe each unexpected verdict in `executed`, a run of `add_attempts(chapter)`."""
    cells = add_attempts(chapter)["cells"]
    wanted = {cell["id"]: cell["metadata"].get("verdict") for cell in cells}
    found = []
    for cell in executed["cells"]:
        if not (expected := wanted.get(cell["id"])):
            continue
        htmls = [output.get("data", {}).get("text/html", "") for output in cell["outputs"]]
        said = re.findall(r'data-verdict="(\w+)">(.*?)</p>', "".join(htmls), re.DOTALL)
        if [state for state, _ in said] != [expected]:
            found.append(f"{cell['id']}: expected one verdict, {expected}; it says {said}")
        elif expected == "wrong" and NO_HINT in said[0][1]:
            found.append(f"{cell['id']}: a wrong answer without a hint")
    return found
