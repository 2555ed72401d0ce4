"""train(): compile, fit, resume, and write a Run."""

import json
import logging
import random
import time
import warnings
from contextlib import contextmanager, nullcontext
from pathlib import Path

import keras
import numpy as np
from filelock import FileLock, Timeout

from resnet_lib.data.augmentation import PixelMeanNormalization, RandomCropFlip, RandomShiftFlip
from resnet_lib.data.cifar10 import load_cifar10
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.checkpoints import load_checkpoint, remove_checkpoints, save_checkpoint
from resnet_lib.runs.machine import (
    backend_versions,
    device_name,
    has_gpu,
    is_onednn_used,
    source_commit,
)
from resnet_lib.runs.run import Run, check_minutes, run_name
from resnet_lib.training.devices import over, watched
from resnet_lib.training.progress import EpochRecorder

TEST_BATCH = 500  # images
MOST_STEPS = 32  # of training in one compiled call, where a GPU would wait for Python between two


def train(
    model_or_spec,
    recipe,
    *,
    data=None,
    seed=0,
    folder=None,
    minutes=None,
    callbacks=(),
    devices="one",
):
    """Train a net, write `run.json` and `model.keras` into `folder`, and return the `Run`.

    `model_or_spec` is a `NetSpec`, or a `keras.Model` from float images to probabilities. `data`
    is `((x_train, y_train), (x_test, y_test))`, uint8 images `(count, height, width, channels)`
    and integer labels `(count,)`; CIFAR-10 when left out. `folder` defaults to the run's name
    below `runs/`. `callbacks` are Keras's own; one that has a method `on_run` is also given the
    `Run` so far, before the first epoch and after each one that is saved, and sees the last test.
    `model.keras` maps raw uint8 images to probabilities: it holds the subtraction of the mean and
    the augmentation, which sleeps outside training. The weights kept are the last, not the best on
    test images.

    After every epoch the whole state is saved. A training that was interrupted, however that
    happened, goes on from there when the same call is made again, and ends as if it had never
    stopped. With `minutes` it stops by itself at the end of the last epoch that fits, and where a
    callback sets `model.stop_training` at the end of that epoch, with status "stopped". A loss that
    is no longer a number ends it with status "diverged", and a warning.

    With `devices="all"` every GPU of the machine, or of all machines that `TF_CONFIG` names, takes
    an equal part of each batch, and the result is that of one device (`devices.py`). The callbacks
    run in every process, and the first one alone writes.

    Raises `ValueError` for data or a recipe that do not fit, for `minutes` below 0, or where
    `folder` holds another training; `FileExistsError` where it holds a run that has ended;
    `CheckpointError` where a state cannot be saved or read; `RuntimeError` where another process is
    training there; and its kind `WorkerLost` where another machine of this training is gone.

    >>> run = train(NetSpec("v1", 3, "pad"), recipe_called("quick", epochs=1))
    >>> run.status, run.test_error
    """
    if isinstance(model_or_spec, NetSpec):
        model_or_spec.depth  # noqa: B018  a spec that cannot be built fails before data are fetched
    check_minutes(minutes)
    folder = Path(folder or Path("runs") / run_name(model_or_spec.name, recipe, seed))
    logging.getLogger("tensorflow").addFilter(not_of_retracing)
    with over(devices) as group, watched(group, folder):
        (x_train, y_train), (x_test, y_test) = check_data(data or load_cifar10())
        group.check(recipe.batch_size, len(x_train), len(x_test))
        steps = max(1, len(x_train) // recipe.batch_size)  # in an epoch: full batches, of one shape
        classes = int(y_train.max()) + 1
        model, run = prepare(model_or_spec, recipe, seed, x_train, classes, steps, group)

        with only_here(folder, group.chief), group.scope():
            run = resume(model, run, folder, len(x_train))
            group.agree(run.epochs, folder)
            record = EpochRecorder(run, steps, len(x_train))
            tell(callbacks, run)
            test_batch = group.test_batch(len(x_test), TEST_BATCH)
            test_data = for_fit(x_test, y_test, test_batch)
            started = time.monotonic()
            while run.epochs < recipe.epochs:
                epoch = run.epochs
                order = np.random.default_rng([seed, epoch]).permutation(len(x_train))
                order = order[: steps * recipe.batch_size]  # others are left out in each epoch
                model.fit(
                    *for_fit(x_train[order], y_train[order], recipe.batch_size),
                    batch_size=recipe.batch_size,
                    shuffle=False,
                    initial_epoch=epoch,
                    epochs=epoch + 1,
                    validation_data=test_data,
                    validation_batch_size=test_batch,
                    callbacks=[record, *callbacks],
                    verbose=0,
                )
                if not np.isfinite([record.figures["loss"], record.figures["test_loss"]]).all():
                    return ended_in_divergence(run, record.figures, folder, group.chief)
                for name, figure in record.figures.items():
                    run.history[name].append(float(f"{figure:.6g}"))
                if group.chief:
                    save_state(model, run, folder, len(x_train))
                tell(callbacks, run)
                late = time.monotonic() - started + run.history["seconds"][-1]
                out_of_time = minutes is not None and late > 60 * minutes
                stops = group.any(out_of_time or model.stop_training)
                if stops and run.epochs < recipe.epochs:
                    return run

            finish(model, run, folder, x_train, y_train, group, callbacks)
    return run


def not_of_retracing(record):
    """TensorFlow warns of the fifth training in a process, as each compiles steps of its own."""
    return "tf.function retracing" not in record.getMessage()


def finish(model, run, folder, x_train, y_train, group, callbacks):
    """Take the training error of the last weights, and put model and run in place."""
    batch = group.test_batch(len(x_train), TEST_BATCH)
    whole = for_fit(x_train, y_train, batch)
    watching = [callback for callback in callbacks if hasattr(callback, "on_run")]
    how = {"batch_size": batch, "callbacks": watching, "verbose": 0, "return_dict": True}
    logs = model.evaluate(*whole, **how)
    run.training_error = round(100 - 100 * logs["accuracy"], 4)
    run.status = "finished"
    if group.chief:
        # A new Model over the same layers leaves optimizer and schedule behind.
        keras.Model(model.inputs, model.outputs, name=model.name).save(folder / "model.keras")
        run.save(folder / "run.json")
        remove_checkpoints(folder)
    group.any(False)  # no process ends before all is written


def tell(callbacks, run):
    """Give the `Run` so far to those of the callbacks that want it."""
    for callback in callbacks:
        getattr(callback, "on_run", lambda run: None)(run)


def check_data(data):
    """Raise a `ValueError` unless `data` are two pairs of uint8 images and integer labels."""
    for part, (x, y) in zip(("training", "test"), data, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype != np.uint8 or x.ndim != 4 or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
            raise ValueError(
                f"{part} data must be uint8 images (count, height, width, channels) and integer "
                f"labels (count,); got {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
        if not len(x):
            raise ValueError(f"there are no {part} images; expected one or more")
    (_, y_train), (_, y_test) = data
    if min(np.min(y_train), np.min(y_test)) < 0 or np.max(y_test) > np.max(y_train):
        raise ValueError(
            f"labels must count from 0, and the net gets a class for each up to the highest in "
            f"training, {np.max(y_train)}; got {np.min(y_train)} in training, and {np.min(y_test)} "
            f"to {np.max(y_test)} in the test"
        )
    return data


def prepare(model_or_spec, recipe, seed, x_train, num_classes, steps, group):
    """The compiled model from raw images to probabilities, and its `Run` with nothing done yet."""
    net, spec = model_or_spec, None
    with seeded(seed), dtype_policy(recipe.precision), group.scope():
        if isinstance(model_or_spec, NetSpec):
            spec = model_or_spec
            net = spec.build(x_train.shape[1:], num_classes)
        elif group.count > 1:
            raise ValueError(
                f"a model that is built already lies on one device, and here are {group.count}; "
                "pass a NetSpec, or devices='one'"
            )
        elif recipe.precision != "float32":
            raise ValueError(
                f"a model that is built already keeps its precision, and the recipe asks for "
                f"{recipe.precision}; pass a NetSpec, or replace(recipe, precision='float32')"
            )
        model = with_preprocessing(net, recipe, x_train, seed)
    if group.workers > 1:
        model = AcrossMachines(model.inputs, model.outputs, name=model.name)
    on_gpu = has_gpu()
    # TensorFlow on a CPU takes three times as long to start with XLA, and runs no faster. A step
    # that several devices take together goes through neither XLA nor Keras's loop over steps.
    compiled = keras.backend.backend() != "tensorflow" or (on_gpu and group.strategy is None)
    at_once = largest_divisor(steps, MOST_STEPS) if on_gpu and group.strategy is None else 1
    with group.scope():
        model.compile(
            optimizer=optimizer(recipe, steps, len(x_train), spec.depth if spec else 0),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile="auto" if compiled else False,
            steps_per_execution=at_once,
        )
    run = Run(
        model=net.name,
        net=spec,
        recipe=recipe,
        seed=seed,
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        backend=keras.backend.backend(),
        versions=backend_versions(),
        device=f"{group.count} × {device_name()}" if group.count > 1 else device_name(),
        commit=source_commit(),
        onednn=is_onednn_used(),
    )
    return model, run


@contextmanager
def seeded(seed):
    """What is drawn inside follows from `seed`; afterwards the caller's own draws go on."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002  Keras seeds that one
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


@contextmanager
def dtype_policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def with_preprocessing(net, recipe, x_train, seed):
    """Put normalisation and augmentation in front of `net`: raw uint8 images go in."""
    augmentation = {"crop-flip": RandomCropFlip, "shift-flip": RandomShiftFlip}
    inputs = keras.Input(x_train.shape[1:], dtype="uint8", name="uint8_image")
    x = PixelMeanNormalization.from_data(x_train, name="normalize")(inputs)
    if recipe.augmentation in augmentation:
        x = augmentation[recipe.augmentation](seed=seed, name="augment")(x)
    with_kernel = (keras.layers.Conv2D, keras.layers.Dense)
    penalized = keras.layers.Conv2D if recipe.penalized == "convolutions" else with_kernel
    for layer in net.layers:
        if isinstance(layer, with_kernel):
            penalty = keras.regularizers.L2(recipe.l2) if isinstance(layer, penalized) else None
            layer.kernel_regularizer = layer.kernel.regularizer = penalty
    return keras.Model(inputs, net(x), name=f"{net.name}_on_uint8")


def for_fit(x, y, batch_size):
    """What `fit` is given: `(x, y)`; for TensorFlow the data set that it would make of them, alone.

    Keras's own tunes itself, in a thread that sleeps up to a minute between two looks, and at the
    end of an epoch all wait for it to wake (TensorFlow 2.21). There is nothing here to tune.
    """
    if keras.backend.backend() != "tensorflow":
        return x, y
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size).prefetch(2)
    return (batches.with_options(options),)


class AcrossMachines(keras.Model):
    """A model whose steps Keras can take across machines, which it does not by itself to 3.15.

    It averages what a step returns along a first axis, and a number has none. And before the first
    step it would average the images of all machines, unless the model, though not its layers, is
    made outside the strategy's scope. Source: github.com/keras-team/keras/issues/20585.
    """

    def train_step(self, data):
        return with_an_axis(super().train_step(data))

    def test_step(self, data):
        return with_an_axis(super().test_step(data))


def with_an_axis(figures):
    return {name: keras.ops.reshape(figure, (1,)) for name, figure in figures.items()}


class PerStep(keras.optimizers.schedules.LearningRateSchedule):
    """A recipe's learning rate as a table with one entry a step, read inside the compiled step."""

    def __init__(self, table):
        self.table = np.asarray(table, dtype="float32")

    def __call__(self, step):
        last = len(self.table) - 1
        return keras.ops.take(self.table, keras.ops.minimum(keras.ops.cast(step, "int32"), last))

    def get_config(self):
        return {"table": self.table.tolist()}


def optimizer(recipe, steps, num_images, depth=0):
    """The recipe's Keras optimizer, for `steps` batches an epoch out of `num_images`."""
    schedule = PerStep(
        [
            recipe.learning_rate_at_step(step, num_images, depth)
            for step in range(recipe.epochs * steps)
        ]
    )
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(schedule)
    return keras.optimizers.SGD(
        schedule, momentum=recipe.momentum, nesterov=recipe.optimizer == "nesterov"
    )


def largest_divisor(number, most):
    return max(divisor for divisor in range(1, most + 1) if number % divisor == 0)


# ---------------------------------------------------------------- stop, and go on


@contextmanager
def only_here(folder, chief):
    """Hold `folder` for this process; refuse where another trains in it, or a run has ended.

    Of several processes of one training only the `chief` writes, and so holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0) if chief else nullcontext():
            if (folder / "run.json").exists():
                raise FileExistsError(
                    f"{folder} already holds a run; name another folder or move it away"
                )
            yield
    except Timeout as problem:
        raise RuntimeError(
            f"another process is training in {folder}; wait for it, or name another folder"
        ) from problem


def state_variables(model):
    """All that a training is made of: weights, averages, random states, and the optimizer's."""
    return [*model.variables, *model.optimizer.variables]


def save_state(model, run, folder, num_images):
    arrays = [keras.ops.convert_to_numpy(variable) for variable in state_variables(model)]
    meta = {"run": json.loads(run.to_json()), "images": num_images}
    save_checkpoint(folder, run.epochs, arrays, meta)


def resume(model, run, folder, num_images):
    """Bring `model` to where `folder`'s checkpoint left it; returns the run so far.

    `num_images` are those it trains on: as many as before, or these are other data.
    """
    model.optimizer.build(model.trainable_variables)
    stored = load_checkpoint(folder)
    if stored is None:
        return run
    arrays, meta = stored
    before = Run.from_json(json.dumps(meta.get("run")), folder)
    if meta["images"] != num_images:
        raise ValueError(
            f"{folder} holds a training on {meta['images']:,} images, and this one has "
            f"{num_images:,}; name another folder, or move that one away"
        )
    for field in ("model", "net", "recipe", "seed", "parameters", "backend"):
        was, now = getattr(before, field), getattr(run, field)
        if was != now:
            raise ValueError(
                f"{folder} holds a training begun with {field} {was!r}, and this one has {now!r}; "
                "name another folder, or move that one away"
            )
    variables = state_variables(model)
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [array.shape for array in arrays]:
        raise ValueError(f"{folder} holds a training on images of another shape; name another")
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)
    return before


def ended_in_divergence(run, figures, folder, chief):
    """Record that a training came to nothing. The last good checkpoint stays where it is."""
    run.status = "diverged"
    run.note = (
        f"the loss was {figures['loss']} in training and {figures['test_loss']} on test images in "
        f"epoch {run.epochs + 1}, at a learning rate of {figures['learning_rate']:.4g}"
    )
    if chief:
        run.save(folder / "run.json")
    warnings.warn(f"{run.name} diverged: {run.note}", RuntimeWarning, stacklevel=3)
    return run
