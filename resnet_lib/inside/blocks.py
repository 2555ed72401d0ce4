"""A residual net as a row of blocks, each with two ways through it: past its branch, and by it."""

from typing import NamedTuple

import keras
from keras import ops

from resnet_lib.inside.calls import call, single, value_and_gradients
from resnet_lib.nets.structure import check_inspectable, residual_sums


class Block(NamedTuple):
    """One block as models: its input to the terms of its sum, and their sum to the block's end."""

    terms: keras.Model  # to [skip, branch], or to [branch] where the skip is the input itself
    after: keras.Model | None  # v1's ReLU; None in v2, which hands the sum on
    end: object  # the tensor that the next block takes

    def ways(self, x, statistics):
        """`(skip, branch)`."""
        found, _ = call(self.terms, x, False, statistics)
        return found if isinstance(found, list | tuple) else (x, found)

    def close(self, total):
        return total if self.after is None else single(call(self.after, total)[0])

    def forward(self, x, statistics):
        skip, branch = self.ways(x, statistics)
        return self.close(skip + branch)

    def backward(self, x, gradients, statistics):
        """Gradients at the end, `(rows, batch, …)`, to those at the input: past, and by branch."""
        skip, branch = self.ways(x, statistics)
        gradients = pull_back(self.close, skip + branch, gradients)
        return [
            pull_back(lambda one, way=way: self.ways(one, statistics)[way], x, gradients)
            for way in (0, 1)
        ]


def residual_blocks(model):
    """The `Block`s of a net of this library; `ValueError` where there are none."""
    check_inspectable(model)
    sums = residual_sums(model)
    if not sums:
        raise ValueError(
            f"{model.name} adds no branch to a skip, so it has no paths to count; build it with "
            'shortcut="pad" or "projection"'
        )
    blocks, start = [], model.get_layer("stem_relu").output
    for layer in sums:
        relu = layer.name.removesuffix("_add") + "_relu"
        has_relu = any(one.name == relu for one in model.layers)
        end = model.get_layer(relu).output if has_relu else layer.output
        after = keras.Model(layer.output, end) if has_relu else None
        terms = [term for term in layer.input if term is not start]
        blocks.append(Block(keras.Model(start, terms), after, end))
        start = end
    return blocks


def merge(rows):
    """`(rows, batch, …)` to `(rows * batch, …)`, which a layer takes."""
    return ops.reshape(rows, (-1, *rows.shape[2:]))


def pull_back(function, x, gradients):
    """Each row of `gradients` times the transposed Jacobian of `function` at `x`."""
    flat = merge(gradients)
    repeated = merge(ops.repeat(x[None], gradients.shape[0], axis=0))
    _, (pulled,) = value_and_gradients(lambda one: ops.sum(function(one[0]) * flat), [repeated])
    return ops.reshape(pulled, (*gradients.shape[:2], *x.shape[1:]))
