"""Switch off blocks of a trained net, or weaken them; nothing is trained again.

A switched-off block hands on what its skip carries: its input or, where the shape changes, every
`strides`-th pixel with zero channels appended. In a plain net, which has no skip, the same takes
the block's place, so that both kinds of net lose the same layers. Batch normalisation keeps its
running averages. Source: Veit et al. 2016, arXiv 1605.06431, section 4.
"""

import re
from numbers import Real

import keras
from keras import layers

from resnet_lib.nets.resnet import PadShortcut
from resnet_lib.nets.structure import check_inspectable, inner_model

BLOCK = re.compile(r"(stage\d+_block\d+)_")
OFF = 0.0


@keras.saving.register_keras_serializable("resnet_lib")
class Times(layers.Layer):
    """Its input times a fixed factor. Keras's own Rescaling asks for TensorFlow on any backend."""

    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config() | {"factor": self.factor}


def block_names(model):
    """The names of a net's blocks, input to output; `ValueError` where there are none.

    >>> block_names(resnet_v1((32, 32, 3), 8))
    ['stage1_block1', 'stage2_block1', 'stage3_block1']
    """
    inner = inner_model(model) or model
    names = [found[1] for layer in inner.layers if (found := BLOCK.match(layer.name))]
    if not names:
        raise ValueError(
            f"{model.name} has no blocks: layers called stage1_block1_… are looked for, as "
            "resnet_v1, resnet_v2 and imagenet_net name them"
        )
    return list(dict.fromkeys(names))


def lesion(model, blocks):
    """The same net, sharing its weights, with some blocks switched off or weakened: a new model.

    `blocks` is a name such as "stage2_block1", or several, to be switched off, or maps names to a
    factor from 0 (off) to 1 (as it was) for the branch: y = skip + factor * F(x). In a plain net
    the factor mixes: y = (1 - factor) * skip + factor * F(x). `model` is a net of this library,
    from float images, or one that `trained_model` or `saved_model` gave, from uint8 images.
    Raises `ValueError` for names or factors that cannot be.

    >>> lesion(trained_model(run), ["stage1_block2", "stage3_block3"])
    """
    blocks = [blocks] if isinstance(blocks, str) else blocks
    factors = dict(blocks) if hasattr(blocks, "keys") else dict.fromkeys(blocks, OFF)
    check_factors(factors, block_names(model))
    if (inner := inner_model(model)) is not None:
        changed = lesion(inner, factors)
        return keras.models.clone_model(
            model, clone_function=lambda layer: changed if layer is inner else layer
        )
    check_inspectable(model)
    ends = {branch_end(model, name): name for name in factors}
    starts = {}  # by block: what it was given

    def weakened(layer, inputs, **options):
        found = BLOCK.match(layer.name)
        if found:
            starts.setdefault(found[1], inputs)
        if layer.name not in ends:
            return layer(inputs, **options)
        name = ends[layer.name]
        factor = factors[name]
        if isinstance(layer, layers.Add):
            skip, branch = inputs
            return skip if factor == OFF else layer([skip, Times(factor)(branch)])
        branch = layer(inputs, **options)
        skip = parameter_free(starts[name], branch.shape, name)
        if factor == OFF:
            return skip
        return layers.Add()([Times(1 - factor)(skip), Times(factor)(branch)])

    return keras.models.clone_model(
        model, clone_function=lambda layer: layer, call_function=weakened
    )


def branch_end(model, name):
    """The layer after which the branch of the block called `name` is whole: its sum, if any."""
    own = [layer for layer in model.layers if layer.name.startswith(f"{name}_")]
    sums = [layer for layer in own if isinstance(layer, layers.Add)]
    return (sums or [layer for layer in own if layer.name != f"{name}_relu"])[-1].name


def parameter_free(x, shape, name):
    """The skip of a block that has none: `x` itself, or option A where the shape changes."""
    if x.shape == shape:
        return x
    return PadShortcut(shape[-1], x.shape[1] // shape[1], name=f"{name}_in_its_place")(x)


def check_factors(factors, names):
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
