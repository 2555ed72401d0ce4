"""Mount the GradientLab on a page that all tests of a file share."""

import json

import pytest
from lab_page import (
    state_of,
)
from mount_widget import (
    before_loader,
    mount,
    open_mount_page,
    run_in_module,
)

from resnet_lib.inside.dense import DenseSpec
from resnet_lib.widgets.catalog import page_modules

NAME = "intro"


@pytest.fixture
def open_lab(open_page):
    """`open_lab(spec)`: on a page of its own, as the loader mounts it in another widget's place."""

    def open_lab(spec, **how):
        edit = f"""container.dataset.rlModule = "gradient_lab";
        container.querySelector("script").textContent = {json.dumps(json.dumps(state_of(spec)))};"""
        modules = json.dumps({"gradient_lab": page_modules()["gradient_lab"]})
        prepare = f"window.resnetLibModules = {modules}; {before_loader('error_curves', edit)}"
        return open_page(NAME, prepare=prepare, **how).locator(".rl-gradient-lab").first

    return open_lab


@pytest.fixture(scope="module")
def shared_page(open_shared_page):
    return open_mount_page(open_shared_page, NAME)


@pytest.fixture
def lab(shared_page):
    """`lab(spec)`: a fresh one in the shared page; `wrong` changes its state."""

    def lab(spec=None, *, show="all", wrong=None, **how):
        state = state_of(spec or DenseSpec(), show) | (wrong or {})
        return mount(shared_page, "gradient_lab", state, **how)

    return lab


@pytest.fixture
def module(shared_page):
    """`module(body, given)`: what an async function of the shipped module `m` returns."""
    return lambda body, given=None: run_in_module(shared_page, "gradient_lab", body, given)
