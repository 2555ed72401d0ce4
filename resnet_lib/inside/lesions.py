"""Switch off or weaken blocks of a trained net, without training, and measure the errors.

The output of a switched-off block is its skip: its input or, where the shape changes, every
`strides`-th pixel with zero channels appended. A plain net has no skip; the same tensor replaces
the block, so that both kinds of net lose the same layers. Batch normalisation keeps its running
averages. Source: Veit et al. 2016, arXiv 1605.06431, section 4.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import combinations, groupby
from numbers import Real
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, ops

from resnet_lib.inside.calls import Tensor, compile_inference
from resnet_lib.nets.resnet import PadShortcut
from resnet_lib.nets.structure import check_inspectable, inner_model
from resnet_lib.runs.weights import NORMALIZATION_LAYER

BLOCK_LAYER = re.compile(r"(stage\d+_block\d+)_")  # name of a layer of a block
OFF = 0.0  # factor of a branch that is switched off

NUM_ORDERS = 20  # random orders in which blocks are removed
REMOVED_COUNTS = (*range(1, 10), *range(10, 20, 2), *range(21, 600, 3))  # when an error is counted
SWAP_COUNTS = (1, 2, 4, 8, 16)  # exchanges of two blocks of one shape
SHUFFLES_PER_COUNT = 6
SEED = 0
BATCH_SIZE = 500  # images


@keras.saving.register_keras_serializable("resnet_lib")
class Scale(layers.Layer):
    """Multiplies by a fixed factor. Keras's own Rescaling needs TensorFlow on every backend."""

    def __init__(self, factor: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x: Tensor) -> Tensor:
        return self.factor * x

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"factor": self.factor}


def block_names(model: keras.Model) -> list[str]:
    """List the names of a net's blocks, input to output. Raises `ValueError` if there are none.

    >>> block_names(resnet_v1((32, 32, 3), 8))
    ['stage1_block1', 'stage2_block1', 'stage3_block1']
    """
    inner = inner_model(model) or model
    names = [found[1] for layer in inner.layers if (found := BLOCK_LAYER.match(layer.name))]
    if not names:
        raise ValueError(
            f"{model.name} has no blocks: layers called stage1_block1_… are looked for, as "
            "resnet_v1, resnet_v2 and imagenet_net name them"
        )
    return list(dict.fromkeys(names))


def lesion(model: keras.Model, blocks: str | Iterable[str] | Mapping[str, float]) -> keras.Model:
    """Return a new model that shares all weights, with some blocks switched off or weakened.

    `blocks` is a name such as "stage2_block1", or several, to be switched off, or maps names to a
    factor from 0 (off) to 1 (unchanged) for the branch: y = skip + factor * F(x). In a plain net
    the factor mixes: y = (1 - factor) * skip + factor * F(x). `model` is a net of this library,
    from float images, or the result of `trained_model` or `saved_model`, from uint8 images.
    Raises `ValueError` for unknown names and for factors outside [0, 1].

    >>> lesion(trained_model(run), ["stage1_block2", "stage3_block3"])
    """
    if isinstance(blocks, Mapping):
        factors = dict(blocks)
    else:
        factors = dict.fromkeys([blocks] if isinstance(blocks, str) else blocks, OFF)
    check_factors(factors, block_names(model))
    if (inner := inner_model(model)) is not None:
        changed = lesion(inner, factors)
        return keras.models.clone_model(
            model, clone_function=lambda layer: changed if layer is inner else layer
        )
    check_inspectable(model)
    ends = {branch_end(model, name): name for name in factors}
    starts: dict[str, Tensor] = {}  # by block: its input

    def call_weakened(layer: layers.Layer, inputs: Any, **options: Any) -> Tensor:
        if match := BLOCK_LAYER.match(layer.name):
            starts.setdefault(match[1], inputs)
        if layer.name not in ends:
            return layer(inputs, **options)
        name = ends[layer.name]
        factor = factors[name]
        if isinstance(layer, layers.Add):
            skip, branch = inputs
            return skip if factor == OFF else layer([skip, Scale(factor)(branch)])
        branch = layer(inputs, **options)
        skip = parameter_free_skip(starts[name], branch.shape, name)
        if factor == OFF:
            return skip
        return layers.Add()([Scale(1 - factor)(skip), Scale(factor)(branch)])

    return keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=call_weakened
    )


def branch_end(model: keras.Model, name: str) -> str:
    """Return the name of the layer that ends the branch of block `name`: its sum, if any."""
    own = [layer for layer in model.layers if layer.name.startswith(f"{name}_")]
    sums = [layer for layer in own if isinstance(layer, layers.Add)]
    return (sums or [layer for layer in own if layer.name != f"{name}_relu"])[-1].name


def parameter_free_skip(x: Tensor, shape: tuple[int, ...], name: str) -> Tensor:
    """Make a skip for a plain block: `x` itself, or option A where the shape changes."""
    if x.shape == shape:
        return x
    return PadShortcut(shape[-1], x.shape[1] // shape[1], name=f"{name}_in_its_place")(x)


def check_factors(factors: Mapping[str, float], names: list[str]) -> None:
    """Raise a `ValueError` for an unknown block and for a factor outside [0, 1]."""
    for name, factor in factors.items():
        if name not in names:
            raise ValueError(
                f"no block is called {name!r}; there are {names[0]} to {names[-1]}, "
                f"{len(names)} in all (block_names(model) lists them)"
            )
        if not isinstance(factor, Real) or not 0 <= factor <= 1:
            raise ValueError(
                f"the factor of {name} must be from 0 (off) to 1 (as it was); got {factor!r}"
            )


# ---------------------------------------------------------------- measured


class BlockState(NamedTuple):
    """The block at one position of a net, switched on or off."""

    block: int
    is_on: bool = True


Setting = tuple[BlockState, ...]  # one state per position


def measure_lesions(
    model: keras.Model, images: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return `(settings, values)` of a `Measurement` "lesions"; errors are per cent.

    `model` takes uint8 images `(count, 32, 32, 3)`, as the result of `trained_model` does. Errors
    are measured without every single block; without the first k and without the last k blocks, for
    every k; without k random blocks of `REMOVED_COUNTS`, in `NUM_ORDERS` orders; and after
    exchanges of blocks of one shape.
    """
    names = block_names(model)
    number = len(names)
    random = np.random.default_rng(SEED)
    orders = [random.permutation(number).tolist() for _ in range(NUM_ORDERS)]
    shuffles = random_shuffles(number, exchangeable_pairs(model), random)
    counts = range(1, number + 1)
    removed = [k for k in REMOVED_COUNTS if k <= number]

    whole = switch_off(number, ())
    single = [switch_off(number, {block}) for block in range(number)]
    first = [switch_off(number, range(k)) for k in counts]
    last = [switch_off(number, range(number - k, number)) for k in counts]
    at_random = [[switch_off(number, order[:k]) for k in removed] for order in orders]
    reordered = [tuple(BlockState(block) for block in order) for _, order in shuffles]

    settings = sorted({whole, *single, *first, *last, *reordered}.union(*at_random))
    error = dict(zip(settings, lesion_errors(model, settings, images, labels), strict=True))
    values = {
        "blocks": names,
        "whole": error[whole],
        "single": [error[setting] for setting in single],
        "first": [error[setting] for setting in first],
        "last": [error[setting] for setting in last],
        "orders": orders,
        "random": [[error[setting] for setting in row] for row in at_random],
        "shuffles": [
            {"swaps": swaps, "order": order, "error": error[setting]}
            for (swaps, order), setting in zip(shuffles, reordered, strict=True)
        ],
    }
    return {"draws": NUM_ORDERS, "seed": SEED, "removed": removed}, values


def switch_off(number: int, off: Iterable[int]) -> Setting:
    """Return the setting of `number` blocks in which the blocks `off` are switched off."""
    off = set(off)
    return tuple(BlockState(block, block not in off) for block in range(number))


def exchangeable_pairs(model: keras.Model) -> list[tuple[int, int]]:
    """List pairs of positions whose blocks map one shape to the same shape."""
    by_shape: dict[tuple[int | None, ...], list[int]] = {}
    for position, (block, off) in enumerate(block_chain(inner_model(model)).blocks):
        if off is None:
            by_shape.setdefault(block.output.shape, []).append(position)
    return [pair for positions in by_shape.values() for pair in combinations(positions, 2)]


def random_shuffles(
    number: int, pairs: list[tuple[int, int]], random: np.random.Generator
) -> list[tuple[int, list[int]]]:
    """Draw `SHUFFLES_PER_COUNT` orders for each of `SWAP_COUNTS`, as `(swaps, order)`.

    Each swap exchanges one of `pairs`. Returns [] if there are none.
    """
    return [
        (swaps, swap_blocks(number, random.choice(pairs, size=swaps)))
        for swaps in SWAP_COUNTS
        for _ in range(SHUFFLES_PER_COUNT if pairs else 0)
    ]


def swap_blocks(number: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return the order of `number` blocks after these exchanges, which may undo each other."""
    order = list(range(number))
    for a, b in pairs:
        order[a], order[b] = order[b], order[a]
    return order


def lesion_errors(
    model: keras.Model,
    settings: list[Setting],
    images: np.ndarray,
    labels: np.ndarray,
) -> list[float]:
    """Return the error of each setting, in per cent of the images: `(len(settings),)`.

    Settings with the same first blocks share the computation of these blocks.
    """
    chain = block_chain(inner_model(model)).compile()
    order = sorted(range(len(settings)), key=lambda index: settings[index])
    errors = np.zeros(len(settings), dtype=int)

    def walk(x: Tensor, indices: list[int], position: int, labels: np.ndarray) -> None:
        if position == len(chain.blocks):
            answers = np.argmax(ops.convert_to_numpy(chain.head(x)), axis=-1)
            errors[indices] += (answers != labels).sum()
            return
        for state, group in groupby(indices, key=lambda index: settings[index][position]):
            block = chain.blocks[state.block][0 if state.is_on else 1]
            walk(block(x) if block else x, list(group), position + 1, labels)

    normalize = model.get_layer(NORMALIZATION_LAYER)
    for start in range(0, len(images), BATCH_SIZE):
        batch = slice(start, start + BATCH_SIZE)
        walk(chain.stem(normalize(images[batch])), order, 0, labels[batch])
    return [round(100 * int(count) / len(images), 4) for count in errors]


class BlockChain(NamedTuple):
    """A net cut at the ends of its blocks, into models or functions."""

    stem: Callable[[Tensor], Tensor]
    blocks: list[tuple[Any, Any]]  # (on, off); off is None for a block with an identity skip
    head: Callable[[Tensor], Tensor]

    def compile(self) -> BlockChain:
        """Return the chain as compiled functions."""
        blocks = [
            (compile_inference(on), off and compile_inference(off)) for on, off in self.blocks
        ]
        return BlockChain(compile_inference(self.stem), blocks, compile_inference(self.head))


def block_chain(net: keras.Model) -> BlockChain:
    """Cut a net of this library at the ends of its blocks."""
    start = stem = net.get_layer("stem_relu").output
    blocks = []
    for name in block_names(net):
        end = [layer for layer in net.layers if layer.name.startswith(f"{name}_")][-1].output
        block = keras.Model(start, end)
        blocks.append((block, None if start.shape == end.shape else lesion(block, [name])))
        start = end
    return BlockChain(keras.Model(net.input, stem), blocks, keras.Model(start, net.output))
