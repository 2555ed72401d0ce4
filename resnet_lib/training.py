"""train(): compile, fit, write a Run."""

import platform
import sys
import time
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from resnet_lib.augmentation import PixelMeanNormalization, RandomCropFlip, RandomShiftFlip
from resnet_lib.data import load_cifar10
from resnet_lib.runs import NetSpec, Run


def train(model_or_spec, recipe, *, data=None, seed=0, folder=None):
    """Train a net, write `run.json` and `model.keras` into `folder`, and return the `Run`.

    `model_or_spec` is a `NetSpec`, or a `keras.Model` from float images to probabilities. `data`
    is `((x_train, y_train), (x_test, y_test))`, uint8 images `(count, height, width, channels)`
    and integer labels `(count,)`; CIFAR-10 when left out. `folder` defaults to a name made of
    net, recipe and seed below `runs/`. `model.keras` maps raw uint8 images to probabilities: it
    holds the subtraction of the mean and the augmentation, which sleeps outside training.
    Raises `ValueError` for data that do not fit, `FileExistsError` where `folder` has a run.
    """
    if isinstance(model_or_spec, NetSpec):
        model_or_spec.depth  # noqa: B018  a spec that cannot be built fails before data are fetched
    (x_train, y_train), (x_test, y_test) = check_data(data or load_cifar10())
    keras.utils.set_random_seed(seed)
    net, spec = model_or_spec, None
    if isinstance(model_or_spec, NetSpec):
        spec = model_or_spec
        net = spec.build(x_train.shape[1:], int(y_train.max()) + 1)
    backend = keras.backend.backend()
    run = Run(
        model=net.name,
        net=spec,
        recipe=recipe,
        seed=seed,
        parameters=sum(int(np.prod(weight.shape)) for weight in net.trainable_weights),
        backend=backend,
        versions={"python": platform.python_version()}
        | {name: version(name) for name in ("keras", backend, "numpy")},
        device=device_name(),
    )
    folder = Path(folder or Path("runs") / run.name)
    if (folder / "run.json").exists():
        raise FileExistsError(f"{folder} already holds a run; name another folder or move it away")

    model = with_preprocessing(net, recipe, x_train, seed)
    steps_per_epoch = -(-len(x_train) // recipe.batch_size)
    model.compile(
        optimizer=optimizer(recipe, steps_per_epoch),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        # TensorFlow on a CPU takes three times as long with XLA as without.
        jit_compile="auto" if backend != "tensorflow" or has_gpu() else False,
    )
    record = Recorder(recipe, steps_per_epoch)
    model.fit(
        x_train,
        y_train,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation_data=(x_test, y_test),
        validation_batch_size=500,
        callbacks=[record],
        verbose=0,
    )

    run.history = record.history
    folder.mkdir(parents=True, exist_ok=True)
    # A new Model over the same layers leaves optimizer and schedule behind.
    keras.Model(model.inputs, model.outputs, name=model.name).save(folder / "model.keras")
    run.save(folder / "run.json")
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


def with_preprocessing(net, recipe, x_train, seed):
    """Put normalisation and augmentation in front of `net`: raw uint8 images go in."""
    augmentation = {"crop-flip": RandomCropFlip, "shift-flip": RandomShiftFlip}
    inputs = keras.Input(x_train.shape[1:], dtype="uint8", name="uint8_image")
    x = PixelMeanNormalization.from_data(x_train)(inputs)
    if recipe.augmentation in augmentation:
        x = augmentation[recipe.augmentation](seed=seed)(x)
    for layer in net.layers:
        if getattr(layer, "kernel_regularizer", None):
            layer.kernel_regularizer = keras.regularizers.L2(recipe.l2)
            layer.kernel.regularizer = layer.kernel_regularizer
    return keras.Model(inputs, net(x), name=f"{net.name}_on_uint8")


class PerStep(keras.optimizers.schedules.LearningRateSchedule):
    """A recipe's learning rate as a table with one entry a step, read inside the compiled step."""

    def __init__(self, table):
        self.table = np.asarray(table, dtype="float32")

    def __call__(self, step):
        last = len(self.table) - 1
        return keras.ops.take(self.table, keras.ops.minimum(keras.ops.cast(step, "int32"), last))

    def get_config(self):
        return {"table": self.table.tolist()}


def optimizer(recipe, steps_per_epoch):
    """The recipe's Keras optimizer."""
    steps = range(recipe.epochs * steps_per_epoch)
    schedule = PerStep([recipe.learning_rate_at(step / steps_per_epoch) for step in steps])
    if recipe.optimizer == "adam":
        return keras.optimizers.Adam(schedule)
    return keras.optimizers.SGD(
        schedule, momentum=recipe.momentum, nesterov=recipe.optimizer == "nesterov"
    )


class Recorder(keras.callbacks.Callback):
    """Keeps the history, and shows a progress bar where someone is at the terminal to see it."""

    def __init__(self, recipe, steps_per_epoch):
        super().__init__()
        self.recipe, self.steps_per_epoch = recipe, steps_per_epoch
        self.history = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.started = time.perf_counter()
        self.bar = tqdm(
            total=self.steps_per_epoch * self.recipe.batch_size,
            desc=f"epoch {epoch + 1}/{self.recipe.epochs}",
            unit=" images",
            disable=not sys.stderr.isatty(),
        )

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(self.recipe.batch_size)
        if not self.bar.disable and batch % 20 == 0:  # reading a figure waits for the device
            self.bar.set_postfix_str(f"training error {100 - 100 * logs['accuracy']:.1f} %")

    def on_epoch_end(self, epoch, logs):
        figures = {
            "loss": logs["loss"],
            "error": 100 - 100 * logs["accuracy"],
            "test_loss": logs["val_loss"],
            "test_error": 100 - 100 * logs["val_accuracy"],
            "learning_rate": self.recipe.learning_rate_at(epoch + 1 - 1 / self.steps_per_epoch),
            "seconds": time.perf_counter() - self.started,
        }
        for name, figure in figures.items():
            self.history.setdefault(name, []).append(round(float(figure), 6))
        self.bar.set_postfix_str(f"test error {figures['test_error']:.1f} %")
        self.bar.close()


def has_gpu():
    return any("gpu" in device for device in keras.distribution.list_devices())


def device_name():
    """What trained: the accelerator's own name where the backend tells it, else the CPU's."""
    if not has_gpu():
        return f"CPU, {platform.machine()}"
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].device_kind
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return details.get("device_name", "GPU")
