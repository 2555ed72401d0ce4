"""The other home of the widgets: a live notebook, where the kernel knows what the reader did.

One JupyterLab, page and kernel serve all tests; each runs the cells that it needs.
"""

import json
import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect
from waiting import wait_until

from resnet_lib import Run, saved_model

CELLS = {
    "explorer": "from resnet_lib import ArchitectureExplorer\n"
    'net = ArchitectureExplorer(version="v1", n=3)\nnet',
    "explored": 'print(f"the kernel has {net.version}, n = {net.n}")',
    "lab": "from resnet_lib import GradientLab\ngradients = GradientLab(depth=9)\ngradients",
    "tried": 'print("the kernel has", gradients.activation, gradients.skip, gradients.depth)',
    "switchboard": "from resnet_lib import BlockSwitchboard\n"
    'board = BlockSwitchboard(net="plain-20", off=["stage2_block1"])\nboard',
    "switched": 'print("the kernel has", board.net, board.scales.index(0), board.block, '
    "board.image)",
    "prediction": "from resnet_lib import Prediction\n"
    'Prediction.curve("Draw it.", x=[1, 2, 3], y=[9, 5, 4], low=0, high=10, xlabel="epoch",\n'
    '                 ylabel="error, %", label="plain-56", reveal="So it is.")',
    "short": "from resnet_lib import TrainingDashboard, load_sample\n"
    "short = TrainingDashboard(n=1, epochs=1, data=load_sample())\nshort",
    "finished": 'print("the kernel has", short.status)',
    "long": "from resnet_lib import TrainingDashboard, load_sample\n"
    "long = TrainingDashboard(n=1, epochs=400, data=load_sample())\nlong",
    "stopped": 'print("the kernel has", long.status, long.found["name"])',
    "full": "import resnet_lib.training.train as training\n"
    "def full(*_, save=training.save_state):\n"
    "    training.save_state = save\n    raise OSError('no room is left on the disk')\n"
    "training.save_state = full\nprint('the disk is full')",
}
IDLE = "Python 3 (ipykernel) | Idle"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where a JupyterLab shows a notebook that holds these cells."""
    folder = tmp_path_factory.mktemp("lab")
    empty = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [empty | {"id": name, "source": source} for name, source in CELLS.items()]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}}
    (folder / "live.ipynb").write_text(json.dumps(notebook | {"nbformat": 4, "nbformat_minor": 5}))
    runtime = folder / "runtime"
    places = ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR")  # the reader's own settings stay out of it
    environment = os.environ | {f"JUPYTER_{place}": str(runtime) for place in places}
    settings = runtime / "lab/user-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    # Every cell stays in the page, also one that is out of sight.
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--port=0"]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def is_up():
        assert server.poll() is None, (folder / "log").read_text()
        return list(runtime.glob("jpserver-*.json"))

    try:
        wait_until(is_up)
        told = json.loads(is_up()[0].read_text())
        yield f"{told['url']}lab/tree/live.ipynb?token={told['token']}"
    finally:
        server.terminate()
        server.wait(60)


@pytest.fixture(scope="module")
def page(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 2200}, accept_downloads=True)
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(address)
    page.get_by_text(IDLE).wait_for()
    yield page
    context.close()


def cell_called(page, name):
    return page.locator(".jp-CodeCell").nth([*CELLS].index(name))


def run_cell(page, name):
    """Run a cell as a reader does, and return what it shows."""
    cell = cell_called(page, name)
    cell.locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")
    return cell.locator(".jp-Cell-outputArea")


def cell_says(page, name, text):
    """Run a cell until it says so: what a reader did may reach the kernel after the cell did."""
    prompt = cell_called(page, name).locator(".jp-InputPrompt").first

    def says():
        last = re.sub(r"\D", "", prompt.inner_text()) or "-"
        output = run_cell(page, name)
        expect(prompt).to_have_text(re.compile(rf"\[(?!{last}\])\d+\]"), timeout=120_000)
        return text in output.inner_text()

    wait_until(says)


def test_the_explorer_lives_in_jupyterlab(page):
    explorer = run_cell(page, "explorer")
    slider = explorer.locator(".rl input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    explorer.get_by_role("radio", name="v2", exact=True).click()
    explorer.locator(".rl-totals dd:has-text('38')").first.wait_for()  # 9 * 4 + 2

    # The notebook's own style sheet must leave the figures where the widget puts them.
    for row in explorer.locator(".rl-totals > div").all():
        name, value = row.locator("dt").bounding_box(), row.locator("dd").bounding_box()
        assert name["x"] == value["x"]
        assert name["y"] + name["height"] <= value["y"]
    cell_says(page, "explored", "the kernel has v2, n = 4")


def test_the_gradient_lab_lives_in_jupyterlab(page):
    lab = run_cell(page, "lab")
    lab.get_by_role("button", name="residual", exact=True).click()
    slider = lab.locator(".rl input[type=range]")
    slider.focus()
    slider.press("ArrowRight")
    lab.locator(".rl-verdict:has-text('Layer 1 gets')").wait_for()
    lab.get_by_role("button", name="Train 200 steps").click()
    lab.locator(".rl-outcome:has-text('With skip: loss')").wait_for()
    cell_says(page, "tried", "the kernel has relu identity 10")


def test_the_switchboard_lives_in_jupyterlab(page):
    """Its nets come from the kernel, and what the reader switches goes back there."""
    board = run_cell(page, "switchboard")
    board.locator(".rl-verdict:has-text('The net says')").wait_for()
    expect(board.get_by_role("switch", checked=False)).to_have_count(1)
    board.get_by_role("button", name="Accuracy over 200 images").click()
    board.locator(".rl-accuracy dd:has-text('of 200 right')").wait_for()
    board.get_by_role("radio", name="ResNet-20", exact=True).click()
    board.locator("[data-block=stage1_block2]").focus()
    page.keyboard.press("Enter")  # the notebook does not take it
    board.get_by_role("radio", name="bird, test image 1 of its class").click()
    board.locator(".rl-verdict:has-text('it is a bird')").wait_for()
    cell_says(page, "switched", "the kernel has ResNet-20 1 stage1_block2 2")


def test_a_curve_is_drawn_by_keys_in_a_live_notebook(page):
    """JupyterLab would take the arrow keys and Enter for its own."""
    widget = run_cell(page, "prediction").locator(".rl-prediction")
    plot = widget.get_by_role("slider")
    plot.focus()
    for key in ("PageUp", "PageUp", "End", "ArrowDown", "Delete", "Enter"):
        page.keyboard.press(key)
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^epoch 3: 7\s%$"))
    widget.get_by_role("button", name="Reveal").click()
    expect(widget).to_contain_text(re.compile(r"you drew 7\s%; it is 4\s%\.[\s\S]*So it is\."))


@pytest.mark.slow
def test_a_trained_net_is_downloaded_in_jupyterlab(page, tmp_path):
    board = run_cell(page, "short").locator(".rl-dashboard")
    board.get_by_role("button", name="Start").click()
    for name, ending in (("Run,", "run.json"), ("Weights,", "keras")):
        with page.expect_download() as download:
            board.get_by_role("button", name=name).click()
        assert download.value.suggested_filename == f"resnet8_v1_pad-quick-1-seed0.{ending}"
        download.value.save_as(tmp_path / f"net.{ending}")
    run = Run.load(tmp_path / "net.run.json")
    assert run.status == "finished"
    outcome = board.locator(".rl-outcome").inner_text()
    error = float(outcome.removeprefix("Test error ").split()[0])
    assert error == pytest.approx(run.test_error, abs=0.006)
    assert saved_model(tmp_path / "net.keras").count_params() > run.parameters
    cell_says(page, "finished", "the kernel has finished")


def test_a_net_is_trained_in_jupyterlab(page):
    """Start, a second start, stop, a restart of the kernel, resume, an error, the end."""
    board = run_cell(page, "long").locator(".rl-dashboard")
    start, stop, resume = (
        board.get_by_role("button", name=name)
        for name in ("Start", "Stop after this epoch", "Resume")
    )
    board.locator(".rl-totals dt:has-text('Time expected')").wait_for()
    board.locator(".rl-totals dd:has-text('s an epoch')").wait_for()  # it was measured
    expect(resume).to_be_disabled()
    start.click()
    board.locator(".rl-figures dt:has-text('Test error') + dd:has-text('%')").wait_for()
    start.click()
    board.locator("[role=alert]:has-text('resnet8_v1_pad-quick-400-seed0 is training')").wait_for()
    stop.click()
    board.get_by_text("Resume goes on from there").wait_for()
    kept = board.locator(".rl-figures dd").first.inner_text()
    assert kept.endswith("of 400")
    cell_says(page, "stopped", "the kernel has stopped resnet8_v1_pad-quick-400-seed0")

    # A kernel that is started anew knows nothing but what lies on the disk.
    page.locator(
        ".jp-NotebookPanel-toolbar [data-command='notebook:restart-kernel'], "
        ".jp-NotebookPanel-toolbar [title^='Restart the kernel']"
    ).first.click()
    with page.expect_response(re.compile("/api/kernels/.*/restart")):
        page.locator(".jp-Dialog .jp-mod-accept").click()
    page.get_by_text(IDLE).wait_for()
    board = run_cell(page, "long").locator(".rl-dashboard")
    board.get_by_text(f"{kept} epochs of these settings are done").wait_for()
    cell_says(page, "full", "the disk is full")
    resume.click()
    alert = board.locator("[role=alert]:has-text('OSError: no room is left on the disk')")
    expect(alert).to_contain_text("is kept: Resume goes on from there", timeout=120_000)
