"""Estimate training time on this machine, from a few steps of two small nets."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.machine import has_gpu
from resnet_lib.runs.recipes import Recipe
from resnet_lib.training.compilation import MAX_STEPS_PER_CALL, compile_for_training
from resnet_lib.training.datasets import as_dataset, steps_per_epoch
from resnet_lib.training.devices import device_group
from resnet_lib.training.train import TEST_BATCH_SIZE

# n of the two measured nets. A stage repeats one block, so time is a linear function of n.
SMALL_N, LARGE_N = 1, 3
TIMED_STEPS_ON_CPU = 3

MeasurementKey = tuple[str, str, Recipe, str, int]


@dataclass(frozen=True)
class Cost:
    """Hold the seconds that the parts of a training run take on this device."""

    starting: float  # compilation, with the first few steps and the first test
    step: float  # of training
    test_image: float

    def epoch_seconds(self, recipe: Recipe, num_train: int, num_test: int) -> float:
        """Return the seconds of an epoch with its test, for these numbers of images."""
        steps = steps_per_epoch(num_train, recipe.batch_size)
        return steps * self.step + num_test * self.test_image

    def training_seconds(self, recipe: Recipe, num_train: int, num_test: int) -> float:
        """Return the seconds of a training run, with its start and its final training error."""
        epochs = recipe.epochs * self.epoch_seconds(recipe, num_train, num_test)
        return self.starting + epochs + num_train * self.test_image


measured_costs: dict[MeasurementKey, Cost] = {}  # measured by this process


def estimate_cost(
    spec: NetSpec,
    recipe: Recipe,
    devices: str = "one",
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Cost | None:
    """Estimate the `Cost` of training a `NetSpec` by a `Recipe`; None after a cancellation.

    Trains two nets of this kind, with 1 and 3 blocks per stage, for a few steps on noise. A line
    through their times gives the time of any n. The first call compiles both nets.
    """
    keys = measurement_keys(spec, recipe, devices)
    for key, n in zip(keys, (SMALL_N, LARGE_N), strict=True):
        if is_cancelled():
            return None
        if key not in measured_costs:
            measured_costs[key] = measure_cost(replace(spec, n=n), recipe, devices)
    small, large = (measured_costs[key] for key in keys)

    def extrapolate(part: str) -> float:
        at_small, at_large = getattr(small, part), getattr(large, part)
        growth = max(0.0, at_large - at_small)
        return at_small + growth * (spec.n - SMALL_N) / (LARGE_N - SMALL_N)

    return Cost(*(extrapolate(field.name) for field in fields(Cost)))


def is_measured(spec: NetSpec, recipe: Recipe, devices: str = "one") -> bool:
    """Return whether `estimate_cost` would need no new measurement."""
    return all(key in measured_costs for key in measurement_keys(spec, recipe, devices))


def measurement_keys(spec: NetSpec, recipe: Recipe, devices: str) -> list[MeasurementKey]:
    """Return what the time of a step depends on, for the small and for the large measured net."""
    recipe = replace(recipe, name="any", epochs=1)  # a step takes as long for any name and epochs
    return [(spec.version, spec.shortcut, recipe, devices, n) for n in (SMALL_N, LARGE_N)]


def measure_cost(spec: NetSpec, recipe: Recipe, devices: str) -> Cost:
    """Compile this net, train it for a few steps, then time a few more; return its `Cost`."""
    steps = MAX_STEPS_PER_CALL if has_gpu() else TIMED_STEPS_ON_CPU
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (steps * recipe.batch_size, 32, 32, 3), dtype="uint8")
    y = random.integers(0, 10, len(x))
    x_test, y_test = np.resize(x, (TEST_BATCH_SIZE, 32, 32, 3)), np.resize(y, TEST_BATCH_SIZE)
    with device_group(devices) as group:
        started = time.perf_counter()
        model, _ = compile_for_training(spec, recipe, 0, x, 10, steps, group)

        def fit() -> None:
            batches = as_dataset(x, y, recipe.batch_size)
            model.fit(*batches, batch_size=recipe.batch_size, shuffle=False, verbose=0)

        def test() -> None:
            batch_size = group.test_batch_size(TEST_BATCH_SIZE, TEST_BATCH_SIZE)
            batches = as_dataset(x_test, y_test, batch_size)
            model.evaluate(*batches, batch_size=batch_size, verbose=0)

        with group.scope():
            fit()
            test()
            starting = time.perf_counter() - started
            return Cost(
                starting,
                step=measure_seconds(fit) / steps,
                test_image=measure_seconds(test) / TEST_BATCH_SIZE,
            )


def measure_seconds(work: Callable[[], None]) -> float:
    """Call `work` and return the seconds that it took."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
