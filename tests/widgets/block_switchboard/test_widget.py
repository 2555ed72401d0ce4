"""The BlockSwitchboard's Python half: its data, its state and its picture."""

import base64
import io

import numpy as np
import pytest
import traitlets
from PIL import Image
from sprite_images import decode_images
from static_copies import read_alt, read_state

from resnet_lib import headline_runs
from resnet_lib.runs.measurements import load_measurements
from resnet_lib.widgets.block_switchboard import recorded_nets, widget
from resnet_lib.widgets.block_switchboard.widget import BlockSwitchboard
from resnet_lib.widgets.catalog import page_files
from resnet_lib.widgets.net_in_page.image_sprite import read_sprite
from resnet_lib.widgets.net_in_page.weights_file import list_blocks, pack_weights
from resnet_lib.widgets.shared.widget import module_source


def test_the_nets_are_those_of_the_headline_runs_whose_weights_are_kept():
    state, files = recorded_nets.switchboard()
    assert [net["label"] for net in state["nets"]] == ["ResNet-20", "plain-20", "ResNet-56"]
    runs = {run.name: run for run in headline_runs()}
    for net in state["nets"]:
        run = runs[net["run"]]
        kind = "plain" if run.net.shortcut == "none" else "v1"
        assert (net["n"], net["shortcut"], net["kind"]) == (run.net.n, run.net.shortcut, kind)
        assert files[net["file"]] == pack_weights(run)
        assert net["file"].startswith(run.name)
        assert net["test_error"] == pytest.approx(run.test_error, abs=5e-4)
        assert f"{run.recipe.name} ({run.recipe.epochs} epochs" in net["caption"]
        assert run.device in net["caption"]


def test_a_net_without_its_weights_is_left_out(tmp_path, monkeypatch):
    for run in headline_runs():
        run.save(tmp_path / f"{run.name}.run.json")
    state, files = recorded_nets.switchboard(tmp_path)
    assert state["nets"] == []
    assert list(files) == [state["images"]["file"]]
    recorded_nets.switchboard(tmp_path / "nowhere")
    monkeypatch.setattr(widget, "switchboard", lambda: (state, files))
    assert (
        '<div class="rl-picture">No trained net is recorded.</div>'
        in BlockSwitchboard().static_html()
    )


def test_the_recorded_lesions_are_handed_on():
    measured = load_measurements("lesions")
    for net in recorded_nets.switchboard()[0]["nets"]:
        given = net["lesions"]
        if net["run"] not in measured:
            assert given is None
            continue
        values, settings = measured[net["run"]].values, measured[net["run"]].settings
        blocks = list_blocks(net["n"])
        assert values["blocks"] == blocks
        for name in ("whole", "single", "first", "last"):
            assert given[name] == values[name][0]
        lengths = {len(given[name]) for name in ("single", "first", "last")}
        assert lengths == {len(blocks)} == {3 * net["n"]}
        assert given["first"][0] == given["single"][0]
        assert (given["images"], given["removed"]) == (settings["images"], settings["removed"])
        assert len(given["orders"]) == len(given["random"]) == settings["draws"]
        assert all(sorted(order) == list(range(len(blocks))) for order in given["orders"])


def test_the_sprite_holds_the_images_of_the_gallery_without_loss():
    images = recorded_nets.switchboard()[0]["images"]
    png = base64.b64decode(images["sprite"].removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(png)) as sprite:
        pixels = np.asarray(sprite)
    arrays, labels = decode_images()
    for place, index in enumerate(images["gallery"]):
        row, column = divmod(place, 10)
        own = pixels[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
        assert np.array_equal(own, arrays[index])
    assert images["labels"] == labels.tolist() == read_sprite()[1]


def test_off_names_blocks_and_another_net_of_as_many_blocks_keeps_them_off():
    board = BlockSwitchboard(net="plain-20", off=["stage2_block1", "stage3_block3"])
    assert board.net == "plain-20"
    assert board.scales == [1, 1, 1, 0, 1, 1, 1, 1, 0]
    assert BlockSwitchboard(off={"stage1_block2": 0.25}).scales == [1, 0.25, *[1] * 7]
    assert BlockSwitchboard().scales == []
    board.block = "stage3_block3"
    board.net = "ResNet-20"
    assert board.scales == [1, 1, 1, 0, 1, 1, 1, 1, 0]
    board.net = "ResNet-56"
    assert board.scales == []
    board.block = "stage3_block9"
    board.net = "ResNet-20"
    assert board.block == "stage1_block1"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"net": "VGG"}, r"net must be one of ResNet-20, plain-20, ResNet-56; got 'VGG'"),
        ({"off": ["stage4_block1"]}, "off names blocks of ResNet-20, .*; got stage4_block1"),
        ({"off": {"stage1_block1": 2}}, "scales must be numbers from 0 to 1; got 2"),
        ({"scales": [1.0, 0.0]}, "a number for each of the 9 blocks of ResNet-20, or none; got 2"),
        ({"scales": [-0.1] * 9}, "scales must be numbers from 0 to 1; got -0.1"),
        ({"scales": [float("nan")] * 9}, "scales must be numbers from 0 to 1; got nan"),
        ({"image": 40}, "image must be from 0 to 39, or -1 for the reader's own; got 40"),
        ({"image": -2}, "image"),
        ({"block": "stage1_block9"}, "block must name a block of ResNet-20, .*; got 'stage1_bl"),
    ],
    ids=str,
)
def test_a_wrong_trait_is_refused(wrong, told):
    with pytest.raises(traitlets.TraitError, match=told):
        BlockSwitchboard(**wrong)


def test_the_static_html_names_its_files_and_does_not_hold_them():
    board = BlockSwitchboard()
    state = read_state(board.static_html())
    assert state["files"] == {}
    named = {state["worker"], state["images"]["file"], *(net["file"] for net in state["nets"])}
    assert named == set(board.files) == set(BlockSwitchboard.page_files())
    assert named <= set(page_files())
    source = board.files[state["worker"]].decode()
    assert source == module_source("net_in_page/inference_worker")
    assert len(board.static_html()) < 250_000, "the page itself stays light"


def test_the_picture_says_what_is_recorded():
    board = BlockSwitchboard(net="ResNet-20", off=["stage2_block2"])
    said = read_alt(board.static_html())
    (net,) = [net for net in board.nets if net["label"] == "ResNet-20"]
    assert said.startswith(f"ResNet-20, {net['test_error']:.2f} % of the test images wrong.")
    assert "Drawn as switched off: stage2_block2." in said
    assert net["caption"] in said
    if net["lesions"]:
        assert f"stage2_block1 {net['lesions']['single'][3]:.2f} %" in said
