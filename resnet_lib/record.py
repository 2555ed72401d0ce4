"""Make the trainings that `recorded/plan.toml` declares: those that are missing, in its order."""

import itertools
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from resnet_lib.checkpoints import newest_epoch
from resnet_lib.nets import NetSpec, check_shortcut
from resnet_lib.recipes import Recipe, recipe_called
from resnet_lib.runs import RECORDED, Run, run_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PLAN = RECORDED / "plan.toml"
RUNS = Path("runs")  # where trainings lie until they are done
KEYS = {"title", "recipe", "epochs", "version", "seed", "n", "shortcut", "weights"}
MOST_LOST = 0.1  # points of test error that half precision may cost
AT_ONCE_ON_A_GPU = 4  # small nets leave most of a card idle
ENDED = ("finished", "diverged")


@dataclass(frozen=True)
class PlannedRun:
    """One training that the book needs, and whether its weights are to be kept."""

    title: str  # of its table in the plan
    net: NetSpec
    recipe: Recipe
    seed: int
    weights: bool

    @property
    def name(self):
        """The name that its `Run` will have."""
        return run_name(self.net.name, self.recipe, self.seed)

    def progress(self, recorded=RECORDED, runs=RUNS):
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


def read_plan(path=PLAN):
    """Every `PlannedRun`, in order. Raises `ValueError` for a plan that means nothing."""
    runs = []
    for number, table in enumerate(tomllib.loads(Path(path).read_text()).get("runs", []), 1):
        try:
            runs += expand(**table)
        except (TypeError, ValueError) as problem:
            raise ValueError(
                f"{path}, table {number}: {problem}; a table has {', '.join(sorted(KEYS))}"
            ) from problem
    names = [run.name for run in runs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{path} plans more than once: {', '.join(twice)}")
    return runs


def expand(
    *, title, recipe, version, n, epochs=None, seed=(0,), shortcut=("projection",), weights=False
):
    """The runs of one table: every combination of its lists, the first turning slowest."""
    runs = []
    for one_seed, one_n, one_shortcut in itertools.product(seed, n, shortcut):
        check_shortcut(one_shortcut)
        net = NetSpec(version, one_n, one_shortcut)
        runs.append(PlannedRun(title, net, recipe_called(recipe, epochs), one_seed, weights))
        runs[-1].name  # noqa: B018  raises for a net that cannot be
    return runs


def choose(plan, only):
    """The runs whose name meets the pattern `only`; `ValueError` where none does."""
    chosen = [run for run in plan if fnmatch(run.name, only)]
    if not chosen:
        names = "\n  ".join(run.name for run in plan)
        raise ValueError(f"no planned run is called {only!r}; there are\n  {names}")
    return chosen


def overview(plan, recorded=RECORDED, runs=RUNS):
    """What is done and what is missing, as text."""
    lines, states = [], []
    for title, group in itertools.groupby(plan, lambda run: run.title):
        lines.append(f"\n{title}")
        for run in group:
            state, detail = run.progress(recorded, runs)
            states.append(state)
            lines.append(f"  {state:<9} {run.name:<36} {detail}")
    counts = [f"{states.count(state)} {state}" for state in (*ENDED, "begun", "missing")]
    return "\n".join([*lines, "", f"{len(plan)} planned: {', '.join(counts)}"]).strip()


def record(*, only="*", minutes=None, at_once=None, plan=PLAN, recorded=RECORDED, runs=RUNS):
    """Make the planned runs that are missing, and say of each how it went.

    Stopped at any moment, the same call goes on where it was. `only` is a pattern of names, such
    as "plain*"; `minutes` ends it in time, at the end of an epoch; `at_once` is how many train side
    by side (left out: four on a machine with an NVIDIA card, else one). A run that has ended is
    copied to `recorded`, with its weights where the plan keeps them.

    Raises `ValueError` for a pattern that meets nothing, `RuntimeError` where runs failed; what
    the others did is kept.
    """
    deadline = None if minutes is None else time.monotonic() + 60 * minutes
    chosen = choose(read_plan(plan), only)
    missing = [run for run in chosen if run.progress(recorded, runs)[0] not in ENDED]
    if at_once is None:
        at_once = AT_ONCE_ON_A_GPU if shutil.which("nvidia-smi") else 1

    def make(planned):
        left = None if deadline is None else (deadline - time.monotonic()) / 60
        if left is not None and left <= 0:
            return None
        try:
            if at_once > 1:
                make_beside(planned, left, plan, recorded, runs)
            else:
                make_here(planned, left, recorded, runs)
        except (OSError, RuntimeError, ValueError) as problem:
            return f"{planned.name}: {problem}"
        state, detail = planned.progress(recorded, runs)
        print(f"{state:<9} {planned.name:<36} {detail}", flush=True)
        return None

    with ThreadPoolExecutor(at_once) as pool:
        outcomes = list(pool.map(make, missing) if at_once > 1 else map(make, missing))
    if failures := [outcome for outcome in outcomes if outcome]:
        raise RuntimeError("\n".join(failures))


def make_here(planned, minutes, recorded, runs):
    """Train in this process, or go on; publish a run that has ended."""
    from resnet_lib.training import train

    folder = Path(runs) / planned.name
    if not (folder / "run.json").exists():  # else it had ended, and was stopped before this
        train(planned.net, planned.recipe, seed=planned.seed, folder=folder, minutes=minutes)
    if (folder / "run.json").exists():
        publish(planned, folder, Path(recorded))


def make_beside(planned, minutes, plan, recorded, runs):
    """The same in a process of its own, that leaves room on the device for others."""
    command = [sys.executable, "-m", "resnet_lib", "record", "--only", planned.name]
    command += ["--at-once", "1", "--plan", plan, "--into", recorded, "--runs", runs]
    if minutes is not None:
        command += ["--minutes", f"{minutes:.3f}"]
    environment = os.environ | {
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    }
    log = Path(runs) / planned.name / "log.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        done = subprocess.run(
            [str(word) for word in command], env=environment, stdout=output, stderr=output
        )
    if done.returncode:
        last = [line for line in log.read_text().splitlines() if line.strip()][-1:]
        raise RuntimeError(f"{last[0] if last else 'it failed'} (the whole of it: {log})")


def publish(planned, folder, recorded):
    """Copy a run that has ended to `recorded`: weights first, so that no run is without its own."""
    run = Run.load(folder / "run.json")
    if planned.weights and run.status == "finished":
        publish_weights(run, folder / "model.keras", recorded)
    run.save(recorded / f"{run.name}.run.json")


def publish_weights(run, saved, recorded):
    """Halve the weights of a saved model, and hold what was written to the run's test error."""
    from resnet_lib.data import load_cifar10
    from resnet_lib.weights import save_weights, saved_model, trained_model, weights_path

    path = save_weights(saved_model(saved), run.model, weights_path(run, recorded))
    x_test, y_test = load_cifar10()[1]
    probabilities = trained_model(run, recorded).predict(x_test, batch_size=500, verbose=0)
    error = 100 * float((probabilities.argmax(-1) != y_test).mean())
    if abs(error - run.test_error) > MOST_LOST:
        path.unlink()
        raise RuntimeError(
            f"half precision takes its test error from {run.test_error:.2f} to {error:.2f} %, and "
            f"{MOST_LOST} points are the most it may cost; the whole weights are in {saved}"
        )
