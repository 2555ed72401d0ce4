"""Train a net: compile, fit, test, resume, and write a `Run`."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

import keras
import numpy as np

from resnet_lib.data.cifar10 import Dataset, LabelledImages, load_cifar10
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import remove_checkpoints
from resnet_lib.runs.machine import backend_versions, device_name, is_onednn_used, source_commit
from resnet_lib.runs.recipes import Recipe
from resnet_lib.runs.run import Run, check_minutes, run_name
from resnet_lib.training.compilation import compile_for_training
from resnet_lib.training.datasets import as_arrays, as_dataset, steps_per_epoch
from resnet_lib.training.devices import DeviceGroup, device_group, report_lost_workers
from resnet_lib.training.progress import EpochRecorder
from resnet_lib.training.state import restore_state, run_lock, save_state

TEST_BATCH_SIZE = 500  # images


def train(
    model_or_spec: keras.Model | NetSpec,
    recipe: Recipe,
    *,
    data: Dataset | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    minutes: float | None = None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    devices: str = "one",
) -> Run:
    """Train a net, write `run.json` and `model.keras` into `folder`, and return the `Run`.

    `model_or_spec` is a `NetSpec`, or a `keras.Model` from float images to probabilities. `data`
    is `((x_train, y_train), (x_test, y_test))`, uint8 images `(count, height, width, channels)`
    and integer labels `(count,)`; CIFAR-10 when left out. `folder` defaults to the run's name
    below `runs/`. `callbacks` are Keras's own; one that has a method `on_run` is also given the
    `Run` so far, before the first epoch and after each one that is saved, and sees the last test.
    `model.keras` maps raw uint8 images to probabilities: it contains the subtraction of the mean
    and the augmentation, which is inactive outside training. The saved weights are the last ones,
    not those with the lowest test error.

    After every epoch the whole state is saved. The same call resumes a training run that was
    interrupted for any reason, and the result is that of an uninterrupted run. With `minutes` it
    stops by itself at the end of the last epoch that fits, and where a callback sets
    `model.stop_training` at the end of that epoch, with status "stopped". A loss that is no longer
    a number ends it with status "diverged", and a warning.

    With `devices="all"` every GPU of the machine, or of all machines that `TF_CONFIG` names, takes
    an equal part of each batch, and the result is that of one device (`devices.py`). The callbacks
    run in every process, and the first one alone writes.

    Raises `ValueError` for data or a recipe that do not fit, for `minutes` below 0, or where
    `folder` holds another training run; `FileExistsError` where it holds a run that has ended;
    `CheckpointError` where a state cannot be saved or read; `RuntimeError` where another process is
    training there; and `WorkerLost`, a `RuntimeError`, where another machine of this run is gone.

    >>> run = train(NetSpec("v1", 3, "pad"), recipe_called("quick", epochs=1))
    >>> run.status, run.test_error
    """
    if isinstance(model_or_spec, NetSpec):
        model_or_spec.depth  # noqa: B018  a spec that cannot be built fails before data are fetched
    check_minutes(minutes)
    callbacks = list(callbacks)
    folder = Path(folder or Path("runs") / run_name(model_or_spec.name, recipe, seed))
    logging.getLogger("tensorflow").addFilter(drop_retracing_warnings)
    with device_group(devices) as group, report_lost_workers(group, folder):
        train_data, test_data = as_arrays(data or load_cifar10())
        x_train, y_train = train_data
        group.check_divisible(recipe.batch_size, len(x_train), len(test_data[0]))
        steps = steps_per_epoch(len(x_train), recipe.batch_size)
        model, net = compile_for_training(
            model_or_spec, recipe, seed, x_train, int(y_train.max()) + 1, steps, group
        )
        run = new_run(model_or_spec, net, recipe, seed, group)

        with run_lock(folder, group.is_chief), group.scope():
            run = restore_state(model, run, folder, len(x_train))
            group.check_same_epoch(run.epochs, folder)
            recorder = EpochRecorder(run, steps, len(x_train))
            notify(callbacks, run)
            started = time.monotonic()
            while run.epochs < recipe.epochs:
                fit_epoch(model, run, train_data, test_data, group, [recorder, *callbacks])
                if not np.isfinite([recorder.values["loss"], recorder.values["test_loss"]]).all():
                    return record_divergence(run, recorder.values, folder, group)
                for name, value in recorder.values.items():
                    run.history[name].append(float(f"{value:.6g}"))
                if group.is_chief:
                    save_state(model, run, folder, len(x_train))
                notify(callbacks, run)
                after_next_epoch = time.monotonic() - started + run.history["seconds"][-1]
                is_out_of_time = minutes is not None and after_next_epoch > 60 * minutes
                stops = group.is_true_anywhere(is_out_of_time or model.stop_training)
                if stops and run.epochs < recipe.epochs:
                    return run

            finish_run(model, run, folder, train_data, group, callbacks)
    return run


def drop_retracing_warnings(record: logging.LogRecord) -> bool:
    """Return whether a log record is not TensorFlow's warning of many compilations.

    The fifth run of a process causes this warning, because each run compiles its own step.
    """
    return "tf.function retracing" not in record.getMessage()


def new_run(
    model_or_spec: keras.Model | NetSpec,
    net: keras.Model,
    recipe: Recipe,
    seed: int,
    group: DeviceGroup,
) -> Run:
    """Describe a training run before its first epoch."""
    return Run(
        model=net.name,
        net=model_or_spec if isinstance(model_or_spec, NetSpec) else None,
        recipe=recipe,
        seed=seed,
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        backend=keras.backend.backend(),
        versions=backend_versions(),
        device=f"{group.count} × {device_name()}" if group.count > 1 else device_name(),
        commit=source_commit(),
        onednn=is_onednn_used(),
    )


def fit_epoch(
    model: keras.Model,
    run: Run,
    train_data: LabelledImages,
    test_data: LabelledImages,
    group: DeviceGroup,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Train the next epoch of `run`, then test.

    The order of the images depends on the seed and the epoch alone, so a resumed run repeats it.
    Every batch is full. The images that are left over differ from epoch to epoch.
    """
    (x_train, y_train), (x_test, y_test) = train_data, test_data
    epoch, batch_size = run.epochs, run.recipe.batch_size
    test_batch_size = group.test_batch_size(len(x_test), TEST_BATCH_SIZE)
    order = np.random.default_rng([run.seed, epoch]).permutation(len(x_train))
    order = order[: steps_per_epoch(len(x_train), batch_size) * batch_size]
    model.fit(
        *as_dataset(x_train[order], y_train[order], batch_size),
        batch_size=batch_size,
        shuffle=False,
        initial_epoch=epoch,
        epochs=epoch + 1,
        validation_data=as_dataset(x_test, y_test, test_batch_size),
        validation_batch_size=test_batch_size,
        callbacks=list(callbacks),
        verbose=0,
    )


def finish_run(
    model: keras.Model,
    run: Run,
    folder: Path,
    train_data: LabelledImages,
    group: DeviceGroup,
    callbacks: Sequence[keras.callbacks.Callback],
) -> None:
    """Measure the training error of the last weights; write the model and the finished `Run`."""
    x_train, y_train = train_data
    batch_size = group.test_batch_size(len(x_train), TEST_BATCH_SIZE)
    logs = model.evaluate(
        *as_dataset(x_train, y_train, batch_size),
        batch_size=batch_size,
        callbacks=[callback for callback in callbacks if hasattr(callback, "on_run")],
        verbose=0,
        return_dict=True,
    )
    run.training_error = round(100 - 100 * logs["accuracy"], 4)
    run.status = "finished"
    if group.is_chief:
        # A new Model over the same layers leaves optimizer and schedule behind.
        keras.Model(model.inputs, model.outputs, name=model.name).save(folder / "model.keras")
        run.save(folder / "run.json")
        remove_checkpoints(folder)
    group.is_true_anywhere(False)  # no process ends before all is written


def record_divergence(run: Run, values: dict[str, float], folder: Path, group: DeviceGroup) -> Run:
    """Write the `Run` whose loss is no longer finite, warn, and return it.

    The last checkpoint stays.
    """
    run.status = "diverged"
    run.note = (
        f"the loss was {values['loss']} in training and {values['test_loss']} on test images in "
        f"epoch {run.epochs + 1}, at a learning rate of {values['learning_rate']:.4g}"
    )
    if group.is_chief:
        run.save(folder / "run.json")
    warnings.warn(f"{run.name} diverged: {run.note}", RuntimeWarning, stacklevel=3)
    return run


def notify(callbacks: Sequence[keras.callbacks.Callback], run: Run) -> None:
    """Give the `Run` so far to the callbacks that have a method `on_run`."""
    for callback in callbacks:
        if hasattr(callback, "on_run"):
            callback.on_run(run)
