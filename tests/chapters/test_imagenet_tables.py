"""The ImageNet chapter's tables and sentences against the paper's tables, typed a second time."""

import re

import pytest

from resnet_lib import IMAGENET_NETS
from resnet_lib.chapters import imagenet_tables, reported_imagenet
from resnet_lib.chapters.reported_imagenet import DETECTION, ENSEMBLES, SINGLE_MODELS, TEN_CROP
from resnet_lib.nets.counting import imagenet_cost
from resnet_lib.nets.imagenet import SHORTCUT_OPTIONS

# Depth, top-1 of the plain net, of the residual one; below: net, top-1, top-5.
TABLE_2 = [("18", "27.94", "27.88"), ("34", "28.54", "25.03")]
TABLE_3 = """
VGG-16 28.07 9.33
GoogLeNet – 9.15
PReLU-net 24.27 7.38
Plain-34 28.54 10.02
ResNet-34 25.03 7.76
ResNet-34 24.52 7.46
ResNet-34 24.19 7.40
ResNet-50 22.85 6.71
ResNet-101 21.75 6.05
ResNet-152 21.43 5.71
"""
TABLE_4 = """
VGG – 8.43
GoogLeNet – 7.89
VGG 24.4 7.1
PReLU-net 21.59 5.71
BN-inception 21.99 5.81
ResNet-34 21.84 5.71
ResNet-34 21.53 5.60
ResNet-50 20.74 5.25
ResNet-101 19.87 4.60
ResNet-152 19.38 4.49
"""
TABLE_5 = """
VGG 7.32
GoogLeNet 6.66
VGG 6.8
PReLU-net 4.94
BN-inception 4.82
ResNet 3.57
"""
TABLES_7_AND_8 = [("73.2", "76.4"), ("70.4", "73.8"), ("41.5", "48.4"), ("21.2", "27.2")]


def lines(text):
    return [tuple(line.split()) for line in text.strip().splitlines()]


def first(cell):
    return cell.split("\n")[0]


def test_ten_crop_errors_are_those_of_tables_2_and_3_beside_our_counts():
    of_table_3 = []
    for one, row in zip(TEN_CROP, imagenet_tables.ten_crops(imagenet_cost).rows, strict=True):
        if one.source == "Table 3":
            of_table_3.append((first(row[0]), *row[3:]))
        if one.net is None:
            assert row[1:3] == ("–", "–")
        else:
            cost = imagenet_cost(one.net, one.option)
            assert row[1] == f"{cost.parameters:,}"
            assert float(row[2]) == pytest.approx(cost.multiply_adds / 1e9, abs=0.005)
    assert of_table_3 == lines(TABLE_3)
    assert imagenet_tables.depth_and_skips().rows == TABLE_2
    for depth, *errors in TABLE_2:
        for net, error in zip((f"plain{depth}", f"resnet{depth}"), errors, strict=True):
            assert (
                f"{reported_imagenet.find_ten_crop(net, 'A' if 'res' in net else 'B').top1:.2f}"
                == error
            )


@pytest.mark.parametrize(
    ("classified", "text"), [(SINGLE_MODELS, TABLE_4), (ENSEMBLES, TABLE_5)], ids=["4", "5"]
)
def test_the_best_results_are_those_of_their_table(classified, text):
    rows = imagenet_tables.best_results(classified, "as won").rows
    assert [(first(row[0]), *row[1:]) for row in rows] == lines(text)


def test_the_detector_s_precision_is_that_of_tables_7_and_8():
    rows = imagenet_tables.detection().rows
    assert [row[1:3] for row in rows] == TABLES_7_AND_8
    assert rows[-1][3:] == ("+6.0", "+28 %"), "the abstract's relative improvement"
    assert [one.source for one in DETECTION] == ["Table 7", "Table 7", "Table 8", "Table 8"]


def test_the_contest_was_won_by_the_ensemble_of_table_5():
    contest, _, entry, nets = imagenet_tables.first_places().rows[0]
    (won,) = (one for one in ENSEMBLES if "2015" in one.note)
    assert entry == f"top-5 error {won.top5} %"
    assert won.note == f"{contest} 2015, {nets}"
    assert won.top5 == min(one.top5 for one in ENSEMBLES)


def test_every_net_that_the_tables_name_can_be_built():
    for one in (*TEN_CROP, *SINGLE_MODELS, *ENSEMBLES):
        assert one.source.startswith("Table ")
        if one.net:
            assert one.net in IMAGENET_NETS
            assert one.option in SHORTCUT_OPTIONS
            assert imagenet_tables.net_label(one.net) == one.name
    assert set(reported_imagenet.TABLE_1) <= set(IMAGENET_NETS)


def test_what_nets_cost():
    rows = imagenet_tables.costs(imagenet_cost, ("vgg19", "plain34", "resnet152")).rows
    assert [row[:3] for row in rows] == [
        ("VGG-19", "19", "143,667,240"),
        ("Plain-34", "34", "21,623,848"),
        ("ResNet-152", "152", "60,192,808"),
    ]
    dense = 7 * 7 * 512 * 4096 + 4096**2 + 4096 * 1000
    assert rows[0][3] == f"{100 * dense / 143_667_240:.0f} %"
    assert [row[5] for row in rows] == ["19.6", "3.6", "11.3"]
    assert imagenet_tables.said_of_costs(imagenet_cost) == (
        "ResNet-152 has 8 times the layers of VGG-19, 42 % of its parameters and 57 % of its "
        "multiply-adds."
    )


def test_a_difference_is_set_beside_what_the_choice_of_images_explains():
    said = imagenet_tables.said_of_depth()
    assert "from Plain-18 to Plain-34 0.60 points more, told apart" in said
    assert "from ResNet-18 to ResNet-34 2.85 points less, told apart" in said
    assert "from Plain-18 to ResNet-18 0.06 points less, not told apart" in said
    # sqrt(p (1 - p) / N) of both, the binomial error of each, in quadrature.
    shares = (0.2794, 0.2854)
    two = 200 * sum(share * (1 - share) / 50_000 for share in shares) ** 0.5
    assert re.search(r"are (\d\.\d\d) points", said)[1] == f"{two:.2f}"


def test_an_unknown_net_is_an_error():
    with pytest.raises(ValueError, match="'alexnet'"):
        imagenet_tables.net_label("alexnet")
