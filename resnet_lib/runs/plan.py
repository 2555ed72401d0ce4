"""Read the plan of the book's training runs and measurements, and describe its progress."""

import inspect
import itertools
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from resnet_lib.nets.options import check_shortcut
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.measurements import (
    KINDS_OF_RUNS,
    KINDS_OF_UNTRAINED_NETS,
    measurement_name,
    measurement_path,
)
from resnet_lib.runs.recipes import Recipe, recipe_called
from resnet_lib.runs.run import RECORDED, Run, run_name

PLAN_FILE = RECORDED / "plan.toml"
RUNS_FOLDER = Path("runs")  # of training runs that have not ended
FINAL_STATES = ("finished", "diverged")
STATES = (*FINAL_STATES, "begun", "missing", "waiting")


@dataclass(frozen=True)
class PlannedRun:
    """Describe a training run that the book needs, and which of its weights to save."""

    title: str  # of its table in the plan
    net: NetSpec
    recipe: Recipe
    seed: int
    weights: bool  # whether the final weights ship with the book
    weights_after: tuple[int, ...] = ()  # epochs whose weights measurements need

    @property
    def name(self) -> str:
        """Return the name of its `Run`."""
        return run_name(self.net.name, self.recipe, self.seed)

    def progress(
        self, recorded: str | Path = RECORDED, runs: str | Path = RUNS_FOLDER
    ) -> tuple[str, str]:
        """Return `(state, detail)`: "finished", "diverged", "begun" or "missing", and epochs."""
        path = Path(recorded) / f"{self.name}.run.json"
        if path.exists():
            run = Run.load(path)
            detail = f"test error {run.test_error:.2f} %" if run.epochs else ""
            return run.status, detail
        epoch = newest_epoch(Path(runs) / self.name)
        if epoch:
            return "begun", f"{epoch} of {self.recipe.epochs} epochs"
        return "missing", f"{self.recipe.epochs} epochs"


@dataclass(frozen=True)
class PlannedMeasurement:
    """Describe a measurement that the book needs, of an untrained net or of a planned run."""

    title: str
    what: str  # one of `MEASUREMENT_KINDS`
    subject: str  # a kind and depth such as "plain-56", or a run's name
    run: PlannedRun | None = None

    @property
    def name(self) -> str:
        """Return the name of its `Measurement`."""
        return measurement_name(self.what, self.subject)

    def progress(
        self, recorded: str | Path = RECORDED, runs: str | Path = RUNS_FOLDER
    ) -> tuple[str, str]:
        """Return `(state, detail)`: "finished", "missing", "waiting" for its run, or "diverged"."""
        if measurement_path(self.name, recorded).exists():
            return "finished", ""
        run_state = self.run.progress(recorded, runs)[0] if self.run else "finished"
        return {"finished": ("missing", ""), "diverged": ("diverged", "its run did")}.get(
            run_state, ("waiting", "for its run")
        )


Planned = PlannedRun | PlannedMeasurement


def read_plan(path: str | Path = PLAN_FILE) -> list[Planned]:
    """Read every `PlannedRun`, then every `PlannedMeasurement`, in order.

    Raises `ValueError` for a file that is not a plan.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{path} is not TOML: {problem}") from problem
    planned: list[Planned] = []
    expansions: dict[str, Callable[..., Sequence[Planned]]] = {
        "runs": expand_runs,
        "measurements": expand_measurements,
    }
    for kind, expand in expansions.items():
        for number, table in enumerate(tables.pop(kind, []), 1):
            try:
                planned += expand(**table)
            except (TypeError, ValueError) as problem:
                keys = ", ".join(sorted(inspect.getfullargspec(expand).kwonlydefaults or {}))
                raise ValueError(
                    f"{path}, table {number} of {kind}: {problem}; a table has a title, and of "
                    f"these what it needs: {keys}"
                ) from problem
    if tables:
        raise ValueError(f"{path}: tables are called runs or measurements; got {', '.join(tables)}")
    names = [item.name for item in planned]
    runs = {item.name: item for item in planned if isinstance(item, PlannedRun)}
    for index, item in enumerate(planned):
        if isinstance(item, PlannedMeasurement) and item.run:
            if item.run.name not in runs:
                raise ValueError(f"{path}: {item.name} is planned, and its run is not")
            # The run in the plan also says which weights are saved.
            planned[index] = replace(item, run=runs[item.run.name])
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path} plans more than once: {', '.join(repeated)}")
    return planned


def expand_runs(
    *,
    title: str,
    recipe: str | None = None,
    version: str | None = None,
    n: Sequence[int] | None = None,
    epochs: int | None = None,
    seed: Sequence[int] = (0,),
    shortcut: Sequence[str] = ("projection",),
    weights: bool = False,
    weights_after: Iterable[int] = (),
) -> list[PlannedRun]:
    """Return the runs of one table: every combination of its lists, the first changes slowest."""
    if not (recipe and version and n):
        raise ValueError("recipe, version and n are needed")
    runs = []
    for one_seed, one_n, one_shortcut in itertools.product(seed, n, shortcut):
        check_shortcut(one_shortcut)
        net = NetSpec(version, one_n, one_shortcut)
        run_recipe = recipe_called(recipe, epochs)
        runs.append(PlannedRun(title, net, run_recipe, one_seed, weights, tuple(weights_after)))
        runs[-1].name  # noqa: B018  raises for an impossible net
    return runs


def expand_measurements(
    *,
    title: str,
    what: Sequence[str] | None = None,
    kind: Sequence[str] | None = None,
    depth: Sequence[int] | None = None,
    **run_options: Any,
) -> list[PlannedMeasurement]:
    """Return the measurements of one table: of untrained nets by kind and depth, or of runs."""
    subjects: list[tuple[str, PlannedRun | None]]
    allowed: tuple[str, ...]
    if kind and depth and not run_options:
        subjects = [(f"{name}-{layers}", None) for layers, name in itertools.product(depth, kind)]
        allowed = KINDS_OF_UNTRAINED_NETS
    else:
        subjects = [(run.name, run) for run in expand_runs(title=title, **run_options)]
        allowed = KINDS_OF_RUNS
    if not what or not set(what) <= set(allowed):
        raise ValueError(f"what must be a list of some of {', '.join(allowed)}; got {what!r}")
    return [
        PlannedMeasurement(title, one_kind, subject, run)
        for one_kind in what
        for subject, run in subjects
    ]


def select(plan: Sequence[Planned], only: str) -> list[Planned]:
    """Return the items whose names match the pattern `only`. Raises `ValueError` if none does."""
    selected = [item for item in plan if fnmatch(item.name, only)]
    if not selected:
        names = "\n  ".join(item.name for item in plan)
        raise ValueError(f"nothing planned is called {only!r}; there are\n  {names}")
    return selected


def describe_plan(
    plan: Sequence[Planned], recorded: str | Path = RECORDED, runs: str | Path = RUNS_FOLDER
) -> str:
    """Return a text that lists the state of every item, and counts the states."""
    lines, states = [], []
    for title, group in itertools.groupby(plan, lambda item: item.title):
        lines.append(f"\n{title}")
        for item in group:
            state, detail = item.progress(recorded, runs)
            states.append(state)
            lines.append(f"  {state:<9} {item.name:<44} {detail}".rstrip())
    counts = [f"{states.count(state)} {state}" for state in STATES if state in states]
    return "\n".join([*lines, "", f"{len(plan)} planned: {', '.join(counts)}"]).strip()
