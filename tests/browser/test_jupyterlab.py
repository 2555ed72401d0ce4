"""The other home of the widgets: a live notebook, where the kernel knows what the reader did."""

import json
import os
import subprocess
import sys
import time

import pytest

EXPLORER = (
    "from resnet_lib import ArchitectureExplorer\n"
    'net = ArchitectureExplorer(version="v1", n=3)\nnet',
    'print(f"the kernel has {net.version}, n = {net.n}")',
)
GRADIENT_LAB = (
    "from resnet_lib import GradientLab\ngradients = GradientLab(depth=9)\ngradients",
    'print(f"the kernel has {gradients.activation}, {gradients.skip}, {gradients.depth} layers")',
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
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    page.locator(f"text={text}").wait_for()


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
