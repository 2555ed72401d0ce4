"""Make short runs with invented values, for tests only."""

from dataclasses import replace

from resnet_lib.runs.recipes import RECIPES
from resnet_lib.runs.run import HISTORY_KEYS, NetSpec, Run


def make_run(shortcut="pad", n=3, *, errors=(60.0, 40.0, 20.0), **changes):
    """Make a run of a v1 net with one epoch per value of `errors`; test errors are 5 % higher."""
    family = {"none": "plain", "highway": "highway"}.get(shortcut, "resnet")
    history = {figure: [1.0] * len(errors) for figure in HISTORY_KEYS}
    history["error"] = list(errors)
    history["test_error"] = [error + 5 for error in errors]
    history["learning_rate"] = [0.1] * len(errors)
    fields = {
        "model": f"{family}{6 * n + 2}_v1" + ("_pad" if shortcut == "pad" else ""),
        "net": NetSpec("v1", n, shortcut),
        "recipe": replace(RECIPES["quick"], epochs=len(errors) or 1),
        "seed": 0,
        "parameters": 269_722,
        "backend": "jax",
        "versions": {},
        "device": "CPU",
        "status": "finished",
        "history": history,
        "training_error": errors[-1] - 1 if errors else None,
    }
    return Run(**fields | changes)


def four_runs(**changes):
    """Make runs of plain and residual nets with 20 and 56 layers."""
    return [make_run(shortcut, n, **changes) for shortcut in ("none", "pad") for n in (3, 9)]
