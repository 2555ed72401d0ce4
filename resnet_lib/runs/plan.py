"""What the book rests on, as `recorded/plan.toml` declares it: trainings, and measurements."""

import itertools
import tomllib
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

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
RUNS_FOLDER = Path("runs")  # where trainings lie until they are done
FINAL_STATES = ("finished", "diverged")
STATES = (*FINAL_STATES, "begun", "missing", "waiting")


@dataclass(frozen=True)
class PlannedRun:
    """One training that the book needs, and what of its weights is to be kept."""

    title: str  # of its table in the plan
    net: NetSpec
    recipe: Recipe
    seed: int
    weights: bool  # the last ones, with the book
    weights_after: tuple = ()  # epochs; beside the training, for measurements

    @property
    def name(self):
        """The name that its `Run` will have."""
        return run_name(self.net.name, self.recipe, self.seed)

    def progress(self, recorded=RECORDED, runs=RUNS_FOLDER):
        """`(state, detail)`: "finished", "diverged", "begun" or "missing", and how far it is."""
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
    """One measurement that the book needs, of an untrained net or of a planned run."""

    title: str
    what: str
    subject: str
    run: PlannedRun | None = None

    @property
    def name(self):
        return measurement_name(self.what, self.subject)

    def progress(self, recorded=RECORDED, runs=RUNS_FOLDER):
        """`(state, detail)`: "finished", "missing", "waiting" for its run, "diverged" with it."""
        if measurement_path(self.name, recorded).exists():
            return "finished", ""
        of_run = self.run.progress(recorded, runs)[0] if self.run else "finished"
        return {"finished": ("missing", ""), "diverged": ("diverged", "its run did")}.get(
            of_run, ("waiting", "for its run")
        )


def read_plan(path=PLAN_FILE):
    """Every `PlannedRun`, then every `PlannedMeasurement`, in order.

    Raises `ValueError` for a plan that means nothing.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise ValueError(f"{path} is not TOML: {problem}") from problem
    planned = []
    for kind, expand in (("runs", expand_runs), ("measurements", expand_measurements)):
        for number, table in enumerate(tables.pop(kind, []), 1):
            try:
                planned += expand(**table)
            except (TypeError, ValueError) as problem:
                keys = ", ".join(sorted(expand.__kwdefaults__))
                raise ValueError(
                    f"{path}, table {number} of {kind}: {problem}; a table has a title, and of "
                    f"these what it needs: {keys}"
                ) from problem
    if tables:
        raise ValueError(f"{path}: tables are called runs or measurements; got {', '.join(tables)}")
    names = [one.name for one in planned]
    for place, one in enumerate(planned):
        if isinstance(one, PlannedMeasurement) and one.run:  # its table does not say what is kept
            if one.run.name not in names:
                raise ValueError(f"{path}: {one.name} is planned, and its run is not")
            planned[place] = replace(one, run=planned[names.index(one.run.name)])
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path} plans more than once: {', '.join(twice)}")
    return planned


def expand_runs(
    *,
    title,
    recipe=None,
    version=None,
    n=None,
    epochs=None,
    seed=(0,),
    shortcut=("projection",),
    weights=False,
    weights_after=(),
):
    """The runs of one table: every combination of its lists, the first turning slowest."""
    if not (recipe and version and n):
        raise ValueError("recipe, version and n are needed")
    runs = []
    for one_seed, one_n, one_shortcut in itertools.product(seed, n, shortcut):
        check_shortcut(one_shortcut)
        net = NetSpec(version, one_n, one_shortcut)
        recipe_of_run = recipe_called(recipe, epochs)
        runs.append(PlannedRun(title, net, recipe_of_run, one_seed, weights, tuple(weights_after)))
        runs[-1].name  # noqa: B018  raises for a net that cannot be
    return runs


def expand_measurements(*, title, what=None, kind=None, depth=None, **of_runs):
    """The measurements of one table: of untrained nets by kind and depth, or of runs."""
    if kind and depth and not of_runs:
        subjects = [(f"{one}-{size}", None) for size, one in itertools.product(depth, kind)]
        allowed = KINDS_OF_UNTRAINED_NETS
    else:
        subjects = [(run.name, run) for run in expand_runs(title=title, **of_runs)]
        allowed = KINDS_OF_RUNS
    if not what or not set(what) <= set(allowed):
        raise ValueError(f"what must be a list of some of {', '.join(allowed)}; got {what!r}")
    return [PlannedMeasurement(title, one, *subject) for one in what for subject in subjects]


def select(plan, only):
    """What is planned by a name that meets the pattern `only`; `ValueError` where nothing is."""
    chosen = [one for one in plan if fnmatch(one.name, only)]
    if not chosen:
        names = "\n  ".join(one.name for one in plan)
        raise ValueError(f"nothing planned is called {only!r}; there are\n  {names}")
    return chosen


def describe_plan(plan, recorded=RECORDED, runs=RUNS_FOLDER):
    """What is done and what is missing, as text."""
    lines, states = [], []
    for title, group in itertools.groupby(plan, lambda one: one.title):
        lines.append(f"\n{title}")
        for one in group:
            state, detail = one.progress(recorded, runs)
            states.append(state)
            lines.append(f"  {state:<9} {one.name:<44} {detail}".rstrip())
    counts = [f"{states.count(state)} {state}" for state in STATES if state in states]
    return "\n".join([*lines, "", f"{len(plan)} planned: {', '.join(counts)}"]).strip()
