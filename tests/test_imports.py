"""What loads Keras, and what does not: importing it takes seconds and half a gigabyte."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from resnet_lib import NetSpec
from resnet_lib.processor import JAX_IMPORTERS, JaxHider

BOOK = Path(__file__).parents[1] / "book"
# No cell of these chapters builds a net.
WITHOUT_KERAS = ("04_the_curves_that_made_resnet", "08_more_than_one_device")
# Figures and tables of recorded measurements, which other chapters show.
DRAWN = (
    *("chapters.signals", "chapters.explanations", "chapters.lesions", "chapters.mistakes"),
    *("chapters.imagenet_tables", "inside.evaluation"),
)
RUN = """
import importlib, inspect, json, os, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

cells, modules = json.load(sys.stdin)
shell = InteractiveShell.instance()
loaded = {}
for name, source in cells:
    with capture_output():
        shell.run_cell(source).raise_error()
    loaded[name] = sorted({"keras", "tensorflow", "jax"} & sys.modules.keys())
for name in modules:
    module = importlib.import_module(f"resnet_lib.{name}")
    for each in vars(module).values():
        if inspect.isfunction(each) and each.__module__ == module.__name__:
            parameters = inspect.signature(each).parameters.values()
            if list(parameters) and all(one.default is not one.empty for one in parameters):
                each()
    loaded[name] = sorted({"keras", "tensorflow", "jax"} & sys.modules.keys())
if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
    import keras
    loaded["Keras on TensorFlow"] = sorted({"jax"} & sys.modules.keys())
print(json.dumps(loaded))
"""


def test_what_draws_recorded_runs_loads_neither_keras_nor_a_backend():
    cells = [
        (f"{chapter}, cell {number}", "".join(cell["source"]))
        for chapter in WITHOUT_KERAS
        for number, cell in enumerate(json.loads((BOOK / f"{chapter}.ipynb").read_text())["cells"])
        if cell["cell_type"] == "code"
    ]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([cells, DRAWN]),
        capture_output=True,
        text=True,
        cwd=BOOK,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    loaded = json.loads(done.stdout.splitlines()[-1])
    assert loaded.keys() >= {*dict(cells), *DRAWN}
    assert {name: packages for name, packages in loaded.items() if packages} == {}


@pytest.mark.parametrize("importer", JAX_IMPORTERS)
def test_jax_is_hidden_from_two_modules_alone(importer, monkeypatch):
    monkeypatch.delitem(sys.modules, "jax", raising=False)
    with pytest.raises(ModuleNotFoundError, match="JAX is hidden"):
        exec("import jax", {"__name__": importer})
    assert JaxHider().find_spec("jax") is None


@pytest.mark.parametrize("shortcut", ["pad", "none", "projection", "highway"])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_weights_are_counted_without_keras_as_keras_counts_them(version, shortcut):
    spec = NetSpec(version, 2, shortcut)
    weights = spec.build().trainable_weights
    assert spec.parameters == sum(math.prod(weight.shape) for weight in weights)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (NetSpec("v3", 2), 'version must be "v1" or "v2"'),
        (NetSpec("v1", 0), "n, the blocks in a stage"),
        (NetSpec("v1", 2, "skip"), "shortcut must be one of"),
    ],
)
def test_weights_of_a_net_that_cannot_be_are_not_counted(spec, message):
    with pytest.raises(ValueError, match=message):
        spec.parameters  # noqa: B018
