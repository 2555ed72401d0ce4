"""What a trained net gets wrong without some of its blocks, or with them in another order.

Source: after Veit et al. 2016, arXiv 1605.06431, section 4, who did so with ResNet-110.
"""

from itertools import combinations, groupby
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from resnet_lib.inside.calls import compiled
from resnet_lib.inside.lesions import block_names, lesion
from resnet_lib.nets.structure import inner_model
from resnet_lib.runs.weights import NORMALIZATION_LAYER

DRAWS = 20  # random orders, each of which loses one block after the other
LOST = (*range(1, 10), *range(10, 20, 2), *range(21, 600, 3))  # how many, when it is counted
SWAPS = (1, 2, 4, 8, 16)  # of two blocks of one shape
SHUFFLES = 6  # draws for each number of swaps
SEED = 0


class Step(NamedTuple):
    """What stands at one place of the row of blocks: one of them, on or switched off."""

    block: int
    on: bool = True


def study(model, images, labels):
    """`(settings, values)` of a `Measurement` "lesions", on uint8 images `(count, 32, 32, 3)`.

    `model` takes these images, as `trained_model` gives it. Lost are: every block alone; the first
    k and the last k, for every k; and k of `LOST` at random, in `DRAWS` orders. Then blocks of one
    shape change places. Errors are per cent.
    """
    names = block_names(model)
    number = len(names)
    random = np.random.default_rng(SEED)
    orders = [random.permutation(number).tolist() for _ in range(DRAWS)]
    pairs = exchangeable(model)
    shuffles = [
        (swaps, exchanged(number, random.choice(pairs, size=swaps)))
        for swaps in SWAPS
        for _ in range(SHUFFLES if pairs else 0)
    ]
    counts = range(1, number + 1)
    lost = [k for k in LOST if k <= number]

    whole = without(number, ())
    single_lost = [without(number, {block}) for block in range(number)]
    first = [without(number, range(k)) for k in counts]
    last = [without(number, range(number - k, number)) for k in counts]
    at_random = [[without(number, order[:k]) for k in lost] for order in orders]
    in_order = [tuple(map(Step, order)) for _, order in shuffles]

    every = sorted({whole, *single_lost, *first, *last, *in_order}.union(*at_random))
    found = dict(zip(every, errors(model, every, images, labels), strict=True))
    values = {
        "blocks": names,
        "whole": found[whole],
        "single": [found[one] for one in single_lost],
        "first": [found[one] for one in first],
        "last": [found[one] for one in last],
        "orders": orders,
        "random": [[found[one] for one in row] for row in at_random],
        "shuffles": [
            {"swaps": swaps, "order": order, "error": found[one]}
            for (swaps, order), one in zip(shuffles, in_order, strict=True)
        ],
    }
    return {"draws": DRAWS, "seed": SEED, "removed": lost}, values


def without(number, off):
    """A row of `number` blocks of which those at the places in `off` are switched off."""
    return tuple(Step(block, block not in off) for block in range(number))


def exchangeable(model):
    """Pairs of places whose blocks map one shape to the same shape."""
    alike = {}
    for place, (block, off) in enumerate(row_of_blocks(inner_model(model)).blocks):
        if off is None:
            alike.setdefault(block.output.shape, []).append(place)
    return [pair for places in alike.values() for pair in combinations(places, 2)]


def exchanged(number, pairs):
    """The order of `number` blocks after these exchanges, which may undo each other."""
    order = list(range(number))
    for a, b in pairs:
        order[a], order[b] = order[b], order[a]
    return order


def errors(model, settings, images, labels, *, batch_size=500):
    """Per cent of the images that each setting of the blocks gets wrong: `(len(settings),)`.

    A setting is a tuple of `Step`s, one for each place. Settings that begin alike share the work up
    to where they part.
    """
    row = row_of_blocks(inner_model(model)).compiled()
    order = sorted(range(len(settings)), key=lambda one: settings[one])
    wrong = np.zeros(len(settings), dtype=int)

    def walk(x, those, place, labels):
        if place == len(row.blocks):
            answers = np.argmax(ops.convert_to_numpy(row.head(x)), axis=-1)
            wrong[those] += (answers != labels).sum()
            return
        for step, group in groupby(those, key=lambda one: settings[one][place]):
            block = row.blocks[step.block][0 if step.on else 1]
            walk(block(x) if block else x, list(group), place + 1, labels)

    normalize = model.get_layer(NORMALIZATION_LAYER)
    for start in range(0, len(images), batch_size):
        here = slice(start, start + batch_size)
        walk(row.stem(normalize(images[here])), order, 0, labels[here])
    return [round(100 * int(one) / len(images), 4) for one in wrong]


class Row(NamedTuple):
    """A net cut at the ends of its blocks, into models."""

    stem: object
    blocks: list  # of (as it is, switched off); None for a block that then hands on what it gets
    head: object

    def compiled(self):
        """The same, as compiled functions."""
        blocks = [tuple(one and compiled(one) for one in pair) for pair in self.blocks]
        return Row(compiled(self.stem), blocks, compiled(self.head))


def row_of_blocks(net):
    """The `Row` of a net of this library."""
    start = stem = net.get_layer("stem_relu").output
    blocks = []
    for name in block_names(net):
        end = [layer for layer in net.layers if layer.name.startswith(f"{name}_")][-1].output
        block = keras.Model(start, end)
        blocks.append((block, None if start.shape == end.shape else lesion(block, [name])))
        start = end
    return Row(keras.Model(net.input, stem), blocks, keras.Model(start, net.output))
