"""Trained weights that ship with the package: small files, and the nets they belong to.

Kernels are stored in half precision. Biases and what batch normalisation knows, a fiftieth of the
numbers, stay as they are: a variance can be too small for half precision.
"""

from pathlib import Path

import keras
import numpy as np

from resnet_lib.data.augmentation import PixelMeanNormalization
from resnet_lib.nets import resnet  # noqa: F401  Keras must know its layers to read a saved model
from resnet_lib.runs.run import RECORDED, weights_path

NORMALIZATION_LAYER = (
    "normalize"  # the layer in front of a net, from uint8 images to what it was trained on
)


def saved_model(path):
    """The `model.keras` that `train` wrote: uint8 images `(batch, …)` to probabilities.

    It is `keras.saving.load_model`, in a process that knows the layers of this library, and raises
    what that raises: `ValueError` for a file that is none.

    >>> model = saved_model("runs/resnet20_v1_pad-quick-seed0/model.keras")
    """
    return keras.saving.load_model(path)


def save_weights(model, net_name, path):
    """Write the net called `net_name` inside `model`, as `train` saves it, to an `.npz` at `path`.

    One array a weight, `(…)` as in Keras, under "layer/weight"; the mean image of the training set
    is "normalize/mean".
    """
    arrays = {
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


def trained_model(run, folder=RECORDED):
    """The trained net of a recorded `Run`: uint8 images `(batch, 32, 32, 3)` to probabilities.

    Raises `FileNotFoundError` where the weights of this run are not kept.

    >>> model = trained_model(load_runs(depth=20, shortcut="pad")[0])
    """
    path = weights_path(run, folder)
    if not path.exists():
        kept = sorted(one.name.removesuffix(".weights.npz") for one in path.parent.glob("*.npz"))
        raise FileNotFoundError(
            f"the weights of {run.name} are not kept; those of {', '.join(kept) or 'no run'} are"
        )
    return build_with_weights(run.net, path)


def build_with_weights(spec, path):
    """The `NetSpec`'s net with the weights that `save_weights` wrote: uint8 images go in."""
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
    """Writes the weights after some epochs of a training into its folder, for measurements."""

    def __init__(self, net_name, epochs, folder):
        super().__init__()
        self.net_name, self.epochs, self.folder = net_name, epochs, Path(folder)

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 in self.epochs:
            self.folder.mkdir(parents=True, exist_ok=True)
            path = self.folder / f"epoch-{epoch + 1:05}.weights.npz"
            save_weights(self.model, self.net_name, path)


def find_saved_weights(folder):
    """What `WeightSaver` wrote: `{epoch: path}`, in order."""
    paths = sorted(Path(folder).glob("epoch-*.weights.npz"))
    return {int(path.name[6:11]): path for path in paths}


def stored_weights(model, net_name):
    return [*model.get_layer(NORMALIZATION_LAYER).weights, *model.get_layer(net_name).weights]
