"""What a net costs, layer by layer: parameters that are trained, and multiply-adds for one image.

A multiply-add is one weight times one number, added to a sum; He et al. 2015 (arXiv 1512.03385,
table 1) call it a FLOP. Counted are the kernels of convolutions and dense layers. Left out, as
there, is what has no kernel: biases, normalisation, activations, pooling, sums.
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
    """One layer with a kernel."""

    name: str
    kernel: tuple  # (height, width); () for a dense layer
    size: tuple  # pixels of its output: (height, width); () for a dense layer
    channels: int  # of its output
    weights: int  # of its kernel
    multiply_adds: int


class NetCost(NamedTuple):
    """A net as its layers with kernels and its shortcuts: "stage1_block1" to what stands on it."""

    name: str
    layers: tuple
    shortcuts: dict  # "identity", "pad" or "projection"
    parameters: int  # those that training changes, batch norm's scales and offsets among them
    multiply_adds: int  # for one image


def layer_costs(model):
    """A `LayerCost` for each convolution and dense layer of a functional model, in its order.

    Raises `ValueError` for a model within the model, and for a layer with a kernel of another kind.

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
        # Every weight is used once at each place of the output.
        places = math.prod(size)
        costs.append(
            LayerCost(layer.name, kernel, tuple(size), channels, weights, weights * places)
        )
    return costs


def check_has_no_kernel(layer):
    """Raise a `ValueError` for a layer whose multiply-adds would be passed over in silence."""
    has_kernel = any(weight.name.endswith("kernel") for weight in layer.weights)
    if has_kernel or isinstance(layer, keras.Model):
        known = ", ".join(kind.__name__ for kind in COUNTED_LAYERS)
        raise ValueError(
            f"{layer.name} is a {type(layer).__name__}, whose multiply-adds are not counted here; "
            f"counted are {known}"
        )


def multiply_adds(model):
    """Multiply-adds of a functional model for one image.

    >>> multiply_adds(resnet_v1((32, 32, 3), 20, shortcut="pad"))
    40551040
    """
    return sum(one.multiply_adds for one in layer_costs(model))


def net_cost(model):
    """The `NetCost` of a functional model whose layers are named as this library names them."""
    names = {layer.name for layer in model.layers}
    shortcuts = {}
    for layer in residual_sums(model):
        block = layer.name.removesuffix("_add")
        kinds = {"pad": f"{block}_shortcut_pad", "projection": f"{block}_shortcut_conv"}
        shortcuts[block] = next((kind for kind in kinds if kinds[kind] in names), "identity")
    costs = tuple(layer_costs(model))
    parameters = sum(math.prod(weight.shape) for weight in model.trainable_weights)
    return NetCost(
        model.name, costs, shortcuts, parameters, sum(one.multiply_adds for one in costs)
    )


@cache
def imagenet_cost(name, option="B", input_shape=(224, 224, 3), num_classes=1000):
    """The `NetCost` of `imagenet_net` with these arguments, built without its weights.

    VGG-19's would take 575 MB and seconds of random numbers, for a count that needs their shapes.

    >>> imagenet_cost("vgg19").parameters
    143667240
    """

    def count():
        with keras.StatelessScope(initialize_variables=False):
            return net_cost(imagenet_net(name, input_shape, num_classes, option=option))

    # Keras keeps, thread by thread, what is still to be initialised, and would do so at the next
    # chance: in a thread that ends, there is none.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(count).result()
