"""Test which images preflight() selects, and its table and advice."""

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from resnet_lib import load_sample, preflight, processor
from resnet_lib.data import cifar10
from resnet_lib.training import preflight as preflight_module

ALL_IMAGES = tuple(
    (np.zeros((count, 1, 1, 3), "uint8"), np.zeros(count, "uint8")) for count in (50_000, 10_000)
)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Simulate a machine without GPU and data, outside Colab; `switch` turns each of them on."""
    loads = []

    def load():
        loads.append("CIFAR-10")
        return ALL_IMAGES

    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path))
    monkeypatch.setattr(cifar10, "load_cifar10", load)
    monkeypatch.setattr(cifar10, "is_available", lambda: False)
    monkeypatch.setattr(preflight_module, "has_gpu", lambda: False)
    monkeypatch.delitem(sys.modules, "google.colab", raising=False)

    def switch(*, gpu=False, colab=False, is_stored=False):
        if gpu:
            monkeypatch.setattr(preflight_module, "has_gpu", lambda: True)
            monkeypatch.setattr(preflight_module, "device_name", lambda: "Tesla T4")
        if colab:
            monkeypatch.setitem(sys.modules, "google.colab", ModuleType("google.colab"))
        if is_stored:
            monkeypatch.setattr(cifar10, "is_available", lambda: True)

    def set_smi_output(text):
        result = SimpleNamespace(stdout=text)
        monkeypatch.setattr(preflight_module.subprocess, "run", lambda *_, **__: result)

    return SimpleNamespace(
        switch=switch, set_smi_output=set_smi_output, loads=loads, monkeypatch=monkeypatch
    )


@pytest.mark.parametrize(
    ("conditions", "fetch", "whole"),
    [
        ({}, None, False),
        ({"is_stored": True}, None, False),  # a build of the book is the same with and without data
        ({"colab": True}, None, False),  # switching the GPU on later deletes the fetched data
        ({"gpu": True}, None, False),
        ({"gpu": True, "colab": True}, None, True),
        ({"gpu": True, "is_stored": True}, None, True),
        ({}, True, True),
        ({"is_stored": True}, True, True),
        ({"is_stored": True}, False, True),
        ({"gpu": True, "colab": True}, False, False),
    ],
)
def test_preflight_selects_all_images_or_the_sample(machine, conditions, fetch, whole):
    machine.switch(**conditions)
    here = preflight(fetch)
    assert here.whole == whole
    assert bool(machine.loads) == whole
    (x_train, y_train), (x_test, y_test) = here.data
    assert len(x_train) == len(y_train) == (50_000 if whole else 320)
    assert len(x_test) == len(y_test) == (10_000 if whole else 160)
    assert ("sample" in repr(here)) != whole


def test_the_default_table_and_advice_do_not_depend_on_stored_data(machine):
    def rows(here):
        return [row for row in here.rows if row[0] not in ("images", "memory")], here.advice

    before = rows(preflight())
    machine.switch(is_stored=True)
    assert rows(preflight()) == before


def test_without_a_gpu_the_advice_names_colab_s_menu_and_a_short_recipe(machine):
    here = preflight()
    assert not here.gpu
    assert here.rows[0][1].startswith("no GPU; CPU, ")
    assert here.advice[0].startswith("No GPU here. In Colab, switch one on: Runtime → Change runti")
    assert "quick" in here.advice[1]
    assert "ErrorCurves()" in here.advice[1]
    assert "minutes for 8 epochs, on CPU, 2 cores" in here.advice[1]  # of the recorded run
    assert "preflight(fetch=True)" in here.advice[2]
    assert dict(here.rows)["oneDNN"] == "on"
    html = here._repr_html_()
    assert html.count('class="rl-table"') == 1
    assert html.count('class="rl-said"') == 3


def test_without_onednn_the_advice_names_the_environment_variable(machine):
    machine.monkeypatch.setattr(preflight_module, "is_onednn_used", lambda: False)
    here = preflight()
    assert dict(here.rows)["oneDNN"] == "off"
    assert "Set TF_ENABLE_ONEDNN_OPTS=1 in the environment" in here.advice[2]
    machine.monkeypatch.setattr(preflight_module, "is_onednn_used", lambda: None)  # JAX
    assert "oneDNN" not in dict(preflight().rows)


def test_with_a_gpu_the_table_shows_its_name_and_memory(machine):
    machine.switch(gpu=True, colab=True)
    machine.set_smi_output("14913, 15360\n")
    here = preflight()
    rows = dict(here.rows)
    assert rows["device"] == "Tesla T4"
    assert rows["GPU memory"] == "free: 15.6 of 16.1 GB"
    assert rows["images"].startswith(
        "all of CIFAR-10, 50,000 training and 10,000 test images; fetched in "
    )
    assert here.advice == ()


@pytest.mark.parametrize("output", ["", "No devices were found\n", "[N/A], [N/A]\n"])
def test_gpu_memory_is_not_told_without_numbers_from_nvidia_smi(machine, output):
    machine.switch(gpu=True)
    machine.set_smi_output(output)
    assert dict(preflight().rows)["GPU memory"] == "not told"


def test_after_a_failed_fetch_the_data_are_the_sample_and_the_advice_says_why(machine):
    def fail():
        raise cifar10.DataError("CIFAR-10 is not available from any source:\nhttps://x: no network")

    machine.monkeypatch.setattr(cifar10, "load_cifar10", fail)
    here = preflight(fetch=True)
    assert not here.whole
    assert np.array_equal(here.data[0][0], load_sample()[0][0])
    assert "is not available" in here.advice[-1]
    assert "https://x: no network" in here.advice[-1]
    assert "here.data is the sample" in here.advice[-1]


def test_memory_is_the_container_s_if_that_is_less(machine):
    files = {
        "/proc/meminfo": "MemTotal: 16000000 kB\nMemFree: 1 kB\nMemAvailable: 12000000 kB\n",
        "/sys/fs/cgroup/memory.max": "4000000000\n",
        "/sys/fs/cgroup/memory.current": "1000000000\n",
    }

    def read(path):
        if str(path) not in files:
            raise FileNotFoundError(path)
        return files[str(path)]

    machine.monkeypatch.setattr(processor.Path, "read_text", read)
    assert preflight_module.describe_memory() == "free: 3.0 of 4.0 GB"
    files["/sys/fs/cgroup/memory.max"] = "max\n"
    assert preflight_module.describe_memory() == "free: 12.3 of 16.4 GB"
    files.clear()
    assert preflight_module.describe_memory() == "not told"
