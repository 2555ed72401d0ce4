"""The ImageNet chapter's figures draw what was counted and reported."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.textpath import TextPath

from resnet_lib.chapters.imagenet_figures import error_against_cost, place_layers, side_by_side
from resnet_lib.chapters.plots import PLAIN, V1
from resnet_lib.chapters.reported_imagenet import find_ten_crop
from resnet_lib.nets.counting import imagenet_cost

THREE = ("vgg19", "plain34", "resnet34")


def drawn(figure):
    figure.draw_without_rendering()
    return figure.axes


@pytest.fixture(scope="module")
def columns():
    return drawn(side_by_side([imagenet_cost(name) for name in THREE]))


@pytest.fixture(scope="module")
def plane():
    (axes,) = drawn(error_against_cost(imagenet_cost))
    return axes


def bars(axes):
    """Those of the layers; a band behind them, which spans the column, is taller than a row."""
    return [one for one in axes.patches if isinstance(one, Rectangle) and one.get_height() < 1]


def test_a_bar_is_as_long_as_its_layer_has_multiply_adds(columns):
    for axes, name in zip(columns, THREE, strict=True):
        layers = [one for one in imagenet_cost(name).layers if "_shortcut" not in one.name]
        counted = [one.multiply_adds / 1e9 for one in layers]
        in_order = sorted(bars(axes), key=lambda one: one.get_y())
        assert [one.get_width() for one in in_order] == pytest.approx(counted)


def test_the_columns_have_one_scale(columns):
    inches = [axes.get_window_extent().width / np.ptp(axes.get_xlim()) for axes in columns]
    assert np.ptp(inches) < 0.02 * inches[0]


def test_equal_maps_have_equal_heights_and_no_two_layers_share_a_row():
    nets = [imagenet_cost(name) for name in THREE]
    places, bands = place_layers(nets)
    assert list(bands) == [(224, 224), (112, 112), (56, 56), (28, 28), (14, 14), (7, 7), ()]
    for net in nets:
        sizes = {one.name: one.size for one in net.layers}
        own = {layer: y for (name, layer), y in places.items() if name == net.name}
        assert len(set(own.values())) == len(own)
        assert all(bands[sizes[one]][0] < y < bands[sizes[one]][1] for one, y in own.items())


def test_there_is_an_arc_around_every_block_dashed_where_the_shape_changes(columns):
    arcs = [[one for one in axes.patches if isinstance(one, PathPatch)] for axes in columns]
    assert [len(of_net) for of_net in arcs] == [0, 0, 16]
    assert [one.get_linestyle() != "-" for one in arcs[2]].count(True) == 3
    colours = [to_hex(bars(axes)[0].get_facecolor()) for axes in columns[1:]]
    assert colours == [PLAIN.lower(), V1.lower()]


def line_of(text):
    """Where the letters of a text can be: from the top of an l to the foot of a p, in its font.

    A font may ask for more between lines, which nothing is drawn in.
    """
    size = text.get_fontsize() * text.figure.dpi / 72
    letters = TextPath((0, 0), "lp", size=size, prop=text.get_fontproperties()).get_extents()
    box = text.get_window_extent()
    return box.expanded(1, min(1, letters.height / box.height))


def test_no_two_texts_overlap(columns, plane):
    names = [one.get_window_extent() for one in plane.texts]
    assert len(names) == 9
    left = plane.get_window_extent().x0
    assert all(left <= one.x0 for one in names), "left of the axis are its own numbers"
    for boxes in (names, *([line_of(one) for one in axes.texts] for axes in columns)):
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_discs_are_where_the_paper_and_the_counts_put_them(plane):
    names = ("plain18", "plain34"), ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152")
    for discs, of_kind in zip(plane.collections, (*names, ("vgg16",)), strict=True):
        nets = [(name, "A" if name == "resnet18" else "B") for name in of_kind]
        costs = [imagenet_cost(*net) for net in nets]
        at = np.array(discs.get_offsets())
        assert at[:, 0] == pytest.approx([cost.multiply_adds / 1e9 for cost in costs])
        assert list(at[:, 1]) == [find_ten_crop(*net).top1 for net in nets]
        assert np.ptp(discs.get_sizes() / [cost.parameters for cost in costs]) < 1e-9
