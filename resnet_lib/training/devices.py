"""Train on several devices, each of which computes a part of every batch.

The result is that of one device: gradients, batch-norm statistics, augmentation and errors are
computed for the whole batch of the recipe. TensorFlow (`tf.distribute`) and Keras
(`keras.distribution`) do the work. This module selects the tool, checks batch sizes, and explains
what is kept when a machine is lost.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from resnet_lib.runs.checkpoints import newest_epoch

if TYPE_CHECKING:
    import tensorflow as tf

DEVICES = ("one", "all")
MIN_KERAS_VERSION = (3, 10)  # for several devices on TensorFlow, see `check_keras_version`
TF_CONFIG_EXAMPLE = (
    '{"cluster": {"worker": ["host0:2222", "host1:2222"]}, "task": {"type": "worker", "index": 0}}'
)


class WorkerLost(RuntimeError):
    """Report that another process of this training run is gone, and which epoch is saved."""


@dataclass(frozen=True)
class DeviceGroup:
    """Describe the devices of a training run: `count` in all, on all `workers` together.

    A worker is a process with its devices, one per machine. Worker 0 is the chief; only the chief
    writes files.
    """

    count: int = 1
    strategy: tf.distribute.Strategy | None = None  # where TensorFlow distributes the work
    worker: int = 0  # index of this process
    workers: int = 1

    @property
    def is_chief(self) -> bool:
        """Return whether this process is the one that writes files."""
        return self.worker == 0

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which layers are built and trained."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def check_divisible(self, batch_size: int, *num_images: int) -> None:
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

    def test_batch_size(self, num_images: int, maximum: int) -> int:
        """Return the largest batch size up to `maximum` that divides `num_images`.

        One device takes `maximum`; its last batch may be smaller.
        """
        if self.count == 1:
            return maximum
        share, limit = num_images // self.count, max(1, maximum // self.count)
        return self.count * max(size for size in range(1, limit + 1) if share % size == 0)

    def gather(self, number: int) -> np.ndarray:
        """Wait for all workers; return the whole number that each of them passed, `(workers,)`."""
        if self.strategy is None or self.workers == 1:
            return np.array([number])
        import tensorflow as tf

        own = np.zeros(self.workers, "float32")
        own[self.worker] = number
        values = self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(own)
        )
        total = self.strategy.reduce("SUM", values, axis=None).numpy()  # over devices
        return (total * self.workers / self.count).round().astype(int)

    def is_true_anywhere(self, own: bool) -> bool:
        """Return True in every worker if `own` is true in one of them."""
        return bool(self.gather(int(own)).any())

    def check_same_epoch(self, epoch: int, folder: Path) -> None:
        """Raise a `ValueError` unless all workers have read a checkpoint of one epoch."""
        epochs = self.gather(epoch)
        if len(set(epochs)) > 1:
            read = ", ".join(f"worker {worker}: {n}" for worker, n in enumerate(epochs))
            raise ValueError(
                f"the workers have read checkpoints of different epochs from {folder} ({read}); "
                "give them a folder that they share, or copy worker 0's checkpoints to the others"
            )


@contextmanager
def device_group(devices: str) -> Iterator[DeviceGroup]:
    """Set up `devices`, "one" or "all", inside this context; it provides their `DeviceGroup`.

    "all" are the GPUs of this machine, or of the machines that `TF_CONFIG` names. Without a GPU
    they are the CPU devices. The context restores Keras's settings at its end.

    Raises `ValueError` for another value of `devices` and for a `TF_CONFIG` that names no cluster,
    and `RuntimeError` if Keras is too old.
    """
    import keras  # not at the top: `DeviceGroup.check_divisible` needs no Keras

    if devices not in DEVICES:
        raise ValueError(f"devices must be one of {', '.join(DEVICES)}; got {devices!r}")
    config, backend = os.environ.get("TF_CONFIG"), keras.backend.backend()
    if devices == "one":
        yield DeviceGroup()
    elif config and backend != "tensorflow":
        raise ValueError(
            f"TF_CONFIG names machines, for TensorFlow, and Keras runs on {backend}; set "
            "KERAS_BACKEND=tensorflow, or unset TF_CONFIG to train on this machine alone"
        )
    elif config:
        check_keras_version()
        strategy, worker, workers = multi_worker_strategy(config)
        yield DeviceGroup(strategy.num_replicas_in_sync, strategy, worker, workers)
    elif backend == "tensorflow":
        import tensorflow as tf

        listed = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        names = tuple(device.name for device in listed)
        if len(names) > 1:
            check_keras_version()
        yield DeviceGroup(len(names), mirrored_strategy(names) if len(names) > 1 else None)
    else:
        names = keras.distribution.list_devices()
        parallel = keras.distribution.DataParallel(devices=names)
        with parallel.scope() if len(names) > 1 else nullcontext():
            yield DeviceGroup(len(names))


def check_keras_version() -> None:
    """Raise a `RuntimeError` for a Keras whose sums over TensorFlow's devices are wrong.

    Up to 3.7 Keras adds the gradients of the devices where it should average them. Versions 3.8 and
    3.9 do the same with the reported losses: in our tests they differ from those of one device.
    """
    import keras

    if tuple(int(part) for part in keras.__version__.split(".")[:2]) < MIN_KERAS_VERSION:
        raise RuntimeError(
            f"on several devices with TensorFlow, Keras {keras.__version__} adds up what it should "
            "average; `pip install 'keras>=3.10'`, or KERAS_BACKEND=jax, or devices='one'"
        )


@cache  # TensorFlow remembers shapes by the number of a collective; a new strategy counts from 1
def mirrored_strategy(names: tuple[str, ...]) -> tf.distribute.Strategy:
    """Return TensorFlow's strategy for the devices of these names."""
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(list(names))


@cache  # a process joins a cluster once; its next training run finds the strategy here
def multi_worker_strategy(config: str) -> tuple[tf.distribute.Strategy, int, int]:
    """Return `(strategy, worker, workers)` for the machines of `TF_CONFIG`, once all have joined.

    Raises `RuntimeError` if TensorFlow has computed something in this process before.
    """
    worker, workers = worker_index(config)
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


def worker_index(config: str) -> tuple[int, int]:
    """Return `(worker, workers)` of this process by `TF_CONFIG`, a JSON text.

    Raises `ValueError` if the text names no task of a cluster.
    """
    try:
        content = json.loads(config)
        cluster, task = dict(content["cluster"]), content["task"]
        if set(cluster) - {"chief", "worker"}:
            raise ValueError(
                f"its cluster holds {', '.join(cluster)}, and may hold chief and worker"
            )
        kinds = ("chief", "worker")
        tasks = [(kind, i) for kind in kinds for i in range(len(cluster.get(kind, ())))]
        own = (task["type"], int(task["index"]))
        if own not in tasks:
            raise ValueError(f"its task is {own[0]} {own[1]}, and its cluster has {len(tasks)}")
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(
            f"TF_CONFIG names no place in a cluster: {problem!r}. It must be JSON such as "
            f"{TF_CONFIG_EXAMPLE}; got {config}"
        ) from problem
    return tasks.index(own), len(tasks)


@contextmanager
def report_lost_workers(group: DeviceGroup, folder: Path) -> Iterator[None]:
    """Turn TensorFlow's errors about a missing worker into a `WorkerLost` with the next step.

    TensorFlow notices a process that has ended at the next collective step, and a process that
    hangs or a machine that vanishes after some seconds without a heartbeat.
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
