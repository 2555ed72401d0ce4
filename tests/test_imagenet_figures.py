"""The ImageNet chapter's figures: what is drawn is what was counted and reported."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.textpath import TextPath

from resnet_lib.counting import imagenet_cost
from resnet_lib.imagenet_figures import error_against_cost, rows_of, side_by_side
from resnet_lib.paper_imagenet import found
from resnet_lib.plots import PLAIN, V1

THREE = ("vgg19", "plain34", "resnet34")


@pytest.fixture(scope="module")
def figure():
    figure = side_by_side([imagenet_cost(name) for name in THREE])
    figure.draw_without_rendering()
    return figure


def bars(axes):
    """Those of the layers; a band behind them, which spans the column, is taller than a row."""
    return [one for one in axes.patches if isinstance(one, Rectangle) and one.get_height() < 1]


def test_a_bar_is_as_long_as_its_layer_has_multiply_adds(figure):
    for axes, name in zip(figure.axes, THREE, strict=True):
        counted = [
            one.multiply_adds / 1e9
            for one in imagenet_cost(name).layers
            if "_shortcut" not in one.name
        ]
        drawn = sorted(bars(axes), key=lambda one: one.get_y())
        assert [one.get_width() for one in drawn] == pytest.approx(counted)


def test_the_columns_have_one_scale(figure):
    inches = []
    for axes in figure.axes:
        left, right = axes.get_xlim()
        inches.append(axes.get_window_extent().width / (right - left))
    assert np.ptp(inches) < 0.02 * inches[0]


def test_equal_maps_stand_at_equal_height_and_no_two_layers_in_one_place():
    nets = [imagenet_cost(name) for name in THREE]
    places, bands = rows_of(nets)
    assert list(bands) == [(224, 224), (112, 112), (56, 56), (28, 28), (14, 14), (7, 7), ()]
    for net in nets:
        sizes = {one.name: one.size for one in net.layers}
        own = {layer: y for (name, layer), y in places.items() if name == net.name}
        assert len(set(own.values())) == len(own)
        for layer, y in own.items():
            top, low = bands[sizes[layer]]
            assert top < y < low


def test_there_is_an_arc_around_every_block_dashed_where_the_shape_changes(figure):
    arcs = [[one for one in axes.patches if isinstance(one, PathPatch)] for axes in figure.axes]
    assert [len(of_net) for of_net in arcs] == [0, 0, 16]
    assert [one.get_linestyle() != "-" for one in arcs[2]].count(True) == 3
    assert [to_hex(bars(axes)[0].get_facecolor()) for axes in figure.axes[1:]] == [
        PLAIN.lower(),
        V1.lower(),
    ]


def line_of(text):
    """Where the letters of a text can be: from the top of an l to the foot of a p, in its font.

    A font may ask for more between lines, which nothing is drawn in.
    """
    size = text.get_fontsize() * text.figure.dpi / 72
    letters = TextPath((0, 0), "lp", size=size, prop=text.get_fontproperties()).get_extents()
    box = text.get_window_extent()
    return box.expanded(1, min(1, letters.height / box.height))


def test_no_two_texts_of_a_column_overlap(figure):
    for axes in figure.axes:
        boxes = [line_of(one) for one in axes.texts]
        for index, one in enumerate(boxes):
            assert not any(one.overlaps(other) for other in boxes[:index])


def test_the_discs_lie_where_the_paper_and_the_counts_put_them():
    (axes,) = error_against_cost(imagenet_cost).axes
    names = ("plain18", "plain34"), ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    for discs, of_kind in zip(axes.collections, (*names, ("vgg16",)), strict=True):
        options = ["A" if name == "resnet18" else "B" for name in of_kind]
        costs = [imagenet_cost(*one) for one in zip(of_kind, options, strict=True)]
        errors = [found(*one).top1 for one in zip(of_kind, options, strict=True)]
        at = np.array(discs.get_offsets())
        assert at[:, 0] == pytest.approx([cost.multiply_adds / 1e9 for cost in costs])
        assert list(at[:, 1]) == errors
        areas = discs.get_sizes() / [cost.parameters for cost in costs]
        assert np.ptp(areas) < 1e-9


def test_no_two_names_of_the_discs_overlap():
    figure = error_against_cost(imagenet_cost)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [one.get_window_extent() for one in axes.texts]
    assert len(boxes) == 9
    for index, one in enumerate(boxes):
        assert not any(one.overlaps(other) for other in boxes[:index])
        assert axes.get_window_extent().x0 <= one.x0, "left of the axis are its own numbers"
