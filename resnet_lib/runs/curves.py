"""Convert runs to plain data for figures and widgets: what each run is, and its curves."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from resnet_lib.nets.options import net_kind
from resnet_lib.runs.run import Run

Curve = dict[str, Any]  # of `run_to_curve`: values that JSON can hold
FAMILY_NAMES = {"plain": "Plain", "highway": "Highway"}  # all other kinds are ResNets


def runs_to_curves(runs: Run | Iterable[Run]) -> list[Curve]:
    """Return a dict for each `Run`, with errors in per cent, one entry per epoch.

    Its label names the net, with version, shortcut and recipe where these runs differ in them.
    Raises `TypeError` for anything that is not a `Run`.
    """
    runs = [runs] if isinstance(runs, Run | str) or not np.iterable(runs) else list(runs)
    for run in runs:
        if not isinstance(run, Run):
            raise TypeError(
                "expected a Run, or a list of them, as train() and load_runs() give; "
                f"got {type(run).__name__} {run!r:.60}"
            )
    curves: dict[str, Curve] = {}
    for run in runs:
        name = run.name
        while name in curves:  # two runs with the same name are two curves
            name += "'"
        curves[name] = {"name": name, "label": run_label(run, runs)} | run_to_curve(run)
    return list(curves.values())


def run_to_curve(run: Run) -> Curve:
    """Return what figures show of a `Run`; the kind of a caller's own model is "own"."""
    net = run.net
    return {
        "kind": net_kind(net.version, net.shortcut) if net else "own",
        "version": net and net.version,
        "shortcut": net and net.shortcut,
        "depth": net and net.depth,
        "recipe": run.recipe.name,
        "batch_size": run.recipe.batch_size,
        "epochs": run.recipe.epochs,
        "highest_rate": run.recipe.learning_rate,
        "seed": run.seed,
        "device": run.device,
        "backend": run.backend,
        "parameters": run.parameters,
        "status": run.status,
        "error": round_errors(run.history["error"]),
        "test_error": round_errors(run.history["test_error"]),
        "learning_rate": [float(f"{rate:.4g}") for rate in run.history["learning_rate"]],
        "training_error": run.training_error,
    }


def run_to_replay(run: Run) -> Curve:
    """Return a dict that shows how a `Run` went: `run_to_curve`, with its names and times."""
    return {
        "name": run.name,
        "label": run_label(run, [run]),
        "n": run.net and run.net.n,
        "seconds": [round(seconds, 2) for seconds in run.history["seconds"]],
        "images_per_second": [round(speed, 1) for speed in run.history["images_per_second"]],
    } | run_to_curve(run)


def round_errors(errors: Iterable[float]) -> list[float | None]:
    """Round per cent to three decimals, finer than one image in 50,000; None if not finite."""
    return [round(error, 3) if np.isfinite(error) else None for error in errors]


def run_label(run: Run, runs: Sequence[Run]) -> str:
    """Return "ResNet-20", with what distinguishes it among `runs`: "ResNet-20 v1, pad, quick"."""
    label = run.model
    if run.net:
        kind = net_kind(run.net.version, run.net.shortcut)
        nets = [other.net for other in runs if other.net]
        kinds = [net_kind(net.version, net.shortcut) for net in nets]
        family = FAMILY_NAMES.get(kind, "ResNet")
        label = f"{family}-{run.net.depth}"
        versions = {
            net.version
            for net, other_kind in zip(nets, kinds, strict=True)
            if FAMILY_NAMES.get(other_kind, "ResNet") == family
        }
        shortcuts = {
            net.shortcut for net, other_kind in zip(nets, kinds, strict=True) if other_kind == kind
        }
        if "v2" in versions:
            label += f" {run.net.version}"
        if len(shortcuts) > 1:
            label += f", {run.net.shortcut}"
    recipes = {other.recipe.name for other in runs}
    return label + (f", {run.recipe.name}" if len(recipes) > 1 else "")


# ---------------------------------------------------------------- captions and learning rates


def runs_caption(curves: Sequence[Curve]) -> str:
    """Return "Recipe: quick (15 epochs, batches of 128). Seed: 0. Device: ..." of these curves."""

    def list_values(noun: str, values: Iterable[object]) -> str:
        texts = [str(value) for value in dict.fromkeys(values)]
        listed = " and ".join(filter(None, [", ".join(texts[:-1]), *texts[-1:]]))
        return f"{noun}{'s' if len(texts) > 1 else ''}: {listed}."

    def describe_recipe(run: Curve) -> str:
        epochs = f"{run['epochs']} epoch{'' if run['epochs'] == 1 else 's'}"
        return f"{run['recipe']} ({epochs}, batches of {run['batch_size']})"

    if not curves:
        return "No run is recorded yet."
    parts = (
        list_values("Recipe", map(describe_recipe, curves)),
        list_values("Seed", sorted(run["seed"] for run in curves)),
        list_values("Device", [f"{run['device']} ({run['backend']})" for run in curves]),
    )
    return " ".join(parts)


def rate_steps(rates: Sequence[float]) -> list[tuple[float, str]] | None:
    """Return the steps of a learning rate as `[(epoch, words), ...]`; None if it changes smoothly.

    `rates` are those at the end of each epoch. A step lies within an epoch, such as 90.5.
    """
    steps = []
    for index, (before, after) in enumerate(pairwise(rates), 1):
        if abs(after - before) > 0.01 * max(after, before):
            words = (
                "rate to 0"
                if after == 0
                else f"rate ÷ {before / after:.2g}"
                if after < before
                else f"rate × {after / before:.2g}"
            )
            steps.append((index + 0.5, words))
    return None if len(steps) > len(rates) / 3 else steps


def rate_marks(curves: Sequence[Curve]) -> list[tuple[float, str]]:
    """Return the steps of all runs' rates as `[(epoch, words), ...]`, with names if not of all."""
    runs_by_step: dict[tuple[float, str], list[Curve]] = {}
    for run in curves:
        for step in rate_steps(run["learning_rate"]) or []:
            runs_by_step.setdefault(step, []).append(run)
    marks = []
    for (epoch, words), runs in sorted(runs_by_step.items(), key=lambda item: item[0]):
        others = [run for run in curves if run not in runs and len(run["test_error"]) > epoch]
        shared_recipes = {run["recipe"] for run in runs} & {run["recipe"] for run in others}
        names = list(dict.fromkeys(run["label" if shared_recipes else "recipe"] for run in runs))
        subject = f"{len(names)} nets" if len(names) > 2 else ", ".join(names)
        marks.append((epoch, f"{subject}: {words}" if others else words))
    return marks


def smooth_rates(curves: Iterable[Curve]) -> dict[str, tuple[list[float], float]]:
    """Return, by recipe, the longest list of rates that change smoothly, and the highest rate."""
    longest: dict[str, tuple[list[float], float]] = {}
    for run in curves:
        rates, recipe = run["learning_rate"], run["recipe"]
        if rate_steps(rates) is None and len(rates) > len(longest.get(recipe, ([], 0))[0]):
            longest[recipe] = (rates, max(run["highest_rate"], *rates))
    return longest
