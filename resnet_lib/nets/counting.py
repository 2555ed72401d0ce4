"""Count the trainable parameters of a net, and its multiply-adds for one image, layer by layer.

A multiply-add is one weight times one number, added to a sum. He et al. 2015 (arXiv 1512.03385,
table 1) call it a FLOP. As there, only the kernels of convolutions and dense layers are counted.
Biases, normalisation, activations, pooling and sums are not.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import keras
from keras import layers

from resnet_lib.nets.imagenet import imagenet_net
from resnet_lib.nets.structure import residual_sums

COUNTED_LAYERS = (layers.Conv2D, layers.DepthwiseConv2D, layers.Dense)


class LayerCost(NamedTuple):
    """Describe one layer with a kernel."""

    name: str
    kernel: tuple[int, ...]  # (height, width); () for a dense layer
    size: tuple[int, ...]  # pixels of its output: (height, width); () for a dense layer
    channels: int  # of its output
    weights: int  # of its kernel
    multiply_adds: int


class NetCost(NamedTuple):
    """Describe a net by its layers with kernels and the kinds of its shortcuts."""

    name: str
    layers: tuple[LayerCost, ...]
    shortcuts: dict[str, str]  # "stage1_block1" to "identity", "pad" or "projection"
    parameters: int  # trainable, with the scales and offsets of batch normalisation
    multiply_adds: int  # for one image


def layer_costs(model: keras.Model) -> list[LayerCost]:
    """Return a `LayerCost` for each convolution and dense layer of a functional model, in order.

    Raises `ValueError` for an inner model, and for another kind of layer with a kernel.

    >>> layer_costs(resnet_v1((32, 32, 3), 20))[0]
    LayerCost(name='stem_conv', kernel=(3, 3), size=(32, 32), channels=16, weights=432,
    multiply_adds=442368)
    """
    costs = []
    for layer in model.layers:
        if not isinstance(layer, COUNTED_LAYERS):
            check_has_no_kernel(layer)
            continue
        *size, channels = layer.output.shape[1:]
        weights = math.prod(layer.kernel.shape)
        kernel = getattr(layer, "kernel_size", ())
        multiply_adds = weights * math.prod(size)  # each weight once at each output position
        costs.append(LayerCost(layer.name, kernel, tuple(size), channels, weights, multiply_adds))
    return costs


def check_has_no_kernel(layer: layers.Layer) -> None:
    """Raise `ValueError` for a layer whose multiply-adds would be missing in the count."""
    has_kernel = any(weight.name.endswith("kernel") for weight in layer.weights)
    if has_kernel or isinstance(layer, keras.Model):
        known = ", ".join(kind.__name__ for kind in COUNTED_LAYERS)
        raise ValueError(
            f"{layer.name} is a {type(layer).__name__}, whose multiply-adds are not counted here; "
            f"counted are {known}"
        )


def multiply_adds(model: keras.Model) -> int:
    """Count the multiply-adds of a functional model for one image.

    >>> multiply_adds(resnet_v1((32, 32, 3), 20, shortcut="pad"))
    40551040
    """
    return sum(layer.multiply_adds for layer in layer_costs(model))


def net_cost(model: keras.Model) -> NetCost:
    """Return the `NetCost` of a functional model with the layer names of this library."""
    names = {layer.name for layer in model.layers}
    shortcuts = {}
    for layer in residual_sums(model):
        block = layer.name.removesuffix("_add")
        kinds = {"pad": f"{block}_shortcut_pad", "projection": f"{block}_shortcut_conv"}
        shortcuts[block] = next((kind for kind in kinds if kinds[kind] in names), "identity")
    costs = tuple(layer_costs(model))
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return NetCost(
        model.name, costs, shortcuts, parameters, sum(layer.multiply_adds for layer in costs)
    )


@cache
def imagenet_cost(
    name: str,
    option: str = "B",
    input_shape: tuple[int, int, int] = (224, 224, 3),
    num_classes: int = 1000,
) -> NetCost:
    """Return the `NetCost` of `imagenet_net` with these arguments, built without its weights.

    The weights of VGG-19 take 575 MB and seconds of random numbers. The count needs their shapes.

    >>> imagenet_cost("vgg19").parameters
    143667240
    """

    def build_and_count() -> NetCost:
        with keras.StatelessScope(initialize_variables=False):
            return net_cost(imagenet_net(name, input_shape, num_classes, option=option))

    # Keras keeps a list, for each thread, of variables to initialise later. A new thread ends
    # before Keras initialises them.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(build_and_count).result()
