"""ErrorCurves: the learning curves of recorded runs, to choose, read and replay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import traitlets

from resnet_lib.runs.curves import runs_to_curves
from resnet_lib.runs.run import Run, headline_runs
from resnet_lib.widgets.error_curves.picture import error_curves_picture
from resnet_lib.widgets.shared.widget import Widget, module_source


class ErrorCurves(Widget):
    """Learning curves of recorded trainings: choose, read them epoch by epoch, replay them.

    `runs` are `Run`s, as `train()` and `load_runs()` give them; left out, the book's own four.
    `shown` names those that are drawn (empty: all), `curves` is "both", "test" or "training",
    `scale` "linear" or "log", `epoch` where they are read (0: at the end). Raises `TypeError` for
    anything but runs, and `traitlets.TraitError` for another state.

    >>> ErrorCurves(load_runs(depth=20), curves="test")
    """

    _module = "error_curves"
    _esm = module_source("error_curves/error_curves")
    runs = traitlets.List(traitlets.Dict()).tag(sync=True)
    shown = traitlets.List(traitlets.Unicode()).tag(sync=True)
    curves = traitlets.Enum(["both", "test", "training"], "both").tag(sync=True)
    scale = traitlets.Enum(["linear", "log"], "linear").tag(sync=True)
    epoch = traitlets.Int(0, min=0).tag(sync=True)

    def __init__(self, runs: Run | Iterable[Run] | None = None, **traits: Any) -> None:
        if runs is None:
            runs = headline_runs()
        super().__init__(runs=runs_to_curves(runs), **traits)

    def picture(self) -> str:
        shown = [run for run in self.runs if run["name"] in self.shown] or self.runs
        return error_curves_picture(shown, self.curves, self.scale)
