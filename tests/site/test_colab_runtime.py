"""The chapters' notebooks, top to bottom, in a runtime like Colab's: older, and nothing replaced.

Colab itself cannot be reached from a test. The first notebook installs the library through its
setup cell, from a local git address; the others find it, as in a session that goes on. `make
test-all` installs the runtime's packages; where they are, `make test` runs one chapter on them.
"""

import json
import re
import time

import pytest
from colab_runtime import PACKAGES, ROOT, Runtime, commit_working_tree
from exercise_attempts import add_attempts, find_wrong_verdicts
from nbclient.exceptions import CellExecutionError
from notebooks.plain_markdown import Conversion, read_bibliography
from notebooks.standalone import make_standalone

BOOK = ROOT / "book"
CHAPTERS = [
    pytest.param(path, id=path.stem, marks=() if "the_curves" in path.stem else pytest.mark.slow)
    for path in sorted(BOOK.glob("*.ipynb"))
]
WIDGETS = (
    r"\b(ErrorCurves|GradientLab|ArchitectureExplorer|TrainingDashboard|BlockSwitchboard"
    r"|Prediction\.\w+)\("
)
FIRST_STEP = """
import time, keras
from resnet_lib import NetSpec, load_sample, recipe_called, train

class FirstStep(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        global stepped
        stepped = globals().get("stepped") or time.time()

recipe = recipe_called("quick", 1)
run = train(NetSpec("v1", 3, "pad"), recipe, data=load_sample(), callbacks=[FirstStep()])
print(run.status, stepped)
"""
pytestmark = pytest.mark.skipif(
    not (PACKAGES / "installed").exists(),
    reason=f"no {PACKAGES.name}: `make test-all` installs it, or says why it cannot",
)


@pytest.fixture(scope="module")
def colab(tmp_path_factory):
    """A runtime that has just been opened, and what it had installed then."""
    runtime = Runtime(tmp_path_factory.mktemp("colab"))
    asked = runtime.pip("download", "--quiet", "--no-deps", "--dest", "index", "anywidget")
    if asked.returncode:
        pytest.skip(f"no package index to install from: {asked.stderr.strip().splitlines()[-1]}")
    runtime.had = runtime.packages()
    runtime.library = commit_working_tree(runtime.folder / "repository")
    return runtime


def code(source):
    """A chapter of one cell."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "source": source}
    return {"cells": [cell], "metadata": kernel}


def for_colab(chapter, runtime):
    pages = Conversion(BOOK, read_bibliography(BOOK / "references.bib"))
    pages.addresses = {page.stem: page.name for page in BOOK.glob("*.*")}
    return make_standalone(chapter, pages, *runtime.library)


@pytest.mark.slow
@pytest.mark.timed
def test_a_net_trains_soon_after_opening_a_notebook(colab, capsys):
    opened = time.time()
    done = colab.run(for_colab(code(FIRST_STEP), colab))
    status, stepped = done.cells[-1].outputs[-1].text.split()[-2:]
    seconds = float(stepped) - opened
    with capsys.disabled():
        print(f"\nfrom opening a notebook to the first training step: {seconds:.0f} s")
    assert status == "finished"
    assert seconds < 120


@pytest.mark.parametrize("path", CHAPTERS)
def test_a_chapter_runs_top_to_bottom(colab, path):
    # As the reader has it, with every exercise open; and there each answered wrongly, and solved.
    chapter = json.loads(path.read_bytes())
    done = colab.run(for_colab(add_attempts(chapter), colab))
    assert not find_wrong_verdicts(chapter, done)
    outputs = [output for cell in done.cells for output in cell.get("outputs", [])]
    assert not any("rl-widget" in output.get("data", {}).get("text/html", "") for output in outputs)
    view = "application/vnd.jupyter.widget-view+json"
    views = [output for output in outputs if view in output.get("data", {})]
    # Colab draws a widget of somebody else's only with the manager that this names.
    assert all("custom_widget_manager" in json.dumps(one.metadata) for one in views)
    assert bool(views) == bool(re.search(WIDGETS, path.read_text(encoding="utf-8")))


def test_nothing_that_was_there_has_been_replaced(colab):
    colab.run(for_colab(code("1 + 1"), colab))
    now = colab.packages()
    assert colab.had <= now
    added = {one.partition("==")[0] for one in now - colab.had}
    assert "resnet-lib" in added
    assert not {"tensorflow", "keras", "numpy", "ipywidgets"} & added
    assert {"ipywidgets==7.7.1", "numpy==2.0.2"} <= now
    check = colab.pip("check")
    assert check.returncode == 0, check.stdout


@pytest.mark.slow
def test_what_would_have_to_be_replaced_is_told_and_left_alone(colab, tmp_path):
    runtime = Runtime(tmp_path)
    runtime.library = colab.library
    old = runtime.own / "anywidget-0.1.dist-info"
    old.mkdir()
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: anywidget\nVersion: 0.1\n")
    had = runtime.packages()
    with pytest.raises(CellExecutionError, match=r"(?s)could not install .*anywidget"):
        runtime.run(for_colab(code("1 + 1"), runtime))
    assert runtime.packages() == had
