"""Runs as plain data for figures and widgets: what each one is, and its curves."""

import numpy as np

from resnet_lib.nets import kind_of
from resnet_lib.runs import Run

FAMILY = {"plain": "Plain", "highway": "Highway"}  # all other kinds are ResNets


def curves_of(runs):
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
        curves[name] = {"name": name, "label": label_of(run, runs)} | curve_of(run)
    return list(curves.values())


def curve_of(run):
    """What is drawn and said of a `Run`; the kind of a caller's own model is "own"."""
    net = run.net
    return {
        "kind": kind_of(net.version, net.shortcut) if net else "own",
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
        "error": rounded(run.history["error"]),
        "test_error": rounded(run.history["test_error"]),
        "learning_rate": [float(f"{rate:.4g}") for rate in run.history["learning_rate"]],
        "training_error": run.training_error,
    }


def rounded(errors):
    """Per cent to three decimals, finer than one image in 50,000; None where there is no number."""
    return [round(error, 3) if np.isfinite(error) else None for error in errors]


def label_of(run, runs):
    """ "ResNet-20", and what tells it from the others: "ResNet-20 v1, pad, quick"."""
    label = run.model
    if run.net:
        kind = kind_of(run.net.version, run.net.shortcut)
        nets = [one.net for one in runs if one.net]
        family = [n for n in nets if FAMILY.get(kind_of(n.version, n.shortcut)) == FAMILY.get(kind)]
        label = f"{ {'plain': 'Plain', 'highway': 'Highway'}.get(kind, 'ResNet') }-{run.net.depth}"
        if any(net.version == "v2" for net in family):
            label += f" {run.net.version}"
        if len({n.shortcut for n in nets if kind_of(n.version, n.shortcut) == kind}) > 1:
            label += f", {run.net.shortcut}"
    return label + (f", {run.recipe.name}" if len({one.recipe.name for one in runs}) > 1 else "")
