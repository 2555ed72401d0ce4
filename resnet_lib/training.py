"""train(): compile, fit, resume, and write a Run."""

import json
import time
import warnings
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from filelock import FileLock, Timeout

from resnet_lib.augmentation import PixelMeanNormalization, RandomCropFlip, RandomShiftFlip
from resnet_lib.checkpoints import load_checkpoint, remove_checkpoints, save_checkpoint
from resnet_lib.data import load_cifar10
from resnet_lib.machine import backend_versions, device_name, has_gpu, source_commit
from resnet_lib.nets import NetSpec
from resnet_lib.progress import EpochRecorder
from resnet_lib.runs import Run

TEST_BATCH = 500  # images
MOST_STEPS = 32  # of training in one compiled call, where a GPU would wait for Python between two


def train(model_or_spec, recipe, *, data=None, seed=0, folder=None, minutes=None, callbacks=()):
    """Train a net, write `run.json` and `model.keras` into `folder`, and return the `Run`.

    `model_or_spec` is a `NetSpec`, or a `keras.Model` from float images to probabilities. `data`
    is `((x_train, y_train), (x_test, y_test))`, uint8 images `(count, height, width, channels)`
    and integer labels `(count,)`; CIFAR-10 when left out. `folder` defaults to the run's name
    below `runs/`. `callbacks` are Keras's own. `model.keras` maps raw uint8 images to
    probabilities: it holds the subtraction of the mean and the augmentation, which sleeps outside
    training. The weights kept are the last, not the best on test images.

    After every epoch the whole state is saved. A training that was interrupted, however that
    happened, goes on from there when the same call is made again, and ends as if it had never
    stopped. With `minutes` it stops by itself at the end of the last epoch that fits, with status
    "stopped". A loss that is no longer a number ends it with status "diverged", and a warning.

    Raises `ValueError` for data or a recipe that do not fit, or where `folder` holds another
    training; `FileExistsError` where it holds a run that has ended; `CheckpointError` where a
    state cannot be saved or read; `RuntimeError` where another process is training there.
    """
    if isinstance(model_or_spec, NetSpec):
        model_or_spec.depth  # noqa: B018  a spec that cannot be built fails before data are fetched
    (x_train, y_train), (x_test, y_test) = check_data(data or load_cifar10())
    steps = max(1, len(x_train) // recipe.batch_size)  # in an epoch: full batches, of one shape
    model, run = prepare(model_or_spec, recipe, seed, x_train, int(y_train.max()) + 1, steps)
    folder = Path(folder or Path("runs") / run.name)

    with only_here(folder):
        run = resume(model, run, folder)
        record = EpochRecorder(run, steps)
        test_data = for_fit(x_test, y_test, TEST_BATCH)
        started = time.monotonic()
        while run.epochs < recipe.epochs:
            epoch = run.epochs
            order = np.random.default_rng([seed, epoch]).permutation(len(x_train))
            order = order[: steps * recipe.batch_size]  # those left out are others in each epoch
            model.fit(
                *for_fit(x_train[order], y_train[order], recipe.batch_size),
                batch_size=recipe.batch_size,
                shuffle=False,
                initial_epoch=epoch,
                epochs=epoch + 1,
                validation_data=test_data,
                validation_batch_size=TEST_BATCH,
                callbacks=[record, *callbacks],
                verbose=0,
            )
            if not np.isfinite([record.figures["loss"], record.figures["test_loss"]]).all():
                return ended_in_divergence(run, record.figures, folder)
            for name, figure in record.figures.items():
                run.history[name].append(float(f"{figure:.6g}"))
            save_state(model, run, folder)
            late = time.monotonic() - started + run.history["seconds"][-1]
            if minutes is not None and late > 60 * minutes and run.epochs < recipe.epochs:
                return run

        whole = for_fit(x_train, y_train, TEST_BATCH)
        logs = model.evaluate(*whole, batch_size=TEST_BATCH, verbose=0, return_dict=True)
        run.training_error = round(100 - 100 * logs["accuracy"], 4)
        run.status = "finished"
        # A new Model over the same layers leaves optimizer and schedule behind.
        keras.Model(model.inputs, model.outputs, name=model.name).save(folder / "model.keras")
        run.save(folder / "run.json")
        remove_checkpoints(folder)
    return run


def check_data(data):
    """Raise a `ValueError` unless `data` are two pairs of uint8 images and integer labels."""
    for part, (x, y) in zip(("training", "test"), data, strict=True):
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype != np.uint8 or x.ndim != 4 or y.shape != x.shape[:1] or y.dtype.kind not in "iu":
            raise ValueError(
                f"{part} data must be uint8 images (count, height, width, channels) and integer "
                f"labels (count,); got {x.dtype} {x.shape} and {y.dtype} {y.shape}"
            )
    return data


def prepare(model_or_spec, recipe, seed, x_train, num_classes, steps):
    """The compiled model from raw images to probabilities, and its `Run` with nothing done yet."""
    keras.utils.set_random_seed(seed)
    net, spec = model_or_spec, None
    with dtype_policy(recipe.precision):
        if isinstance(model_or_spec, NetSpec):
            spec = model_or_spec
            net = spec.build(x_train.shape[1:], num_classes)
        elif recipe.precision != "float32":
            raise ValueError(
                f"a model that is built already keeps its precision, and the recipe asks for "
                f"{recipe.precision}; pass a NetSpec, or replace(recipe, precision='float32')"
            )
        model = with_preprocessing(net, recipe, x_train, seed)
    on_gpu = has_gpu()
    model.compile(
        optimizer=optimizer(recipe, steps, len(x_train), spec.depth if spec else 0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # TensorFlow on a CPU takes three times as long to start with XLA, and runs no faster.
        jit_compile="auto" if on_gpu or keras.backend.backend() != "tensorflow" else False,
        steps_per_execution=largest_divisor(steps, MOST_STEPS) if on_gpu else 1,
    )
    run = Run(
        model=net.name,
        net=spec,
        recipe=recipe,
        seed=seed,
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        backend=keras.backend.backend(),
        versions=backend_versions(),
        device=device_name(),
        commit=source_commit(),
    )
    return model, run


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
    """The recipe's Keras optimizer, for `steps` batches an epoch out of `num_images`.

    Schedules count passes over the images: step 32,000 of the paper is step 32,000 here, though an
    epoch leaves out what does not fill a batch.
    """
    passes_per_step = min(recipe.batch_size, num_images) / num_images
    schedule = PerStep(
        [
            recipe.learning_rate_at(step * passes_per_step, depth)
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
def only_here(folder):
    """Hold `folder` for this process; refuse where another trains in it, or a run has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder / "lock", timeout=0):
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


def save_state(model, run, folder):
    arrays = [keras.ops.convert_to_numpy(variable) for variable in state_variables(model)]
    save_checkpoint(folder, run.epochs, arrays, json.loads(run.to_json()))


def resume(model, run, folder):
    """Bring `model` to where `folder`'s checkpoint left it; returns the run so far."""
    model.optimizer.build(model.trainable_variables)
    stored = load_checkpoint(folder)
    if stored is None:
        return run
    arrays, meta = stored
    before = Run.from_json(json.dumps(meta), folder)
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


def ended_in_divergence(run, figures, folder):
    """Record that a training came to nothing. The last good checkpoint stays where it is."""
    run.status = "diverged"
    run.note = (
        f"the loss was {figures['loss']} in training and {figures['test_loss']} on test images in "
        f"epoch {run.epochs + 1}, at a learning rate of {figures['learning_rate']:.4g}"
    )
    run.save(folder / "run.json")
    warnings.warn(f"{run.name} diverged: {run.note}", RuntimeWarning, stacklevel=3)
    return run
