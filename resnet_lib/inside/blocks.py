"""Cut a residual net into blocks, each with two paths through it: the skip and the branch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
from keras import ops

from resnet_lib.inside.calls import Tensor, Tensors, call, single_output, value_and_gradients
from resnet_lib.nets.structure import check_inspectable, residual_sums


class Block(NamedTuple):
    """One block as models: from its input to the terms of its sum, and from the sum to its end."""

    terms: keras.Model  # to [skip, branch], or to [branch] where the skip is the input itself
    after_sum: keras.Model | None  # v1's ReLU; None in v2, where the sum is the output
    end: Any  # the symbolic tensor that the next block reads

    def skip_and_branch(self, x: Tensor, statistics: Tensors) -> tuple[Tensor, Tensor]:
        """Compute the two terms of the sum from the block's input `(batch, …)`."""
        outputs, _ = call(self.terms, x, False, statistics)
        if not isinstance(outputs, list | tuple):
            return x, outputs
        skip, branch = outputs
        return skip, branch

    def finish(self, total: Tensor) -> Tensor:
        """Compute the block's output from its sum."""
        return total if self.after_sum is None else single_output(call(self.after_sum, total)[0])

    def forward(self, x: Tensor, statistics: Tensors) -> Tensor:
        """Compute the block's output from its input."""
        skip, branch = self.skip_and_branch(x, statistics)
        return self.finish(skip + branch)

    def backward(self, x: Tensor, gradients: Tensor, statistics: Tensors) -> list[Tensor]:
        """Carry gradients at the output, `(rows, batch, …)`, back to the input `x`.

        Returns two arrays of rows: the gradients through the skip, and those through the branch.
        """
        skip, branch = self.skip_and_branch(x, statistics)
        gradients = pull_back(self.finish, skip + branch, gradients)

        def pull_back_term(term: int) -> Tensor:
            return pull_back(
                lambda inputs: self.skip_and_branch(inputs, statistics)[term], x, gradients
            )

        return [pull_back_term(0), pull_back_term(1)]


def residual_blocks(model: keras.Model) -> list[Block]:
    """List the `Block`s of a net of this library. Raises `ValueError` if there are none."""
    check_inspectable(model)
    sums = residual_sums(model)
    if not sums:
        raise ValueError(
            f"{model.name} adds no branch to a skip, so it has no paths to count; build it with "
            'shortcut="pad" or "projection"'
        )
    layer_names = {layer.name for layer in model.layers}
    blocks, start = [], model.get_layer("stem_relu").output
    for layer in sums:
        relu = layer.name.removesuffix("_add") + "_relu"
        end = model.get_layer(relu).output if relu in layer_names else layer.output
        after_sum = keras.Model(layer.output, end) if relu in layer_names else None
        terms = [term for term in layer.input if term is not start]
        blocks.append(Block(keras.Model(start, terms), after_sum, end))
        start = end
    return blocks


def pull_back(function: Callable[[Tensor], Tensor], x: Tensor, gradients: Tensor) -> Tensor:
    """Multiply each row of `gradients` by the transposed Jacobian of `function` at `x`.

    `x` is `(batch, …)`, `gradients` are `(rows, batch, …)`.
    """
    flat = merge_rows(gradients)
    repeated = merge_rows(ops.repeat(x[None], gradients.shape[0], axis=0))
    _, (pulled,) = value_and_gradients(
        lambda arrays: ops.sum(function(arrays[0]) * flat), [repeated]
    )
    return ops.reshape(pulled, (*gradients.shape[:2], *x.shape[1:]))


def merge_rows(rows: Tensor) -> Tensor:
    """Reshape `(rows, batch, …)` to `(rows * batch, …)`, which a layer accepts."""
    return ops.reshape(rows, (-1, *rows.shape[2:]))
