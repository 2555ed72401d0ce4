"""Runs as plain data for figures and widgets: what each one is, and its curves."""

from itertools import pairwise

import numpy as np

from resnet_lib.nets.options import net_kind
from resnet_lib.runs.run import Run

FAMILY_NAMES = {"plain": "Plain", "highway": "Highway"}  # all other kinds are ResNets


def runs_to_curves(runs):
    """A dict for each `Run` of a list (or one alone), with errors in per cent, an entry an epoch.

    Its label says which net it was, with version, shortcut and recipe where these runs differ in
    them. Raises `TypeError` for anything that is not a `Run`.
    """
    runs = [runs] if isinstance(runs, Run | str) or not np.iterable(runs) else list(runs)
    for run in runs:
        if not isinstance(run, Run):
            raise TypeError(
                "expected a Run, or a list of them, as train() and load_runs() give; "
                f"got {type(run).__name__} {run!r:.60}"
            )
    curves = {}
    for run in runs:
        name = run.name
        while name in curves:  # two runs of one name have to stay two
            name += "'"
        curves[name] = {"name": name, "label": run_label(run, runs)} | run_to_curve(run)
    return list(curves.values())


def run_to_curve(run):
    """What is drawn and said of a `Run`; the kind of a caller's own model is "own"."""
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


def run_to_replay(run):
    """Return a dict that shows how a `Run` went: `run_to_curve`, with its names and times."""
    return {
        "name": run.name,
        "label": run_label(run, [run]),
        "n": run.net and run.net.n,
        "seconds": [round(seconds, 2) for seconds in run.history["seconds"]],
        "images_per_second": [round(speed, 1) for speed in run.history["images_per_second"]],
    } | run_to_curve(run)


def round_errors(errors):
    """Per cent to three decimals, finer than one image in 50,000; None where there is no number."""
    return [round(error, 3) if np.isfinite(error) else None for error in errors]


def run_label(run, runs):
    """ "ResNet-20", and what tells it from the others: "ResNet-20 v1, pad, quick"."""
    label = run.model
    if run.net:
        kind = net_kind(run.net.version, run.net.shortcut)
        nets = [one.net for one in runs if one.net]
        family = [
            n
            for n in nets
            if FAMILY_NAMES.get(net_kind(n.version, n.shortcut)) == FAMILY_NAMES.get(kind)
        ]
        label = f"{FAMILY_NAMES.get(kind, 'ResNet')}-{run.net.depth}"
        if any(net.version == "v2" for net in family):
            label += f" {run.net.version}"
        if len({n.shortcut for n in nets if net_kind(n.version, n.shortcut) == kind}) > 1:
            label += f", {run.net.shortcut}"
    return label + (f", {run.recipe.name}" if len({one.recipe.name for one in runs}) > 1 else "")


# ---------------------------------------------------------------- what stands under a figure


def runs_caption(curves):
    """ "Recipe: quick (15 epochs, batches of 128). Seed: 0. Device: ..." of what is drawn."""

    def said(word, values):
        values = [str(value) for value in dict.fromkeys(values)]
        listed = " and ".join(filter(None, [", ".join(values[:-1]), *values[-1:]]))
        return f"{word}{'s' if len(values) > 1 else ''}: {listed}."

    def recipe(run):
        epochs = f"{run['epochs']} epoch{'' if run['epochs'] == 1 else 's'}"
        return f"{run['recipe']} ({epochs}, batches of {run['batch_size']})"

    if not curves:
        return "No run is recorded yet."
    parts = (
        said("Recipe", map(recipe, curves)),
        said("Seed", sorted(run["seed"] for run in curves)),
        said("Device", [f"{run['device']} ({run['backend']})" for run in curves]),
    )
    return " ".join(parts)


def rate_steps(rates):
    """Where learning rates, known at the end of each epoch, step: `[(at, words), ...]`, or None.

    `at` lies within an epoch, as 90.5. None stands for a rate that changes all the time.
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


def rate_marks(curves):
    """The steps of all runs' rates: `[(at, words), ...]`, and whose where not that of all."""
    whose = {}
    for run in curves:
        for step in rate_steps(run["learning_rate"]) or []:
            whose.setdefault(step, []).append(run)
    marks = []
    for (at, words), own in sorted(whose.items()):
        others = [run for run in curves if run not in own and len(run["test_error"]) > at]
        key = "label" if {r["recipe"] for r in own} & {r["recipe"] for r in others} else "recipe"
        names = list(dict.fromkeys(run[key] for run in own))
        who = f"{len(names)} nets" if len(names) > 2 else ", ".join(names)
        marks.append((at, f"{who}: {words}" if others else words))
    return marks


def smooth_rates(curves):
    """By recipe, of rates that change all the time: the longest list of them, and the highest."""
    rates = {}
    for run in curves:
        own = run["learning_rate"]
        if rate_steps(own) is None and len(own) > len(rates.get(run["recipe"], [[]])[0]):
            rates[run["recipe"]] = (own, max(run["highest_rate"], *own))
    return rates
