"""The dashboard's kernel half: real, short trainings in a thread, and a kernel interrupted."""

import json
import random
import textwrap
import time
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock
from jupyter_client.manager import start_new_kernel
from waiting import wait_until

from resnet_lib import Run, load_sample, saved_model, train
from resnet_lib.background import BackgroundTraining, device
from resnet_lib.dashboard import paper_figures, recipe_facts, set_aside
from resnet_lib.paper import REPORTED
from resnet_lib.recipes import RECIPES, recipe_called
from resnet_lib.widgets import TrainingDashboard

SETTINGS = {"version": "v1", "n": 1, "shortcut": "pad", "recipe": "quick", "epochs": 3}
NAME = "resnet8_v1_pad-quick-3-seed0"


@pytest.fixture
def make(tmp_path, monkeypatch):
    """`make(**settings)`: a dashboard on the sample images, its log of what the kernel said."""

    def make(*, data=None, **settings):
        dashboard = TrainingDashboard(
            data=data or load_sample(), folder=tmp_path, **(SETTINGS | settings)
        )
        said, sent = [], []
        told = ("status", "message", "found", "forecast", "progress", "run", "saved")
        dashboard.observe(lambda change: said.append((change.name, change.new)), told)
        monkeypatch.setattr(
            dashboard, "send", lambda content, buffers=(): sent.append((content, buffers))
        )

        def press(do, **more):
            dashboard.control.on_message(dashboard, {"do": do} | more, [])

        return SimpleNamespace(dashboard=dashboard, said=said, sent=sent, press=press)

    yield make
    if going := BackgroundTraining.going():
        going.interrupt()
        going.thread.join()


def ended(page):
    page.dashboard.control.training.thread.join()
    return page.dashboard


def heard(page, name):
    return [value for which, value in page.said if which == name]


@pytest.fixture
def undisturbed(tmp_path):
    """The `Run` of these settings by plain `train`."""
    page = TrainingDashboard(data=load_sample(), **SETTINGS)
    spec, recipe, seed = page.control.settings()
    return train(spec, recipe, data=load_sample(), seed=seed, folder=tmp_path / "plain")


def test_start_stop_resume_and_the_run_is_that_of_plain_train(make, undisturbed, tmp_path):
    page = make()
    page.press("start")
    wait_until(lambda: page.dashboard.status == "training")
    page.press("stop")
    assert page.dashboard.status == "stopping"
    ended(page)
    assert page.dashboard.status == "stopped"
    assert page.dashboard.found == {"name": NAME, "epochs": 1, "of": 3, "finished": False}
    assert "epoch 1 is kept" in page.dashboard.message["text"]

    another = make()  # as after a restart of the kernel: nothing is known but what lies there
    another.press("look")
    assert another.dashboard.found == {"name": NAME, "epochs": 1, "of": 3, "finished": False}
    another.press("resume")
    assert ended(another).status == "finished"
    run = Run.load(tmp_path / NAME / "run.json")
    assert run.history["loss"] == undisturbed.history["loss"]
    assert run.test_error == undisturbed.test_error
    assert another.dashboard.run["test_error"] == pytest.approx(run.history["test_error"], abs=1e-3)
    assert another.dashboard.progress == {}


def test_what_is_said_on_the_way(make):
    page = make()
    page.press("start")
    ended(page)
    statuses = heard(page, "status")
    assert statuses == ["preparing", "training", "finished"]
    progress = [said for said in heard(page, "progress") if said]
    assert [said["epoch"] for said in progress] == sorted(said["epoch"] for said in progress)
    assert {said["phase"] for said in progress} == {"training", "testing", "finishing"}
    assert all(0 < said["step"] <= said["steps"] for said in progress)
    rates = [said["learning_rate"] for said in progress]
    recipe, images = recipe_called("quick", 3), len(load_sample()[0][0])
    steps = recipe.epochs * (images // recipe.batch_size)
    known = [recipe.learning_rate_of(step, images, 8) for step in range(steps)]
    assert set(rates) <= set(known)
    assert rates[-1] == known[-1]
    assert progress[-1]["images_per_second"] > 0
    lefts = [said["seconds_left"] for said in progress if said["seconds_left"] is not None]
    assert lefts[0] > lefts[-1] >= 0
    runs = [run for run in heard(page, "run") if run]
    assert [len(run["test_error"]) for run in runs] == [0, 1, 2, 3, 3]
    assert runs[-1]["status"] == "finished"
    assert runs[-1]["training_error"] is not None


def test_a_second_start_is_refused_with_the_reason(make):
    first, second = make(), make(seed=1)
    first.press("start")
    wait_until(lambda: first.dashboard.status == "training")
    for page in (first, second):
        page.press("start")
        assert page.dashboard.message["kind"] == "error"
        assert f"{NAME} is training in this kernel" in page.dashboard.message["text"]
    assert first.dashboard.status == "training"
    assert second.dashboard.status == "ready"
    assert ended(first).status == "finished"


@pytest.mark.timed
def test_controls_answer_within_half_a_second_during_training(make):
    page = make(epochs=8)
    page.press("start")
    wait_until(lambda: page.dashboard.status == "training")
    waits = []
    while page.dashboard.status == "training" and len(waits) < 8:
        began = time.monotonic()
        page.dashboard.set_state({"n": 2 + len(waits)})
        page.press("look")
        waits.append(time.monotonic() - began)
        time.sleep(0.05)
    page.press("stop")
    ended(page)
    assert len(waits) > 2
    assert max(waits) < 0.5


def fails(*_, **__):
    raise MemoryError("the device has 16 GB, and 17 were asked for")


def test_an_exception_is_shown_and_leaves_the_last_checkpoint(make, monkeypatch):
    page = make()
    page.press("start")
    wait_until(lambda: page.dashboard.status == "training")
    page.press("stop")
    ended(page)

    with monkeypatch.context() as patch:
        patch.setattr("resnet_lib.training.save_state", fails)
        page.press("resume")
        ended(page)
    assert page.dashboard.status == "failed"
    assert page.dashboard.message["kind"] == "error"
    text = page.dashboard.message["text"]
    assert text.startswith("MemoryError: the device has 16 GB, and 17 were asked for\n")
    assert "All up to the end of epoch 1 is kept" in text
    assert isinstance(page.dashboard.control.training.error, MemoryError)
    page.press("resume")
    assert ended(page).status == "finished"


def test_data_that_do_not_fit_are_told_in_the_widget(make):
    (x_train, y_train), test = load_sample()
    page = make(data=((x_train / 255.0, y_train), test))
    page.press("start")
    assert ended(page).status == "failed"
    assert "training data must be uint8 images" in page.dashboard.message["text"]
    assert "Resume" not in page.dashboard.message["text"]


def test_what_a_training_ended_with_stays_when_the_page_looks_again(make, monkeypatch):
    page = make()
    page.press("look", settings=SETTINGS)
    monkeypatch.setattr("resnet_lib.training.save_state", fails)
    page.press("start", settings=SETTINGS | {"seed": 3})  # typed, and pressed before it was looked
    ended(page)
    page.press("look", settings=SETTINGS | {"seed": 3})
    assert page.dashboard.status == "failed"
    assert "the device has 16 GB" in page.dashboard.message["text"]


@pytest.mark.parametrize("how", ["stop", "interrupt"])
def test_it_ends_at_once_where_no_epoch_has_begun(make, how):
    page = make()
    with device:  # as while the speed is measured
        page.press("start")
        wait_until(lambda: page.dashboard.status == "preparing")
        getattr(page.dashboard.control.training, how)()
        ended(page)
    assert page.dashboard.status == {"stop": "stopped", "interrupt": "interrupted"}[how]
    assert "nothing to resume" in page.dashboard.message["text"]
    assert BackgroundTraining.going() is None


def test_an_interrupt_in_the_last_look_leaves_all_epochs(make, monkeypatch):
    page = make(epochs=1)
    page.dashboard.observe(
        lambda change: (
            change.new.get("phase") == "finishing" and page.dashboard.control.training.interrupt()
        ),
        "progress",
    )
    page.press("start")
    assert ended(page).status == "interrupted"
    assert page.dashboard.found["epochs"] == 1
    assert heard(page, "progress")[-2]["seconds_left"] > 0


def test_a_listener_that_fails_harms_nobody(make):
    page = make(epochs=1)
    page.dashboard.observe(lambda change: change.new["mine"], "progress")
    page.press("start")
    assert ended(page).status == "finished"


def test_the_reader_s_own_random_numbers_go_on(make):
    random.seed(123)
    expected = [random.random() for _ in range(3)][2]
    random.seed(123)
    random.random(), random.random()
    page = make(epochs=1)
    page.press("start")
    ended(page)
    assert random.random() == expected


def test_start_sets_aside_what_lies_there(make, tmp_path):
    page = make(epochs=1)
    for _ in range(2):
        page.press("start")
        ended(page)
    name = NAME.replace("quick-3", "quick-1")
    runs = sorted(path.parent.name for path in tmp_path.rglob("run.json"))
    assert runs == [name, f"{name}.before-1"]
    assert f"{name}.before-1" in page.dashboard.message["text"], "it can still be read at the end"


def test_nothing_is_set_aside_twice_or_taken_from_another_process(tmp_path):
    place = tmp_path / "net"
    for number in (1, 2):
        place.mkdir()
        (place / "checkpoint-00002.npz").write_text("")
        assert set_aside(place) == tmp_path / f"net.before-{number}"
    place.mkdir()
    assert set_aside(place) is None, "an empty folder is in nobody's way"
    (place / "run.json").write_text("")
    with FileLock(place / "lock"), pytest.raises(RuntimeError, match="another process is training"):
        set_aside(place)
    assert (place / "run.json").exists()


def test_there_is_nothing_to_resume_or_to_stop(make):
    page = make()
    for button in ("resume", "stop"):
        page.press(button)
        assert page.dashboard.message["kind"] == "error"
        page.dashboard.message = {}
    assert BackgroundTraining.going() is None


def test_the_settings_come_with_the_button(make):
    """What the page has synced can come later, where the kernel is busy."""
    page = make()
    page.press("look", settings=SETTINGS | {"n": 2, "seed": 7, "live": False})
    assert (page.dashboard.n, page.dashboard.seed, page.dashboard.live) == (2, 7, True)
    page.press("start", settings=SETTINGS | {"n": 0})
    assert "'n' trait" in page.dashboard.message["text"]
    assert BackgroundTraining.going() is None


def test_download(make, tmp_path):
    page = make(epochs=1)
    page.press("start")
    ended(page)
    page.press("download", what="run")
    page.press("download", what="weights")
    (run, run_bytes), (weights, weights_bytes) = page.sent
    assert run["download"].endswith("quick-1-seed0.run.json")
    assert json.loads(run_bytes[0])["status"] == "finished"
    assert len(run_bytes[0]) == page.dashboard.saved["run"]
    assert len(weights_bytes[0]) == page.dashboard.saved["weights"]
    path = tmp_path / weights["download"]
    path.write_bytes(weights_bytes[0])
    probabilities = saved_model(path).predict(load_sample()[1][0][:3], verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)


def test_a_finished_run_is_found_again(make):
    page = make(epochs=1)
    page.press("start")
    ended(page)
    another = make(epochs=1)
    another.press("look")
    assert another.dashboard.found["finished"]
    assert another.dashboard.run["test_error"] == page.dashboard.run["test_error"]
    assert another.dashboard.saved == page.dashboard.saved
    another.dashboard.set_state({"seed": 5})
    another.press("look")
    assert (another.dashboard.found, another.dashboard.run, another.dashboard.saved) == ({}, {}, {})


def test_a_cell_that_is_run_again_takes_up_the_training(make):
    first = make()
    first.press("start")
    wait_until(lambda: first.dashboard.status == "training")
    again = make()
    again.press("look")
    assert again.dashboard.status == "training"
    assert again.dashboard.progress
    again.press("stop")
    again.dashboard.control.training.thread.join()
    assert first.dashboard.status == again.dashboard.status == "stopped"


def test_minutes_are_told_before_a_run(make):
    page = make(recipe="paper", epochs=0, n=2)
    page.press("look")
    wait_until(lambda: page.dashboard.forecast.get("state") == "known")
    assert [said["state"] for said in heard(page, "forecast")] == ["measuring", "known"]
    forecast = page.dashboard.forecast
    assert forecast["name"] == "resnet14_v1_pad-paper-seed0"
    assert forecast["minutes"] * 60 >= 0.97 * 164 * forecast["epoch_seconds"] > 0
    page.dashboard.set_state({"n": 9})
    page.press("look")
    wait_until(lambda: page.dashboard.forecast["name"] == "resnet56_v1_pad-paper-seed0")
    assert page.dashboard.forecast["minutes"] > forecast["minutes"]


def test_a_measurement_that_fails_is_told(make, monkeypatch):
    def broken(*_, **__):
        raise MemoryError("out of memory")

    monkeypatch.setattr("resnet_lib.calibration.measure", broken)
    page = make(version="v2", shortcut="highway")
    page.press("look")
    wait_until(lambda: page.dashboard.forecast.get("state") == "failed")
    assert page.dashboard.forecast["words"] == "MemoryError: out of memory"


def test_the_page_gets_no_training_that_is_under_way(make):
    page = make()
    page.dashboard.set_trait("status", "training")
    page.dashboard.set_trait("run", {"name": "x"})
    state = page.dashboard.state()
    assert (state["live"], state["status"], state["run"]) == (False, "ready", {})
    assert state["recorded"]


def test_what_does_not_change():
    assert {name: facts["epochs"] for name, facts in recipe_facts().items()} == {
        name: recipe.epochs for name, recipe in RECIPES.items()
    }
    assert [one["text"] for one in paper_figures()] == [str(one) for one in REPORTED if one.net]


# ---------------------------------------------------------------- in a kernel

OPENING = """
import asyncio
from resnet_lib import TrainingDashboard, load_sample
page = TrainingDashboard(version="v1", n=1, epochs=400, data=load_sample(), folder="{folder}")
def status():
    return page.status, page.found.get("epochs", 0), page.progress.get("epoch", 0)
await asyncio.sleep(0.5)  # an interrupt has to reach the training after such a cell too
"""

# Short sleeps: Python acts on a signal between two steps of its main thread, and one long sleep
# goes on to its end where the signal came just before it or was taken by another thread.
BUSY = """
import time
print("waiting")
while True:
    time.sleep(0.1)
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    manager, client = start_new_kernel()
    folder = tmp_path_factory.mktemp("runs")

    def open_dashboard():
        client.execute_interactive(OPENING.format(folder=folder), timeout=120)

    def execute(code, **asking):
        """Its reply; asked again where it waited behind a cell that failed, and was passed over."""
        status = "aborted"
        while status == "aborted":
            reply = client.execute(code, **asking, reply=True, timeout=120)["content"]
            status = reply["status"]
        assert status == "ok", reply
        return reply

    def value(expression):
        told = execute("", user_expressions={"x": expression}, silent=True)["user_expressions"]["x"]
        assert told["status"] == "ok", told
        return eval(told["data"]["text/plain"])

    def press(do):
        execute(f'page.control.on_message(page, {{"do": "{do}"}}, [])')

    open_dashboard()
    yield SimpleNamespace(
        manager=manager, client=client, open=open_dashboard, value=value, press=press
    )
    client.stop_channels()
    manager.shutdown_kernel(now=True)


# What a cell is at when the interrupt comes. The second catches it, as the kernel itself does with
# one that comes after the last line of a cell.
CELLS = {
    "idle": "",
    "in a cell": BUSY,
    "in a cell that catches it": f"try:{textwrap.indent(BUSY, '    ')}except KeyboardInterrupt: 0",
    "in a cell that awaits": BUSY.replace("time.sleep", "await asyncio.sleep"),
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_interrupting_the_kernel_stops_the_training_cleanly(kernel, cell):
    kernel.press("start")
    wait_until(lambda: kernel.value("status()")[2] > 2)
    if cell:
        kernel.client.execute(cell)
        told = ""
        while not told.startswith("waiting"):
            told = kernel.client.get_iopub_msg(timeout=60)["content"].get("text", "")
    kernel.manager.interrupt_kernel()
    wait_until(lambda: kernel.value("status()")[0] == "interrupted")
    _, kept, _ = kernel.value("status()")
    assert kept >= 2
    assert "Interrupted. All up to the end of epoch" in kernel.value("page.message['text']")
    assert kernel.value("6 * 7") == 42, "the kernel lives"


def test_after_a_restart_of_the_kernel_resume_goes_on(kernel):
    kernel.press("start")
    wait_until(lambda: kernel.value("status()")[2] > 2)
    kernel.manager.restart_kernel(now=True)  # in the midst of an epoch
    kernel.client.wait_for_ready(timeout=120)
    kernel.open()
    kernel.press("look")
    status, kept, _ = kernel.value("status()")
    assert status == "ready"
    assert kept >= 2
    kernel.press("resume")
    wait_until(lambda: kernel.value("status()")[2] > kept)
    assert kernel.value("len(page.run['test_error'])") >= kept
    kernel.press("stop")
    wait_until(lambda: kernel.value("status()")[0] == "stopped")
