"""The TrainingDashboard: start, watch, stop and resume a training run from a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import traitlets

from resnet_lib.data.cifar10 import Dataset
from resnet_lib.runs.curves import run_to_replay
from resnet_lib.runs.recipes import RECIPES
from resnet_lib.runs.run import load_runs
from resnet_lib.widgets.error_curves.picture import error_curves_picture
from resnet_lib.widgets.shared.widget import Widget, module_source
from resnet_lib.widgets.training_dashboard.control import Control
from resnet_lib.widgets.training_dashboard.facts import paper_results, recipe_facts


class TrainingDashboard(Widget):
    """Train a net from the notebook: choose, start, watch it, stop after an epoch, resume.

    `version`, `n` and `shortcut` are those of `NetSpec`; `recipe` a name in `RECIPES`, `epochs`
    0 for the recipe's own, `seed` 0 to 999. `data` is what `train` takes, CIFAR-10 when left out;
    what is trained goes to `folder`, `devices` is `train`'s. In the built page, where there is no
    kernel, the recorded runs are replayed. Raises `traitlets.TraitError` for anything else.

    >>> TrainingDashboard(version="v1", n=3, recipe="quick")
    """

    _module = "training_dashboard"
    _esm = module_source("training_dashboard/training_dashboard")
    version = traitlets.Enum(["v1", "v2"], "v1").tag(sync=True)
    n = traitlets.Int(3, min=1, max=200).tag(sync=True)
    shortcut = traitlets.Enum(["projection", "pad", "none", "highway"], "pad").tag(sync=True)
    recipe = traitlets.Enum(list(RECIPES), "quick").tag(sync=True)
    epochs = traitlets.Int(0, min=0, max=1000).tag(sync=True)
    seed = traitlets.Int(0, min=0, max=999).tag(sync=True)
    # What does not change: the recipes, the recorded runs, and the paper's errors.
    recipes = traitlets.Dict().tag(sync=True)
    recorded = traitlets.List(traitlets.Dict()).tag(sync=True)
    paper = traitlets.List(traitlets.Dict()).tag(sync=True)
    # The kernel reports the training run here. `control` and `training.background` say what each
    # trait holds.
    live = traitlets.Bool(True).tag(sync=True)
    status = traitlets.Unicode("ready").tag(sync=True)
    message = traitlets.Dict().tag(sync=True)
    found = traitlets.Dict().tag(sync=True)
    forecast = traitlets.Dict().tag(sync=True)
    progress = traitlets.Dict().tag(sync=True)
    run = traitlets.Dict().tag(sync=True)
    saved = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        *,
        data: Dataset | None = None,
        folder: str | Path = "runs",
        devices: str = "one",
        **traits: Any,
    ) -> None:
        super().__init__(
            recipes=recipe_facts(),
            recorded=[run_to_replay(run) for run in load_runs(status="finished") if run.net],
            paper=paper_results(),
            **traits,
        )
        self.control = Control(self, data, folder, devices)

    def state(self) -> dict[str, Any]:
        """As the built page gets it, where there is no kernel and no training under way."""
        told = ("message", "found", "forecast", "progress", "run", "saved")
        nothing = {name: {} for name in told} | {"status": "ready", "live": False}
        return super().state() | nothing

    def picture(self) -> str:
        net = (self.version, self.n, self.shortcut)
        same = [run for run in self.recorded if (run["version"], run["n"], run["shortcut"]) == net]
        return error_curves_picture(same or self.recorded, "both", "linear")
