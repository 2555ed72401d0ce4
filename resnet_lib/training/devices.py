"""More than one device: each computes its part of every batch, and together they take one step.

The batch is the recipe's, and so is the result: gradients, batch-norm statistics, augmentation and
errors are those of the whole batch. TensorFlow (`tf.distribute`) and Keras (`keras.distribution`)
do the work; here stands which of their tools is taken, what has to fit, and what is said when a
machine is lost.
"""

import json
import os
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache

import numpy as np

from resnet_lib.runs.checkpoints import newest_epoch

DEVICES = ("one", "all")
KERAS = (3, 10)  # from here on, on TensorFlow: see `check_keras`
CLUSTER = (  # what TF_CONFIG has to look like
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)


class WorkerLost(RuntimeError):
    """Another process of this training is gone; the message says what is kept, and how to go on."""


@dataclass(frozen=True)
class Devices:
    """What a training runs on: `count` devices, those of all `workers` together.

    A worker is a process with its devices, one a machine; worker 0 is the chief, which alone
    writes.
    """

    count: int = 1
    strategy: object = None  # of tf.distribute, where that is what spreads the work
    worker: int = 0
    workers: int = 1

    @property
    def chief(self):
        return self.worker == 0

    def scope(self):
        """Where layers are built and trained."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def check(self, batch_size, *num_images):
        """Raise a `ValueError` unless every batch, and all images, divide among the devices."""
        if batch_size % self.count:
            below = batch_size // self.count * self.count
            sizes = " or ".join(str(size) for size in (below, below + self.count) if size)
            fewer = max(count for count in range(1, self.count) if batch_size % count == 0)
            raise ValueError(
                f"a batch of {batch_size} images does not divide among {self.count} devices; take "
                f"batch_size={sizes} in the recipe, or {fewer} of the devices"
            )
        for count in num_images:
            if count % self.count:
                raise ValueError(
                    f"{count:,} images do not divide among {self.count} devices, so they could not "
                    f"be tested each once; leave {count % self.count} out, or take fewer devices"
                )

    def test_batch(self, num_images, most):
        """The largest batch up to `most` of which equal ones take in all the images.

        One device takes `most`, and what is left.
        """
        if self.count == 1:
            return most
        share, limit = num_images // self.count, max(1, most // self.count)
        return self.count * max(size for size in range(1, limit + 1) if share % size == 0)

    def gather(self, number):
        """The whole number that each worker brings, `(workers,)`. It waits for all of them."""
        if self.workers == 1:
            return np.array([number])
        import tensorflow as tf

        mine = np.zeros(self.workers, "float32")
        mine[self.worker] = number
        each = self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(mine)
        )
        whole = self.strategy.reduce("SUM", each, axis=None).numpy()
        return (whole * self.workers / self.count).round().astype(int)  # each device added it

    def any(self, mine):
        """True in every worker where it is true in one of them."""
        return bool(self.gather(int(mine)).any())

    def agree(self, epoch, folder):
        """Raise a `ValueError` unless all workers have read the same state."""
        epochs = self.gather(epoch)
        if len(set(epochs)) > 1:
            read = ", ".join(f"worker {worker}: {n}" for worker, n in enumerate(epochs))
            raise ValueError(
                f"the workers have read checkpoints of different epochs from {folder} ({read}); "
                "give them a folder that they share, or copy worker 0's checkpoints to the others"
            )


@contextmanager
def over(devices):
    """Let the training inside run on `devices`, "one" or "all"; gives the `Devices` that are meant.

    "all" are the GPUs of this machine, or of those that `TF_CONFIG` names; without a GPU, the CPU
    devices. Afterwards everything is as it was, and the next training may run on one.
    Raises `ValueError` for another word and for a `TF_CONFIG` that names no cluster, and
    `RuntimeError` where Keras is too old.
    """
    import keras  # not at the top: what has to fit is checked without it

    if devices not in DEVICES:
        raise ValueError(f"devices must be one of {', '.join(DEVICES)}; got {devices!r}")
    config, backend = os.environ.get("TF_CONFIG"), keras.backend.backend()
    if devices == "one":
        yield Devices()
    elif config and backend != "tensorflow":
        raise ValueError(
            f"TF_CONFIG names machines, for TensorFlow, and Keras runs on {backend}; set "
            "KERAS_BACKEND=tensorflow, or unset TF_CONFIG to train on this machine alone"
        )
    elif config:
        check_keras()
        strategy, worker, workers = cluster(config)
        yield Devices(strategy.num_replicas_in_sync, strategy, worker, workers)
    elif backend == "tensorflow":
        import tensorflow as tf

        found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        names = [device.name for device in found]
        if len(names) > 1:
            check_keras()
        yield Devices(len(names), mirrored(tuple(names)) if len(names) > 1 else None)
    else:
        names = keras.distribution.list_devices()
        parallel = keras.distribution.DataParallel(devices=names)
        with parallel.scope() if len(names) > 1 else nullcontext():
            yield Devices(len(names))


def check_keras():
    """Raise a `RuntimeError` for a Keras that gets the sum over TensorFlow's devices wrong.

    Up to 3.7 it adds their gradients where it should average them, and 3.8 and 3.9 do so with the
    losses that they tell: ours to see, for the losses of two devices are not those of one.
    """
    import keras

    if tuple(int(part) for part in keras.__version__.split(".")[:2]) < KERAS:
        raise RuntimeError(
            f"on several devices with TensorFlow, Keras {keras.__version__} adds up what it should "
            "average; `pip install 'keras>=3.10'`, or KERAS_BACKEND=jax, or devices='one'"
        )


@cache  # each would count its collectives from one, and TensorFlow remembers their shapes
def mirrored(names):
    """TensorFlow's strategy for the devices of these names."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(names))


@cache  # a process joins a cluster once; what it trains next finds the strategy here
def cluster(config):
    """TensorFlow's strategy for the machines of `TF_CONFIG`, which worker this is, and of how many.

    It waits until all of them are there.
    """
    worker, workers = place(config)
    import tensorflow as tf

    try:
        return tf.distribute.MultiWorkerMirroredStrategy(), worker, workers
    except RuntimeError as problem:
        if "program startup" not in str(problem):
            raise
        raise RuntimeError(
            "TensorFlow has computed something in this process already, and it joins other "
            "machines only before that; train(devices='all') must come first, in a fresh process"
        ) from problem


def place(config):
    """`(worker, workers)`: which of how many this process is, by `TF_CONFIG`, a JSON text."""
    try:
        whole = json.loads(config)
        kinds, task = dict(whole["cluster"]), whole["task"]
        if set(kinds) - {"chief", "worker"}:
            raise ValueError(f"its cluster holds {', '.join(kinds)}, and may hold chief and worker")
        tasks = [(kind, i) for kind in ("chief", "worker") for i in range(len(kinds.get(kind, ())))]
        mine = (task["type"], int(task["index"]))
        if mine not in tasks:
            raise ValueError(f"its task is {mine[0]} {mine[1]}, and its cluster has {len(tasks)}")
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(
            f"TF_CONFIG names no place in a cluster: {problem!r}. It must be JSON such as "
            f"{CLUSTER}; got {config}"
        ) from problem
    return tasks.index(mine), len(tasks)


@contextmanager
def watched(group, folder):
    """Turn what TensorFlow says when a worker is gone into a `WorkerLost` that tells how to go on.

    A process that has ended is noticed as soon as it is waited for; one that hangs, or a machine
    that vanishes, when its heartbeats have failed to come for some seconds.
    """
    if group.workers == 1:
        yield
        return
    from tensorflow import errors

    try:
        yield
    except (
        errors.UnavailableError,
        errors.DeadlineExceededError,
        errors.AbortedError,
        errors.CancelledError,
    ) as problem:
        epoch = newest_epoch(folder)
        kept = f"epoch {epoch} is kept in {folder}" if epoch else f"{folder} holds no epoch yet"
        raise WorkerLost(
            f"one of the {group.workers} workers has ended or cannot be reached; {kept}. Start the "
            "same command on all of them again, or on one of them alone with devices='one' "
            "(--devices one), and the training goes on from there"
        ) from problem
