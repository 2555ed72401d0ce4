"""What is said and drawn of lesions follows the recorded files, whatever they hold."""

import json
import shutil

import numpy as np
import pytest

from resnet_lib import headline_runs, lesioned
from resnet_lib.captions import NONE_YET
from resnet_lib.measurements import MEASURED
from resnet_lib.runs import RECORDED

FIGURES = ("single_blocks", "removed_at_random", "shuffled_order")
TABLES = ("single_table", "removal_table")
SENTENCES = ("said_of_single", "said_of_removed", "said_of_order")


@pytest.fixture
def changed(tmp_path):
    """`changed(name, change)`: the recorded folder with the values of one run's lesions changed."""
    for run in headline_runs():
        shutil.copy(RECORDED / f"{run.name}.run.json", tmp_path)
    shutil.copytree(RECORDED / MEASURED, tmp_path / MEASURED)

    def changed(model, change):
        run = next(run for run in headline_runs() if run.model.startswith(model))
        path = tmp_path / MEASURED / f"lesions-{run.name}.json"
        record = json.loads(path.read_bytes())
        change(record["values"])
        path.write_text(json.dumps(record))
        return tmp_path

    return changed


def row_of(table, label):
    return next(row for row in table.rows if row[0] == label)


def test_the_four_are_there_in_the_book_s_order():
    found = lesioned.recorded_lesions()
    assert [one.label for one in found] == ["Plain-20", "Plain-56", "ResNet-20", "ResNet-56"]
    for one in found:
        assert one.single.shape == one.cost.shape == (len(one.blocks),)
        assert one.random.shape == (20, len(one.removed))
        assert one.down.sum() == 2


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_what_is_recorded_and_says_where_from(name):
    figure = getattr(lesioned, name)()
    panels = [axes for axes in figure.axes if axes.get_visible()]
    assert len(panels) == (4 if name == "single_blocks" else 2)
    assert "10,000 images of CIFAR-10" in figure._supxlabel.get_text()
    assert figure._repr_png_().startswith(b"\x89PNG")


def test_a_bar_stands_from_the_nets_own_error_to_that_without_the_block():
    figure = lesioned.single_blocks()
    for axes, one in zip(figure.axes, lesioned.recorded_lesions(), strict=True):
        tops = [bar.get_y() + bar.get_height() for bar in axes.patches]
        assert tops == pytest.approx(one.single)
        assert {bar.get_y() for bar in axes.patches} == {one.whole}
        full = [bar.get_alpha() == 1 for bar in axes.patches]
        assert full == [name.endswith("_block1") and name[5] in "23" for name in one.blocks]


def test_the_table_and_the_sentence_follow_the_data(changed):
    def hurt_one_block(values):
        values["whole"] = [10.0]
        values["single"] = [[11.0, 11.0, 95.0, 12.5, 11.0, 11.0, 12.0, 11.0, 11.0]]

    folder = changed("resnet20", hurt_one_block)
    row = row_of(lesioned.single_table(folder), "ResNet-20")
    assert row[1:] == ("10.00", "+1.00", "+1.00\n1.1", "+85.00\n1.3", "+2.50 and +2.00", "+1.00")
    assert (
        "ResNet-20 misses 1.3 most (95.00 % wrong without it, not one of the two); 7 of its 9 "
        "blocks can go, one at a time, for 2 points or less" in lesioned.said_of_single(folder)
    )


def test_how_many_may_go_is_counted_to_two_points(changed):
    def set_costs(values):
        values["whole"] = [10.0]
        values["single"] = [[12.0, 12.01, 9.0, 95.0, 50.0, 50.0, 50.0, 50.0, 50.0]]

    said = lesioned.said_of_single(changed("resnet20", set_costs))
    assert (
        "ResNet-20 misses 2.1 most (95.00 % wrong without it, one that shrinks the maps); 2 of its "
        "9 blocks can go, one at a time, for 2 points or less" in said
    )


def test_half_wrong_is_counted_on_the_median_order(changed):
    def slowly(values):
        values["random"] = [[[10, 20, 30, 40, 50, 51, 60, 70, 80]] * 11 + [[90] * 9] * 9]

    folder = changed("resnet20", slowly)
    assert "ResNet-20 after 6 blocks of 9" in lesioned.said_of_removed(folder)
    rows = [row for row in lesioned.removal_table(folder).rows if row[0] == "ResNet-20"]
    assert [row[1] for row in rows] == ["1 of 9", "2 of 9", "3 of 9", "6 of 9"]
    assert rows[1][2] == "20.00\n(20.00 to 90.00)"


def test_an_exchange_is_told_by_its_median_and_one_undone_is_none(changed):
    def set_draws(values):
        same, other = list(range(9)), [1, 0, *range(2, 9)]
        draws = [(1, 20.0, other), (1, 30.0, other), (1, 90.0, other), (2, 5.0, same)]
        draws += [(4, 80.0, other), (16, 82.0, other)]
        values["shuffles"] = [[{"swaps": s, "order": o, "error": e} for s, e, o in draws]]

    said = lesioned.said_of_order(changed("plain20", set_draws))
    assert (
        "Plain-20 30.00 % (20.00 to 90.00) after one exchange, 81.00 % (80.00 to 82.00) after more"
        in said
    )


def test_a_net_that_no_block_can_leave_is_called_lost(changed):
    def hurt_all(values):
        values["single"] = [[72.5, 80.0, 91.0, 90.0, 90.0, 90.0, 90.0, 90.0, 90.0]]

    said = lesioned.said_of_single(changed("plain20", hurt_all))
    assert "Plain-20 is lost without any one of its 9 blocks: 72.50 to 91.00 % wrong" in said


@pytest.mark.parametrize(
    ("order", "tau"),
    [([0, 1, 2, 3], 1), ([3, 2, 1, 0], -1), ([1, 0, 2, 3], 4 / 6), ([1, 2, 3, 0], 0)],
)
def test_kendall_s_tau(order, tau):
    assert lesioned.kendall_tau(order) == pytest.approx(tau)


def test_the_points_of_the_shuffled_are_those_recorded():
    figure = lesioned.shuffled_order()
    found = {one.label: one for one in lesioned.recorded_lesions()}
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_label() in found:
                draws = found[line.get_label()].shuffles
                assert np.array(line.get_ydata()) == pytest.approx([one["error"] for one in draws])


@pytest.mark.parametrize("name", [*FIGURES, *TABLES, *SENTENCES])
def test_with_nothing_recorded_it_says_so(name, tmp_path):
    found = getattr(lesioned, name)(tmp_path)
    text = found._supxlabel.get_text() if name in FIGURES else repr(found)
    assert NONE_YET in text


@pytest.mark.parametrize("name", [*FIGURES, *TABLES, *SENTENCES])
def test_one_net_alone_is_enough(name, tmp_path):
    for run in headline_runs():
        shutil.copy(RECORDED / f"{run.name}.run.json", tmp_path)
    subject = next(run.name for run in headline_runs() if run.model.startswith("resnet20"))
    (tmp_path / MEASURED).mkdir()
    shutil.copy(RECORDED / MEASURED / f"lesions-{subject}.json", tmp_path / MEASURED)
    assert getattr(lesioned, name)(tmp_path) is not None
