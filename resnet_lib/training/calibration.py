"""How long a training will take on the device at hand, from a few steps of two small nets."""

import time
from dataclasses import dataclass, fields, replace

import numpy as np

from resnet_lib.runs.machine import has_gpu
from resnet_lib.training.devices import over
from resnet_lib.training.train import MOST_STEPS, TEST_BATCH, for_fit, prepare

FEW, MANY = 1, 3  # n: stages repeat one block, so that a net's times lie on a line in n
measured: dict = {}  # as `keys_of` names them: Cost


@dataclass(frozen=True)
class Cost:
    """Seconds on this device: to start, for one step of training, and to test one image."""

    starting: float
    step: float
    test_image: float

    def of_epoch(self, recipe, num_train, num_test):
        """Seconds of an epoch on so many images, its test included."""
        steps = max(1, num_train // recipe.batch_size)
        return steps * self.step + num_test * self.test_image

    def of_training(self, recipe, num_train, num_test):
        """Seconds of a whole training, with its start and the last look at all images."""
        epochs = recipe.epochs * self.of_epoch(recipe, num_train, num_test)
        return self.starting + epochs + num_train * self.test_image


def cost_of(spec, recipe, devices="one", give_up=lambda: False):
    """The `Cost` of training a `NetSpec` by a `Recipe`; None where `give_up()` came true meanwhile.

    Two nets of its kind, of 1 and 3 blocks a stage, are trained a few steps on noise, and a line
    through their times leads to any n. That takes as long as compiling the two, once in a process.
    """
    keys = keys_of(spec, recipe, devices)
    for key, n in zip(keys, (FEW, MANY), strict=True):
        if give_up():
            return None
        if key not in measured:
            measured[key] = measure(replace(spec, n=n), recipe, devices)
    few, many = (measured[key] for key in keys)

    def at_n(part):
        one, other = getattr(few, part), getattr(many, part)
        return one + max(0.0, other - one) * (spec.n - FEW) / (MANY - FEW)

    return Cost(*(at_n(field.name) for field in fields(Cost)))


def is_known(spec, recipe, devices="one"):
    """Whether `cost_of` has its answer already."""
    return all(key in measured for key in keys_of(spec, recipe, devices))


def keys_of(spec, recipe, devices):
    """What makes up the time of a step, for the two nets that are measured."""
    recipe = replace(recipe, name="any", epochs=1)
    return [(spec.version, spec.shortcut, recipe, devices, n) for n in (FEW, MANY)]


def measure(spec, recipe, devices):
    """The `Cost` of this very net: a few steps are compiled, then a few more are timed."""
    steps = MOST_STEPS if has_gpu() else 3
    random = np.random.default_rng(0)
    x = random.integers(0, 256, (steps * recipe.batch_size, 32, 32, 3), dtype="uint8")
    y = random.integers(0, 10, len(x))
    images = np.resize(x, (TEST_BATCH, 32, 32, 3)), np.resize(y, TEST_BATCH)
    with over(devices) as group:
        began = time.perf_counter()
        model, _ = prepare(spec, recipe, 0, x, 10, steps, group)

        def fit():
            batches = for_fit(x, y, recipe.batch_size)
            model.fit(*batches, batch_size=recipe.batch_size, shuffle=False, verbose=0)

        def test():
            batch = group.test_batch(TEST_BATCH, TEST_BATCH)
            model.evaluate(*for_fit(*images, batch), batch_size=batch, verbose=0)

        def seconds(work):
            start = time.perf_counter()
            work()
            return time.perf_counter() - start

        with group.scope():
            fit()
            test()
            starting = time.perf_counter() - began
            return Cost(starting, seconds(fit) / steps, seconds(test) / TEST_BATCH)
