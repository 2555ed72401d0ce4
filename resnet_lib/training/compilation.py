"""Compile a net for training, with preprocessing, weight decay, optimizer and loss."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from resnet_lib.data.augmentation import PixelMeanNormalization, RandomCropFlip, RandomShiftFlip
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.machine import has_gpu
from resnet_lib.runs.recipes import Recipe
from resnet_lib.runs.weights import NORMALIZATION_LAYER

if TYPE_CHECKING:
    from resnet_lib.training.devices import DeviceGroup

MAX_STEPS_PER_CALL = 32  # on a GPU, which would wait for Python after each single step
AUGMENTATION_LAYERS = {"crop-flip": RandomCropFlip, "shift-flip": RandomShiftFlip}


def compile_for_training(
    model_or_spec: keras.Model | NetSpec,
    recipe: Recipe,
    seed: int,
    x_train: np.ndarray,
    num_classes: int,
    steps: int,
    group: DeviceGroup,
) -> tuple[keras.Model, keras.Model]:
    """Return the compiled model from uint8 images to probabilities, and the net inside it.

    `x_train` are uint8 images `(count, height, width, channels)`; `steps` is the number of batches
    in an epoch. Raises `ValueError` for a model that is already built, if the run needs several
    devices or a precision other than float32.
    """
    depth = 0  # of a model that the caller built
    with seeded(seed), dtype_policy(recipe.precision), group.scope():
        if isinstance(model_or_spec, NetSpec):
            depth = model_or_spec.depth
            net = model_or_spec.build(x_train.shape[1:], num_classes)
        else:
            check_built_model(group, recipe)
            net = model_or_spec
        model = add_preprocessing(net, recipe, x_train, seed)
    if group.workers > 1:
        model = MultiWorkerModel(model.inputs, model.outputs, name=model.name)
    # TensorFlow on a CPU takes three times as long to start with XLA, and runs no faster. A step
    # that several devices take together goes through neither XLA nor Keras's loop over steps.
    loops = has_gpu() and group.strategy is None
    uses_xla = loops or keras.backend.backend() != "tensorflow"
    with group.scope():
        model.compile(
            optimizer=make_optimizer(recipe, steps, len(x_train), depth),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile="auto" if uses_xla else False,
            steps_per_execution=largest_divisor(steps, MAX_STEPS_PER_CALL) if loops else 1,
        )
    return model, net


def check_built_model(group: DeviceGroup, recipe: Recipe) -> None:
    """Raise a `ValueError` if group or recipe need a model that is built for them."""
    if group.count > 1:
        raise ValueError(
            f"a model that is built already lies on one device, and here are {group.count}; "
            "pass a NetSpec, or devices='one'"
        )
    if recipe.precision != "float32":
        raise ValueError(
            f"a model that is built already keeps its precision, and the recipe asks for "
            f"{recipe.precision}; pass a NetSpec, or replace(recipe, precision='float32')"
        )


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed all random numbers inside this context; afterwards the caller's sequences continue."""
    before = random.getstate(), np.random.get_state()  # noqa: NPY002  Keras seeds that one
    keras.utils.set_random_seed(seed)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])  # noqa: NPY002


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Let Keras build layers with this policy, such as "mixed_bfloat16", inside this context."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def add_preprocessing(
    net: keras.Model, recipe: Recipe, x_train: np.ndarray, seed: int
) -> keras.Model:
    """Put normalisation and augmentation in front of `net`, and the recipe's penalty on kernels.

    The model that it returns takes uint8 images `(batch, height, width, channels)`.
    """
    inputs = keras.Input(x_train.shape[1:], dtype="uint8", name="uint8_image")
    x = PixelMeanNormalization.from_data(x_train, name=NORMALIZATION_LAYER)(inputs)
    if recipe.augmentation in AUGMENTATION_LAYERS:
        x = AUGMENTATION_LAYERS[recipe.augmentation](seed=seed, name="augment")(x)
    with_kernel = (keras.layers.Conv2D, keras.layers.Dense)
    penalized = keras.layers.Conv2D if recipe.penalized == "convolutions" else with_kernel
    for layer in net.layers:
        if isinstance(layer, with_kernel):
            penalty = keras.regularizers.L2(recipe.l2) if isinstance(layer, penalized) else None
            layer.kernel_regularizer = layer.kernel.regularizer = penalty
    return keras.Model(inputs, net(x), name=f"{net.name}_on_uint8")


class MultiWorkerModel(keras.Model):
    """Make a model trainable on several machines, which Keras 3.15 and earlier cannot do.

    Keras averages the results of a step along a first axis, and a number has none. Before the first
    step Keras would also average the images of all machines, unless the model, but not its layers,
    is made outside the strategy's scope. Source: github.com/keras-team/keras/issues/20585.
    """

    def train_step(self, data: Any) -> dict[str, Any]:
        return add_axis(super().train_step(data))

    def test_step(self, data: Any) -> dict[str, Any]:
        return add_axis(super().test_step(data))


def add_axis(logs: dict[str, Any]) -> dict[str, Any]:
    """Reshape each number to `(1,)`."""
    return {name: keras.ops.reshape(value, (1,)) for name, value in logs.items()}


class LearningRateTable(keras.optimizers.schedules.LearningRateSchedule):
    """Look up a recipe's learning rate in a table with one entry per step.

    The lookup is a part of the compiled step.
    """

    def __init__(self, table: Sequence[float]) -> None:
        self.table = np.asarray(table, dtype="float32")

    def __call__(self, step: Any) -> Any:
        last = len(self.table) - 1
        return keras.ops.take(self.table, keras.ops.minimum(keras.ops.cast(step, "int32"), last))

    def get_config(self) -> dict[str, list[float]]:
        return {"table": self.table.tolist()}


def make_optimizer(
    recipe: Recipe, steps: int, num_images: int, depth: int = 0
) -> keras.optimizers.Optimizer:
    """Make the recipe's Keras optimizer, for `steps` batches an epoch out of `num_images`."""
    schedule = LearningRateTable(
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


def largest_divisor(number: int, maximum: int) -> int:
    """Return the largest divisor of `number` that is not above `maximum`."""
    return max(divisor for divisor in range(1, maximum + 1) if number % divisor == 0)
