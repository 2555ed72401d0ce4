"""Figures, tables and sentences about lesions follow the recorded files."""

import json
import shutil

import pytest

from resnet_lib import headline_runs
from resnet_lib.chapters import lesions
from resnet_lib.chapters.captions import NONE_YET
from resnet_lib.runs.measurements import MEASUREMENTS_FOLDER
from resnet_lib.runs.run import RECORDED

FIGURES = ("single_blocks", "random_removal_orders", "shuffled_order")
ALL = (*FIGURES, "single_table", "removal_table", "said_of_single", "said_of_removed")
ALL += ("said_of_order",)


@pytest.fixture
def changed(tmp_path):
    """`changed(model, **values)`: a folder with the recorded lesions, some values replaced."""
    for run in headline_runs():
        shutil.copy(RECORDED / f"{run.name}.run.json", tmp_path)
    shutil.copytree(RECORDED / MEASUREMENTS_FOLDER, tmp_path / MEASUREMENTS_FOLDER)

    def changed(model, **values):
        run = next(run for run in headline_runs() if run.model.startswith(model))
        path = tmp_path / MEASUREMENTS_FOLDER / f"lesions-{run.name}.json"
        record = json.loads(path.read_bytes())
        record["values"] |= values
        path.write_text(json.dumps(record))
        return tmp_path

    return changed


def rows_of(table, label):
    return [row[1:] for row in table.rows if row[0] == label]


def test_the_four_nets_are_in_the_book_s_order():
    found = lesions.recorded_lesions()
    assert [one.label for one in found] == ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]
    for one in found:
        assert one.single.shape == one.cost.shape == (len(one.blocks),)
        assert one.random.shape == (20, len(one.removed))
        assert one.down.sum() == 2


@pytest.fixture(scope="module")
def figures():
    return {name: getattr(lesions, name)() for name in FIGURES}


def test_a_figure_names_its_source(figures):
    for name, panels in zip(FIGURES, (4, 2, 2), strict=True):
        assert sum(axes.get_visible() for axes in figures[name].axes) == panels
        assert "10,000 images of CIFAR-10" in figures[name]._supxlabel.get_text()
        assert figures[name]._repr_png_().startswith(b"\x89PNG")


def test_a_bar_goes_from_the_net_s_error_to_the_error_without_the_block(figures):
    panels = figures["single_blocks"].axes
    for axes, one in zip(panels, lesions.recorded_lesions(), strict=True):
        tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
        assert tops == pytest.approx(one.single)
        assert {bar.get_y() for bar in axes.patches} == {one.whole}
        full = [bar.get_alpha() == 1 for bar in axes.patches]
        assert full == [name.endswith("_block1") and name[5] in "23" for name in one.blocks]


def test_the_points_of_the_shuffled_nets_are_the_recorded_errors(figures):
    lines = [line for axes in figures["shuffled_order"].axes for line in axes.lines]
    drawn = {line.get_label(): line.get_ydata() for line in lines}
    for one in lesions.recorded_lesions():
        assert list(drawn[one.label]) == pytest.approx([draw["error"] for draw in one.shuffles])


SAME, OTHER = list(range(9)), [1, 0, *range(2, 9)]
DRAWS = [(1, 20.0, OTHER), (1, 30.0, OTHER), (1, 90.0, OTHER), (2, 5.0, SAME)]
DRAWS += [(4, 80.0, OTHER), (16, 82.0, OTHER)]


@pytest.mark.parametrize(
    ("sentence", "model", "values", "expected"),
    [
        (
            "said_of_single",
            "resnet20",
            {"whole": [10.0], "single": [[11, 11, 95.0, 12.5, 11, 11, 12, 11, 11]]},
            "ResNet-20 misses 1.3 most (95.00 % wrong without it, not one of the two); 7 of its 9 "
            "blocks can go, one at a time, for 2 points or less",
        ),
        (
            "said_of_single",
            "resnet20",
            {"whole": [10.0], "single": [[12.0, 12.01, 9.0, 95.0, 50, 50, 50, 50, 50]]},
            "ResNet-20 misses 2.1 most (95.00 % wrong without it, one that shrinks the maps); 2 of "
            "its 9 blocks can go, one at a time, for 2 points or less",
        ),
        (
            "said_of_single",
            "plain20",
            {"single": [[72.5, 80.0, 91.0, 90, 90, 90, 90, 90, 90]]},
            "Plain-20 is lost without any one of its 9 blocks: 72.50 to 91.00 % wrong",
        ),
        (  # the median decides; an exchange that is undone counts as none
            "said_of_order",
            "plain20",
            {"shuffles": [[{"swaps": s, "order": o, "error": e} for s, e, o in DRAWS]]},
            "Plain-20 30.00 % (20.00 to 90.00) after one exchange, 81.00 % (80.00 to 82.00) after "
            "more",
        ),
    ],
)
def test_a_sentence_follows_the_data(changed, sentence, model, values, expected):
    assert expected in getattr(lesions, sentence)(changed(model, **values))


def test_tables_follow_the_data(changed):
    slowly = [[[10, 20, 30, 40, 50, 51, 60, 70, 80]] * 11 + [[90] * 9] * 9]
    single = [[11.0, 11.0, 95.0, 12.5, 11.0, 11.0, 12.0, 11.0, 11.0]]
    folder = changed("resnet20", whole=[10.0], single=single, random=slowly)
    assert rows_of(lesions.single_table(folder), "ResNet-20")[0] == (
        *("10.00", "+1.00", "+1.00\n1.1", "+85.00\n1.3", "+2.50 and +2.00", "+1.00"),
    )
    # Of the random orders the median counts.
    assert "ResNet-20 after 6 blocks of 9" in lesions.said_of_removed(folder)
    rows = rows_of(lesions.removal_table(folder), "ResNet-20")
    assert [row[0] for row in rows] == ["1 of 9", "2 of 9", "3 of 9", "6 of 9"]
    assert rows[1][1] == "20.00\n(20.00 to 90.00)"


def test_kendall_s_tau():
    orders = {(0, 1, 2, 3): 1, (3, 2, 1, 0): -1, (1, 0, 2, 3): 4 / 6, (1, 2, 3, 0): 0}
    for order, tau in orders.items():
        assert lesions.kendall_tau(list(order)) == pytest.approx(tau)


@pytest.mark.parametrize("name", ALL)
def test_nothing_recorded_is_said_and_one_net_is_enough(name, tmp_path):
    found = getattr(lesions, name)(tmp_path)
    assert NONE_YET in (found._supxlabel.get_text() if name in FIGURES else repr(found))
    (tmp_path / MEASUREMENTS_FOLDER).mkdir()
    for run in headline_runs():
        shutil.copy(RECORDED / f"{run.name}.run.json", tmp_path)
        if run.model.startswith("resnet20"):
            shutil.copy(
                RECORDED / MEASUREMENTS_FOLDER / f"lesions-{run.name}.json",
                tmp_path / MEASUREMENTS_FOLDER,
            )
    assert getattr(lesions, name)(tmp_path) is not None
