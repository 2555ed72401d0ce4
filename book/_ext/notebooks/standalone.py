"""Convert a chapter into a notebook that installs the library and runs anywhere.

nbconvert and jupytext change a notebook's format; they add no setup cell, split no exercise and
leave MyST as it is. The module does not depend on Sphinx; `colab.py` calls it at every build.
"""

from notebooks.exercises import prepare_for_reader
from notebooks.plain_markdown import PARSER, to_plain_markdown

SETUP = """
# @title Run this first: it installs the book's library, where it is missing
try:
    import resnet_lib
except ModuleNotFoundError:
    import importlib, pathlib, subprocess, sys, tempfile

    pip = [sys.executable, "-m", "pip"]
    # On a memory stick the library lies beside the notebooks, or above them.
    places = [pathlib.Path.cwd(), *pathlib.Path.cwd().parents]
    wheels = [wheel for place in places for wheel in place.glob("resnet_lib-*.whl")]
    if wheels:
        library = wheels[0]
        install = [*pip, "install", "--no-index", "--no-deps", library]
        trouble = "What pip says:"
    else:
ELSEWHERE
    done = subprocess.run(install, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError(
            f"pip could not install {library} beside the packages that are here. {trouble}"
            f"\\n{done.stdout[-2000:]}"
        )
    importlib.invalidate_caches()
    import resnet_lib

    print("The book's library is installed.")
""".strip()

FROM_GIT = """
        library = "git+ADDRESS@COMMIT"
        # Every package that is here stays as it is: pip may add to them, and replace none.
        here = subprocess.run([*pip, "list", "--format=freeze"], capture_output=True, check=True)
        keep = pathlib.Path(tempfile.mkdtemp(), "keep.txt")
        keep.write_bytes(here.stdout)
        install = [*pip, "install", "--constraint", keep, library]
        trouble = "Is there a network, and is that commit published? What pip says:"
        print("Installing the book's library; this takes some ten seconds …")
""".strip("\n")

WITHOUT_ADDRESS = """
        raise ModuleNotFoundError(
            "this chapter needs resnet_lib, which this Python does not have. Go to the folder "
            "of the book, where pyproject.toml lies, type  pip install .  and run this cell again"
        ) from None
""".strip("\n")

# Metadata that Colab (cellView) and JupyterLab (jupyter) understand, by the tag of a cell.
HIDDEN = {"cellView": "form", "jupyter": {"source_hidden": True}}
METADATA_BY_TAG = {
    "hide-cell": HIDDEN,
    "hide-input": HIDDEN,
    "remove-cell": HIDDEN,
    "remove-input": HIDDEN,
    "check": HIDDEN,
    "hide-output": {"jupyter": {"outputs_hidden": True}},
    "remove-output": {"jupyter": {"outputs_hidden": True}},
}


def write_setup_cell(address, commit):
    """Write the source of the first code cell; `address` and `commit` may be None."""
    if not (address and commit):
        return SETUP.replace("ELSEWHERE", WITHOUT_ADDRESS)
    from_git = FROM_GIT.replace("ADDRESS", address).replace("COMMIT", commit)
    return SETUP.replace("ELSEWHERE", from_git)


def make_standalone(notebook, conversion, address=None, commit=None, minutes=None):
    """Convert `notebook`, a chapter as a dict, for Colab and other places that open an `.ipynb`.

    The result has plain Markdown, no outputs, and exercises to be solved. The setup cell follows
    the lines that say what one will see and, with `minutes`, how long it takes. Colab opens a
    chapter on a GPU if its metadata say `"accelerator": "GPU"`.
    """
    first, *others = notebook["cells"]
    setup = {
        "cell_type": "code",
        "id": "setup",
        "metadata": {},
        "source": write_setup_cell(address, commit),
    }
    top, *rest = split_at_section(first) if first["cell_type"] == "markdown" else (None, first)
    if top and minutes:
        top = top | {"source": "".join(top["source"]) + f"\n\n{minutes}"}
    cells = [cell for cell in (top, setup, *prepare_for_reader([*rest, *others])) if cell]
    cells = [convert_cell(cell, conversion) for cell in cells]
    kept = ("kernelspec", "language_info", "accelerator")
    metadata = {key: notebook["metadata"][key] for key in kept if key in notebook["metadata"]}
    if metadata.get("accelerator") == "GPU":
        metadata["colab"] = {"gpuType": "T4", "provenance": []}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def split_at_section(cell):
    """Split a Markdown cell into what comes before its first section, and the rest."""
    source = "".join(cell["source"])
    starts = [token.map[0] for token in PARSER.parse(source) if token.tag == "h2" and token.map]
    if not starts:
        return [cell]
    lines = source.split("\n")
    top, rest = ("\n".join(part).strip("\n") for part in (lines[: starts[0]], lines[starts[0] :]))
    return [cell | {"source": top, "id": f"{cell['id']}-top"}, cell | {"source": rest}]


def convert_cell(cell, conversion):
    """Convert `cell`: no outputs, no MyST, and hidden as Colab and JupyterLab hide a cell."""
    source = "".join(cell["source"])
    if cell["cell_type"] != "code":
        return {**cell, "metadata": {}, "source": to_plain_markdown(source, conversion)}
    tags, metadata = cell["metadata"].get("tags", []), {}
    for tag in tags:
        metadata |= METADATA_BY_TAG.get(tag, {})
    if "cellView" in metadata and not source.startswith("%%"):  # a magic has to come first
        shown = cell["metadata"].get("mystnb", {}).get("code_prompt_show", "Show the code")
        if "check" in tags:
            shown = "Check the answer"
        elif "Prediction." in source:
            shown = "Predict, then reveal"
        elif {"remove-cell", "remove-input"} & set(tags):
            shown = "Preparation"
        source = f"# @title {shown}\n{source}"
    empty = {"outputs": [], "execution_count": None}
    return {**cell, "metadata": metadata, "source": source, **empty}
