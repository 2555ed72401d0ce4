"""Save trained weights in small files, and build nets from them.

Kernels are stored in half precision. Biases and the weights of batch normalisation, a fiftieth of
the numbers, keep their precision: a variance can be too small for half precision.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras
import numpy as np

from resnet_lib.data.augmentation import PixelMeanNormalization
from resnet_lib.nets import resnet  # noqa: F401  Keras must know its layers to read a saved model
from resnet_lib.nets.spec import NetSpec
from resnet_lib.runs.run import RECORDED, Run, weights_path

NORMALIZATION_LAYER = "normalize"  # from uint8 images to the inputs of the net


def saved_model(path: str | Path) -> keras.Model:
    """Load a `model.keras` that `train` wrote, from uint8 images `(batch, …)` to probabilities.

    This is `keras.saving.load_model` in a process that knows the layers of this library. Raises
    `ValueError` for a file that is not a model.

    >>> model = saved_model("runs/resnet20_v1_pad-quick-seed0/model.keras")
    """
    return keras.saving.load_model(path)


def save_weights(model: keras.Model, net_name: str, path: str | Path) -> Path:
    """Write the net called `net_name` inside `model`, as `train` saves it, to an `.npz` at `path`.

    Each weight is an array with its shape in Keras and the name "layer/weight". The mean image of
    the training set is "normalize/mean". Returns the path.
    """
    arrays: dict[str, Any] = {
        weight.path: np.asarray(weight, dtype="float16" if weight.path.endswith("kernel") else None)
        for weight in stored_weights(model, net_name)
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        np.savez_compressed(file, **arrays)
    unfinished.replace(path)
    return path


def trained_model(run: Run, folder: str | Path = RECORDED) -> keras.Model:
    """Build the trained net of a `Run`: from uint8 images `(batch, 32, 32, 3)` to probabilities.

    Raises `FileNotFoundError` if the weights of this run are not saved, and `ValueError` for a run
    of the caller's own model.

    >>> model = trained_model(load_runs(depth=20, shortcut="pad")[0])
    """
    path = weights_path(run, folder)
    if not path.exists():
        saved = sorted(file.name.removesuffix(".weights.npz") for file in path.parent.glob("*.npz"))
        raise FileNotFoundError(
            f"the weights of {run.name} are not kept; those of {', '.join(saved) or 'no run'} are"
        )
    if run.net is None:
        raise ValueError(f"{run.name} is a model of the caller's own; build it, and load {path}")
    return build_with_weights(run.net, path)


def build_with_weights(spec: NetSpec, path: str | Path) -> keras.Model:
    """Build the `NetSpec`'s net, for uint8 images, with the weights that `save_weights` wrote."""
    with np.load(path) as stored:
        arrays = dict(stored)
    mean = arrays[f"{NORMALIZATION_LAYER}/mean"]
    net = spec.build(mean.shape, arrays["classifier/bias"].size)
    inputs = keras.Input(mean.shape, dtype="uint8", name="uint8_image")
    model = keras.Model(inputs, net(PixelMeanNormalization(name=NORMALIZATION_LAYER)(inputs)))
    for weight in stored_weights(model, net.name):
        weight.assign(arrays[weight.path])
    return model


class WeightSaver(keras.callbacks.Callback):
    """Save the weights after some epochs of a training run into its folder, for measurements."""

    def __init__(self, net_name: str, epochs: Collection[int], folder: str | Path) -> None:
        super().__init__()
        self.net_name, self.epochs, self.folder = net_name, epochs, Path(folder)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch + 1 in self.epochs:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"epoch-{epoch + 1:05}.weights.npz"
            save_weights(self.model, self.net_name, path)


def find_saved_weights(folder: str | Path) -> dict[int, Path]:
    """Return `{epoch: path}`, in order, of the files that `WeightSaver` wrote."""
    paths = sorted(Path(folder).glob("epoch-*.weights.npz"))
    return {int(path.name[6:11]): path for path in paths}


def stored_weights(model: keras.Model, net_name: str) -> list[keras.Variable]:
    """Return the weights that a file holds: of the normalisation and of the net."""
    return [*model.get_layer(NORMALIZATION_LAYER).weights, *model.get_layer(net_name).weights]
