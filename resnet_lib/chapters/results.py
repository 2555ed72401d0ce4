"""Tabulate and describe recorded runs.

All take `Run`s, and follow them: with other runs they say something else. Nothing needs Keras.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import hypot, sqrt
from pathlib import Path

from resnet_lib.data.cifar10 import TEST_IMAGES, TRAINING_IMAGES
from resnet_lib.runs.curves import runs_caption, runs_to_curves
from resnet_lib.runs.run import RECORDED, Run, headline_runs, load_runs, require_net
from resnet_lib.tables import Said, Table

NONE_YET = "No run is recorded yet."
NOT_KNOWN = "–"


def comparable_runs(folder: str | Path = RECORDED) -> list[Run]:
    """Load every recorded run with the recipe of the book's four runs; [] if there is none.

    By kind, then depth, then seed.
    """
    four = headline_runs(folder)
    runs = [run for run in load_runs(folder) if four and run.recipe == four[0].recipe and run.net]

    def sort_key(run: Run) -> tuple[str, str, int, int]:
        net = require_net(run)
        return net.version, net.shortcut, net.n, run.seed

    return sorted(runs, key=sort_key)


def standard_error(error: float, images: int = TEST_IMAGES) -> float:
    """Return the standard error, in points, of an error in per cent on so many images.

    Of a binomial share: sqrt(p (1 - p) / images).

    >>> round(standard_error(10.0), 2)
    0.3
    """
    share = error / 100
    return 100 * sqrt(share * (1 - share) / images)


def is_significant(one: float, other: float, images: int = TEST_IMAGES) -> bool:
    """Return whether two errors differ by more than two standard errors of their difference.

    As if each error had been counted on images of its own. On the same images the standard error of
    the difference is a little smaller.
    """
    limit = 2 * hypot(standard_error(one, images), standard_error(other, images))
    return abs(other - one) > limit


def find_direction(one: float, other: float, images: int = TEST_IMAGES) -> int:
    """Return 1 if `other` is significantly higher than `one`, -1 if it is lower, otherwise 0."""
    if not is_significant(one, other, images):
        return 0
    return 1 if other > one else -1


def format_difference(difference: float) -> str:
    return f"{abs(difference):.2f} points {'more' if difference > 0 else 'less'}"


def depth_effect(runs: Iterable[Run]) -> Said:
    """What more layers did, from the shallowest and the deepest of these runs: a `Said`."""
    runs = sorted(runs, key=lambda run: require_net(run).depth)
    if len({require_net(run).depth for run in runs}) < 2:
        return Said("Two runs of different depth are needed to say what depth did.")
    shallow, deep = runs[0], runs[-1]
    one, other = (curve["label"] for curve in runs_to_curves([shallow, deep]))
    errors = []
    for name, run in ((one, shallow), (other, deep)):
        if run.training_error is None or run.test_error is None:
            return Said(f"{name} {run.status} after epoch {run.epochs}: no errors to compare.")
        errors.append((run.training_error, run.test_error))
    (training, test), (deep_training, deep_test) = errors
    way = (
        find_direction(training, deep_training, TRAINING_IMAGES),
        find_direction(test, deep_test),
    )
    verdict = {
        (-1, -1): "The first picture: more layers helped.",
        (-1, 1): "The second picture: overfitting.",
        (1, 1): "The third picture: degradation. It is worse on what it was trained on, too.",
    }.get(way, "None of the three pictures is clear: a difference is within the luck of the draw.")
    if way == (1, -1):
        verdict = "None of the three pictures: worse in training, and better on test images."
    after = " and ".join(dict.fromkeys(f"{run.epochs} epochs" for run in (shallow, deep)))
    return Said(
        f"After {after}. On its own training images {one} is wrong on {training:.2f} "
        f"%, {other} on {deep_training:.2f} %: {format_difference(deep_training - training)}. "
        f"On the test images {one} is wrong on {test:.2f} %, {other} on {deep_test:.2f} %: "
        f"{format_difference(deep_test - test)}. {verdict}"
    )


def what_was_trained(runs: Sequence[Run]) -> Table:
    """Tabulate net, layers, parameters, recipe, epochs, seed, minutes and device of each run."""
    headers = ("net", "layers", "parameters", "recipe", "epochs", "seed", "minutes", "device")
    rows = [
        (
            curve["label"],
            f"{curve['depth'] or NOT_KNOWN}",
            f"{run.parameters:,}",
            run.recipe.name,
            f"{run.epochs}",
            f"{run.seed}",
            f"{sum(run.history['seconds']) / 60:.0f}",
            f"{run.device} ({run.backend})",
        )
        for run, curve in zip(runs, runs_to_curves(runs), strict=True)
    ]
    return Table(headers, rows, NONE_YET if not rows else "")


def two_training_errors(runs: Sequence[Run]) -> Table:
    """Tabulate the training error during the last epoch and that of the last weights."""
    headers = (
        "net",
        "during the last epoch, %",
        "last weights, images as they are, %",
        "difference",
    )
    rows = [
        (
            curve["label"],
            f"{run.history['error'][-1]:.2f}",
            f"{run.training_error:.2f}",
            f"{run.training_error - run.history['error'][-1]:+.2f}",
        )
        for run, curve in zip(runs, runs_to_curves(runs), strict=True)
        if run.training_error is not None and run.epochs
    ]
    return Table(headers, rows, runs_caption(runs_to_curves(runs)))


# ---------------------------------------------------------------- what a run can tell


def sampling(runs: Sequence[Run]) -> Table:
    """Tabulate each run's test error with its binomial standard error, in points."""
    headers = (
        "net",
        "seed",
        f"wrong, of {TEST_IMAGES:,}",
        "test error, %",
        "standard error, points",
    )
    rows = [
        (
            curve["label"],
            f"{run.seed}",
            f"{round(run.test_error / 100 * TEST_IMAGES):,}",
            f"{run.test_error:.2f}",
            f"{standard_error(run.test_error):.2f}",
        )
        for run, curve in zip(runs, runs_to_curves(runs), strict=True)
        if run.test_error is not None
    ]
    return Table(headers, rows, runs_caption(runs_to_curves(runs)))


def pairs(runs: Sequence[Run]) -> Table:
    """Tabulate the difference of every two runs, and whether it is significant."""
    headers = ("one", "other", "apart, points", "2 standard errors", "told apart")
    rows = []
    nets = [
        (curve["label"], run.test_error)
        for run, curve in zip(runs, runs_to_curves(runs), strict=True)
        if run.test_error is not None
    ]
    for (one, error), (other, other_error) in combinations(nets, 2):
        rows.append(
            (
                one,
                other,
                f"{abs(other_error - error):.2f}",
                f"{2 * hypot(standard_error(error), standard_error(other_error)):.2f}",
                "yes" if is_significant(error, other_error) else "no",
            )
        )
    return Table(headers, rows, runs_caption(runs_to_curves(runs)))


def seeds(runs: Sequence[Run]) -> Said:
    """How many seeds each net has, and how far they lie apart: a `Said`."""
    if not runs:
        return Said(NONE_YET)
    nets: dict[str, list[float]] = {}
    for run, curve in zip(runs, runs_to_curves(runs), strict=True):
        if run.status == "finished" and run.test_error is not None:
            nets.setdefault(curve["label"], []).append(run.test_error)
    several = {label: errors for label, errors in nets.items() if len(errors) > 1}
    if not several:
        return Said(
            f"Each of the {len(nets)} nets here was trained once, from one seed. How far another "
            "seed would have led, these runs cannot say."
        )

    def spread(errors: Sequence[float]) -> str:
        mean = sum(errors) / len(errors)
        deviation = sqrt(sum((error - mean) ** 2 for error in errors) / (len(errors) - 1))
        return f"{mean:.2f} ± {deviation:.2f} % over {len(errors)} seeds"

    said = "; ".join(f"{label}: {spread(errors)}" for label, errors in several.items())
    return Said(f"Test error, mean ± standard deviation. {said}.")


def versions(runs: Sequence[Run]) -> Table:
    """Tabulate v1 (the paper's and the article's) and v2 at equal depth, with their parameters."""
    nets = [(require_net(run), run) for run in runs]
    depths = {net.depth for net, _ in nets if net.version == "v2"}
    nets = [pair for pair in nets if pair[0].depth in depths]
    nets = [pair for pair in nets if pair[0].shortcut in ("pad", "projection")]
    nets.sort(key=lambda pair: (pair[0].depth, pair[0].version, pair[0].shortcut, pair[1].seed))
    chosen = [run for _, run in nets]
    headers = ("net", "shortcut", "parameters", "seed", "test error, %")
    rows = [
        (
            curve["label"].split(", ")[0],
            net.shortcut,
            f"{run.parameters:,}",
            f"{run.seed}",
            NOT_KNOWN if run.test_error is None else f"{run.test_error:.2f}",
        )
        for (net, run), curve in zip(nets, runs_to_curves(chosen), strict=True)
    ]
    nothing = "No run of version 2 by this recipe is recorded yet; the plan holds two."
    return Table(headers, rows, runs_caption(runs_to_curves(chosen)) if rows else nothing)
