"""The other home of the widgets: a live notebook, where the kernel knows what the reader did."""

import json
import os
import subprocess
import sys
import time

import pytest

from resnet_lib import Run, saved_model

EXPLORER = (
    "from resnet_lib import ArchitectureExplorer\n"
    'net = ArchitectureExplorer(version="v1", n=3)\nnet',
    'print(f"the kernel has {net.version}, n = {net.n}")',
)
GRADIENT_LAB = (
    "from resnet_lib import GradientLab\ngradients = GradientLab(depth=9)\ngradients",
    'print(f"the kernel has {gradients.activation}, {gradients.skip}, {gradients.depth} layers")',
)
SWITCHBOARD = (
    "from resnet_lib import BlockSwitchboard\n"
    'board = BlockSwitchboard(net="plain-20", off=["stage2_block1"])\nboard',
    'print("the kernel has", board.net, board.scales.index(0), board.block, board.image)',
)
PREDICTION = (
    "from resnet_lib import Prediction\n"
    'Prediction.curve("Draw it.", x=[1, 2, 3], y=[9, 5, 4], low=0, high=10, xlabel="epoch",\n'
    '                 ylabel="error, %", label="plain-56", reveal="So it is.")',
)
DASHBOARD = (
    "from resnet_lib import TrainingDashboard, load_sample\n"
    "board = TrainingDashboard(n=1, epochs=400, data=load_sample())\nboard",
    'print("the kernel has", board.status, board.found["name"])',
    "import resnet_lib.training\n"
    "def full(*_):\n    raise OSError('no room is left on the disk')\n"
    "resnet_lib.training.save_state = full\nprint('the disk is full')",
)


@pytest.fixture
def lab(tmp_path, request):
    """The address of a JupyterLab on a folder that holds `live.ipynb`, with the cells asked for."""
    cells = [
        {"cell_type": "code", "id": f"cell{i}", "metadata": {}, "outputs": [], "source": source}
        | {"execution_count": None}
        for i, source in enumerate(request.param)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    (tmp_path / "live.ipynb").write_text(
        json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5})
    )
    runtime = tmp_path / "runtime"
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")  # the reader's own settings stay out of it
    environment = os.environ | {f"JUPYTER_{place}": str(runtime) for place in places}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        give_up = time.monotonic() + 60
        while not (found := list(runtime.glob("jpserver-*.json"))):
            late = time.monotonic() > give_up or server.poll() is not None
            assert not late, (tmp_path / "log").read_text()
            time.sleep(0.2)
        told = json.loads(found[0].read_text())
        yield f"{told['url']}lab/tree/live.ipynb?token={told['token']}"
    finally:
        server.terminate()
        server.wait(20)


def first_cell_run(page, lab):
    page.set_default_timeout(60_000)
    page.goto(lab)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")


def second_cell_says(page, text):
    cell_says(page, 1, text)


def cell_says(page, index, text):
    page.locator(".jp-CodeCell .cm-content").nth(index).click()
    page.keyboard.press("Shift+Enter")
    page.locator(".jp-OutputArea-output").get_by_text(text).wait_for()


@pytest.mark.parametrize("lab", [EXPLORER], indirect=True)
def test_the_explorer_lives_in_jupyterlab(browser, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    first_cell_run(page, lab)
    slider = page.locator(".rl input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    page.get_by_role("radio", name="v2", exact=True).click()
    page.locator(".rl-totals dd:has-text('38')").first.wait_for()  # 9 * 4 + 2

    # The notebook's own style sheet must leave the figures where the widget puts them.
    for row in page.locator(".rl-totals > div").all():
        name, value = row.locator("dt").bounding_box(), row.locator("dd").bounding_box()
        assert name["x"] == value["x"]
        assert name["y"] + name["height"] <= value["y"]

    second_cell_says(page, "the kernel has v2, n = 4")
    context.close()


@pytest.mark.parametrize("lab", [GRADIENT_LAB], indirect=True)
def test_the_gradient_lab_lives_in_jupyterlab(browser, lab):
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    page = context.new_page()
    first_cell_run(page, lab)
    page.get_by_role("button", name="residual", exact=True).click()
    slider = page.locator(".rl input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    page.locator(".rl-verdict:has-text('Layer 1 gets')").wait_for()
    page.get_by_role("button", name="Train 200 steps").click()
    page.locator(".rl-outcome:has-text('With skip: loss')").wait_for()
    second_cell_says(page, "the kernel has relu, identity, 10 layers")
    context.close()


@pytest.mark.parametrize("lab", [SWITCHBOARD], indirect=True)
def test_the_switchboard_lives_in_jupyterlab(browser, lab):
    """Its nets come from the kernel, and what the reader switches goes back there."""
    context = browser.new_context(viewport={"width": 1280, "height": 2200})
    page = context.new_page()
    first_cell_run(page, lab)
    board = page.locator(".rl-switchboard")
    board.locator(".rl-verdict:has-text('The net says')").wait_for()
    assert board.get_by_role("switch", checked=False).count() == 1
    board.get_by_role("button", name="Accuracy over 200 images").click()
    board.locator(".rl-accuracy dd:has-text('of 200 right')").wait_for()
    board.get_by_role("radio", name="ResNet-20", exact=True).click()
    board.locator("[data-block=stage1_block2]").focus()
    page.keyboard.press("Enter")  # the notebook does not take it
    board.get_by_role("radio", name="bird, test image 1 of its class").click()
    board.locator(".rl-verdict:has-text('it is a bird')").wait_for()
    second_cell_says(page, "the kernel has ResNet-20 1 stage1_block2 2")
    context.close()


@pytest.mark.parametrize("lab", [DASHBOARD], indirect=True)
def test_a_net_is_trained_in_jupyterlab(browser, lab):
    """Start, a second start, stop, a restart of the kernel, resume, an error, the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 1600}, accept_downloads=True)
    page = context.new_page()
    first_cell_run(page, lab)
    board = page.locator(".rl-dashboard")
    start, stop = (
        board.get_by_role("button", name=name) for name in ("Start", "Stop after this epoch")
    )
    resume = board.get_by_role("button", name="Resume")
    board.locator(".rl-totals dt:has-text('Time expected')").wait_for()
    board.locator(".rl-totals dd:has-text('s an epoch')").wait_for()  # it was measured
    assert resume.is_disabled()

    start.click()
    board.locator(".rl-figures dt:has-text('Test error') + dd:has-text('%')").wait_for()
    start.click()
    board.locator("[role=alert]:has-text('resnet8_v1_pad-quick-400-seed0 is training')").wait_for()
    stop.click()
    board.get_by_text("Resume goes on from there").wait_for()
    kept = board.locator(".rl-figures dd").first.inner_text()
    assert kept.endswith("of 400")
    cell_says(page, 1, "the kernel has stopped resnet8_v1_pad-quick-400-seed0")

    # A kernel that is started anew knows nothing but what lies on the disk.
    page.locator(
        ".jp-NotebookPanel-toolbar [data-command='notebook:restart-kernel'], "
        ".jp-NotebookPanel-toolbar [title^='Restart the kernel']"
    ).first.click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    board.get_by_text(f"{kept} epochs of these settings are done").wait_for()
    cell_says(page, 2, "the disk is full")
    resume.click()
    board.locator("[role=alert]:has-text('OSError: no room is left on the disk')").wait_for()
    assert "is kept: Resume goes on from there" in board.locator("[role=alert]").inner_text()
    context.close()


ENDING = (
    "from resnet_lib import TrainingDashboard, load_sample\n"
    "board = TrainingDashboard(n=1, epochs=1, data=load_sample())\nboard",
    'print("the kernel has", board.status)',
)


@pytest.mark.parametrize("lab", [ENDING], indirect=True)
def test_a_trained_net_is_downloaded_in_jupyterlab(browser, lab, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 1600}, accept_downloads=True)
    page = context.new_page()
    first_cell_run(page, lab)
    board = page.locator(".rl-dashboard")
    board.get_by_role("button", name="Start").click()
    for name, ending in (("Run,", "run.json"), ("Weights,", "keras")):
        with page.expect_download() as download:
            board.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == f"resnet8_v1_pad-quick-1-seed0.{ending}"
        download.value.save_as(tmp_path / f"net.{ending}")
    run = Run.load(tmp_path / "net.run.json")
    assert run.status == "finished"
    outcome = board.locator(".rl-outcome").inner_text()
    assert float(outcome.removeprefix("Test error ").split()[0]) == pytest.approx(
        run.test_error, abs=0.006
    )
    assert saved_model(tmp_path / "net.keras").count_params() > run.parameters
    cell_says(page, 1, "the kernel has finished")
    context.close()


@pytest.mark.parametrize("lab", [PREDICTION], indirect=True)
def test_a_curve_is_drawn_by_keys_in_a_live_notebook(browser, lab):
    """JupyterLab would take the arrow keys and Enter for its own."""
    page = browser.new_page()
    first_cell_run(page, lab)
    widget = page.locator(".rl-prediction")
    widget.wait_for()
    plot = widget.get_by_role("slider")
    plot.focus()
    for key in ("PageUp", "PageUp", "End", "ArrowDown", "Delete", "Enter"):
        page.keyboard.press(key)
    assert plot.get_attribute("aria-valuetext").replace("\xa0", " ") == "epoch 3: 7 %"
    widget.get_by_role("button", name="Reveal").click()
    assert "you drew 7 %; it is 4 %." in widget.inner_text().replace("\xa0", " ")
    assert "So it is." in widget.inner_text()
    page.close()
