"""The kernel's half of the dashboard: short training runs in a thread, and a kernel interrupted."""

import itertools
import json
import random
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tiny_net
from filelock import FileLock
from jupyter_client.manager import start_new_kernel
from waiting import wait_until

from resnet_lib import Run, load_sample, saved_model, train
from resnet_lib.chapters.reported_cifar import REPORTED
from resnet_lib.runs.recipes import RECIPES, recipe_called
from resnet_lib.training import calibration
from resnet_lib.training.background import BackgroundTraining, device_lock
from resnet_lib.training.calibration import Cost
from resnet_lib.widgets.training_dashboard.control import move_aside
from resnet_lib.widgets.training_dashboard.facts import paper_results, recipe_facts
from resnet_lib.widgets.training_dashboard.widget import TrainingDashboard

SETTINGS = {"version": "v1", "n": 1, "shortcut": "pad", "recipe": "quick", "epochs": 3}
NAME = "resnet8_v1_pad-quick-3-seed0"
TOLD = ("status", "message", "found", "forecast", "progress", "run", "saved")

tiny_nets = pytest.fixture(scope="module", autouse=True)(tiny_net.replace_resnets)


@pytest.fixture(scope="module", autouse=True)
def cost():
    """In place of a measurement of speed: a step takes 0.1 s for each block of a stage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "measured_costs", {})
        patch.setattr(calibration, "measure_cost", lambda spec, *_: Cost(1, 0.1 * spec.n, 0.001))
        yield


class Page:
    """A `TrainingDashboard` and what a page hears from it: `said` are pairs of trait and value."""

    def __init__(self, **settings):
        self.dashboard = TrainingDashboard(**({"data": load_sample()} | SETTINGS | settings))
        self.said, self.sent = [], []
        self.dashboard.observe(lambda change: self.said.append((change.name, change.new)), TOLD)
        self.dashboard.send = lambda content, buffers=(): self.sent.append((content, buffers))

    def __getattr__(self, name):
        return getattr(self.dashboard, name)

    def press(self, do, **more):
        self.dashboard.control.on_message(self.dashboard, {"do": do} | more, [])
        return self

    def ended(self):
        """The status after the training thread has ended."""
        self.dashboard.control.training.thread.join()
        return self.dashboard.status

    def heard(self, name):
        return [value for which, value in self.said if which == name]

    def during_training(self, act):
        """Call `act` once, in the training thread, after the first step: so no test is too late."""

        def first(change):
            if change.new:
                self.dashboard.unobserve(first, "progress")
                act()

        self.dashboard.observe(first, "progress")


@pytest.fixture
def make(tmp_path):
    """`make(**settings)`: a `Page` of a dashboard on the sample images."""
    yield lambda **settings: Page(folder=tmp_path, **settings)
    if going := BackgroundTraining.find_running():
        going.interrupt()
        going.thread.join()


def test_a_run_that_is_stopped_and_resumed_is_that_of_plain_train(make, tmp_path):
    page = make()
    spec, recipe, seed = page.control.settings()
    undisturbed = train(spec, recipe, data=load_sample(), seed=seed, folder=tmp_path / "plain")
    page.during_training(lambda: page.press("stop"))
    assert page.press("start").ended() == "stopped"
    assert page.heard("status") == ["preparing", "training", "stopping", "stopped"]
    assert page.found == {"name": NAME, "epochs": 1, "of": 3, "finished": False}
    assert "epoch 1 is kept" in page.message["text"]

    another = make().press("look")  # as after a restart of the kernel: only the files are left
    assert another.found == {"name": NAME, "epochs": 1, "of": 3, "finished": False}
    assert another.press("resume").ended() == "finished"
    run = Run.load(tmp_path / NAME / "run.json")
    assert run.history["loss"] == pytest.approx(undisturbed.history["loss"], rel=1e-4)
    assert run.test_error == undisturbed.test_error
    assert another.run["test_error"] == pytest.approx(run.history["test_error"], abs=1e-3)
    assert another.progress == {}


def test_what_a_page_hears_during_a_run(make, monkeypatch):
    clock = itertools.count().__next__  # a second a look, so that estimates follow from steps
    times = SimpleNamespace(monotonic=clock, perf_counter=clock)
    monkeypatch.setattr("resnet_lib.training.monitor.time", times)
    page = make().press("start")
    page.ended()
    assert page.heard("status") == ["preparing", "training", "finished"]
    progress = [said for said in page.heard("progress") if said]
    assert [said["epoch"] for said in progress] == sorted(said["epoch"] for said in progress)
    assert {said["phase"] for said in progress} == {"training", "testing", "finishing"}
    assert all(0 < said["step"] <= said["steps"] for said in progress)
    rates = [said["learning_rate"] for said in progress]
    recipe, images = recipe_called("quick", 3), len(load_sample()[0][0])
    steps = recipe.epochs * (images // recipe.batch_size)
    known = [recipe.learning_rate_at_step(step, images, 8) for step in range(steps)]
    assert set(rates) <= set(known)
    assert rates[-1] == known[-1]
    assert progress[-1]["images_per_second"] > 0
    lefts = [said["seconds_left"] for said in progress if said["seconds_left"] is not None]
    assert lefts[0] > lefts[-1] >= 0
    runs = [run for run in page.heard("run") if run]
    assert [len(run["test_error"]) for run in runs] == [0, 1, 2, 3, 3]
    assert runs[-1]["status"] == "finished"
    assert runs[-1]["training_error"] is not None


def test_a_second_start_is_refused_with_the_reason(make):
    first, second = make(), make(seed=1)
    refused = []

    def start_both():
        for page in (first, second):
            page.press("start")
            refused.append((page.message["kind"], page.message["text"], page.status))

    first.during_training(start_both)
    assert first.press("start").ended() == "finished"
    states = [(kind, status) for kind, _, status in refused]
    assert states == [("error", "training"), ("error", "ready")]
    assert all(f"{NAME} is training in this kernel" in text for _, text, _ in refused)


@pytest.mark.timed
def test_controls_answer_within_half_a_second_during_training(make, monkeypatch):
    tiny_net.restore_resnets(monkeypatch)
    page = make(epochs=8).press("start")
    wait_until(lambda: page.status == "training")
    waits = []
    while page.status == "training" and len(waits) < 8:
        began = time.monotonic()
        page.set_state({"n": 2 + len(waits)})
        page.press("look")
        waits.append(time.monotonic() - began)
        time.sleep(0.05)
    page.press("stop").ended()
    assert len(waits) > 2
    assert max(waits) < 0.5


def fails(*_, **__):
    raise MemoryError("the device has 16 GB, and 17 were asked for")


def test_an_exception_is_shown_and_leaves_the_last_checkpoint(make, monkeypatch):
    page = make()
    page.during_training(lambda: page.press("stop"))
    page.press("start").ended()
    with monkeypatch.context() as patch:
        patch.setattr("resnet_lib.training.train.save_state", fails)
        assert page.press("resume").ended() == "failed"
    assert page.message["kind"] == "error"
    text = page.message["text"]
    assert text.startswith("MemoryError: the device has 16 GB, and 17 were asked for\n")
    assert "All up to the end of epoch 1 is kept" in text
    assert isinstance(page.control.training.error, MemoryError)
    assert page.press("resume").ended() == "finished"


def test_data_that_do_not_fit_are_reported_in_the_widget(make):
    (x_train, y_train), test = load_sample()
    page = make(data=((x_train / 255.0, y_train), test)).press("start")
    assert page.ended() == "failed"
    assert "training data must be uint8 images" in page.message["text"]
    assert "Resume" not in page.message["text"]


def test_the_last_message_of_a_run_stays_when_the_page_looks_again(make, monkeypatch):
    page = make().press("look", settings=SETTINGS)
    monkeypatch.setattr("resnet_lib.training.train.save_state", fails)
    typed = SETTINGS | {"seed": 3}  # and Start is pressed before the page looks
    page.press("start", settings=typed).ended()
    page.press("look", settings=typed)
    assert page.status == "failed"
    assert "the device has 16 GB" in page.message["text"]


@pytest.mark.parametrize(("how", "status"), [("stop", "stopped"), ("interrupt", "interrupted")])
def test_it_ends_at_once_before_the_first_epoch(make, how, status):
    page = make()
    with device_lock:  # as while the speed is measured
        page.press("start")
        wait_until(lambda: page.status == "preparing")
        getattr(page.control.training, how)()
        assert page.ended() == status
    assert "nothing to resume" in page.message["text"]
    assert BackgroundTraining.find_running() is None


def test_an_interrupt_in_the_last_test_leaves_all_epochs(make):
    page = make(epochs=1)

    def interrupt(change):
        if change.new.get("phase") == "finishing":
            page.control.training.interrupt()

    page.observe(interrupt, "progress")
    assert page.press("start").ended() == "interrupted"
    assert page.found["epochs"] == 1
    assert page.heard("progress")[-2]["seconds_left"] > 0


def test_a_run_disturbs_nothing_and_is_found_downloaded_and_set_aside(make, tmp_path):
    """An observer that fails does not end it, and the reader's random numbers go on."""
    random.seed(123)
    expected = [random.random() for _ in range(3)][2]
    random.seed(123)
    random.random(), random.random()
    page = make(epochs=1)
    page.observe(lambda change: change.new["mine"], "progress")
    assert page.press("start").ended() == "finished"
    assert random.random() == expected

    another = make(epochs=1).press("look")
    assert another.found["finished"]
    assert another.run["test_error"] == page.run["test_error"]
    assert another.saved == page.saved
    another.set_state({"seed": 5})
    another.press("look")
    assert (another.found, another.run, another.saved) == ({}, {}, {})

    page.press("download", what="run").press("download", what="weights")
    (run, run_bytes), (weights, weights_bytes) = page.sent
    assert run["download"].endswith("quick-1-seed0.run.json")
    assert json.loads(run_bytes[0])["status"] == "finished"
    assert len(run_bytes[0]) == page.saved["run"]
    assert len(weights_bytes[0]) == page.saved["weights"]
    path = tmp_path / weights["download"]
    path.write_bytes(weights_bytes[0])
    probabilities = saved_model(path).predict(load_sample()[1][0][:3], verbose=0)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)

    page.press("start").ended()
    name = NAME.replace("quick-3", "quick-1")
    runs = sorted(path.parent.name for path in tmp_path.rglob("run.json"))
    assert runs == [name, f"{name}.before-1"]
    assert f"{name}.before-1" in page.message["text"], "it can still be read at the end"


def test_nothing_is_set_aside_twice_or_taken_from_another_process(tmp_path):
    place = tmp_path / "net"
    for number in (1, 2):
        place.mkdir()
        (place / "checkpoint-00002.npz").write_text("")
        assert move_aside(place) == tmp_path / f"net.before-{number}"
    place.mkdir()
    assert move_aside(place) is None, "an empty folder is in nobody's way"
    (place / "run.json").write_text("")
    with FileLock(place / "lock"), pytest.raises(RuntimeError, match="another process is training"):
        move_aside(place)
    assert (place / "run.json").exists()


def test_buttons_that_start_nothing(make):
    page = make()
    for button in ("resume", "stop"):
        assert page.press(button).message["kind"] == "error"
        page.dashboard.message = {}
    # The settings come with the button. If the kernel is busy, those that are synced come later.
    page.press("look", settings=SETTINGS | {"n": 2, "seed": 7, "live": False})
    assert (page.n, page.seed, page.live) == (2, 7, True)
    page.press("start", settings=SETTINGS | {"n": 0})
    assert "'n' trait" in page.message["text"]
    assert BackgroundTraining.find_running() is None


def test_a_cell_that_is_run_again_takes_up_the_run(make):
    first, again, seen = make(), make(), []

    def look_and_stop():
        again.press("look")
        seen.extend([again.status, bool(again.progress)])
        again.press("stop")

    first.during_training(look_and_stop)
    first.press("start").ended()
    assert seen == ["training", True]
    assert again.ended() == first.status == "stopped"


def test_the_minutes_of_a_run_are_forecast(make):
    page = make(recipe="paper", epochs=0, n=2).press("look")
    wait_until(lambda: page.forecast.get("state") == "known")
    assert [said["state"] for said in page.heard("forecast")] == ["measuring", "known"]
    forecast = page.forecast
    assert forecast["name"] == "resnet14_v1_pad-paper-seed0"
    assert forecast["minutes"] * 60 >= 0.97 * 164 * forecast["epoch_seconds"] > 0
    page.set_state({"n": 9})
    page.press("look")
    wait_until(lambda: page.forecast["name"] == "resnet56_v1_pad-paper-seed0")
    assert page.forecast["minutes"] > forecast["minutes"]


def test_a_measurement_that_fails_is_reported(make, monkeypatch):
    monkeypatch.setattr("resnet_lib.training.calibration.measure_cost", fails)
    page = make(version="v2", shortcut="highway").press("look")
    wait_until(lambda: page.forecast.get("state") == "failed")
    assert page.forecast["words"] == "MemoryError: the device has 16 GB, and 17 were asked for"


def test_a_static_page_holds_no_training_that_is_under_way(make):
    page = make()
    page.set_trait("status", "training")
    page.set_trait("run", {"name": "x"})
    state = page.state()
    assert (state["live"], state["status"], state["run"]) == (False, "ready", {})
    assert state["recorded"]


def test_the_facts_of_recipes_and_of_the_paper():
    epochs = {name: facts["epochs"] for name, facts in recipe_facts().items()}
    assert epochs == {name: recipe.epochs for name, recipe in RECIPES.items()}
    assert [one["text"] for one in paper_results()] == [str(one) for one in REPORTED if one.net]


# ---------------------------------------------------------------- in a kernel

OPENING = f"""
import asyncio, sys
sys.path.append({str(Path(__file__).parents[2] / "helpers")!r})
import numpy as np
import tiny_net
from resnet_lib import NetSpec, TrainingDashboard, load_sample
NetSpec.build = tiny_net.build
(x, y), test = load_sample()
data = (np.resize(x, (4000, 32, 32, 3)), np.resize(y, 4000)), test  # 1000 epochs take minutes
page = TrainingDashboard(version="v1", n=1, epochs=1000, data=data, folder="{{folder}}")
def status():
    return page.status, page.found.get("epochs", 0), page.progress.get("epoch", 0)
await asyncio.sleep(0.01)  # an interrupt has to reach the training after such a cell too
"""

# Short sleeps: Python acts on a signal between two steps of its main thread. One long sleep goes on
# to its end if the signal came just before it or was taken by another thread.
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
        client.execute_interactive(OPENING.format(folder=folder), timeout=300)

    def execute(code, **asking):
        """Its reply. Asks again if it waited behind a cell that failed, and was passed over."""
        status = "aborted"
        while status == "aborted":
            reply = client.execute(code, **asking, reply=True, timeout=300)["content"]
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
    tools = {"open": open_dashboard, "value": value, "press": press}
    yield SimpleNamespace(manager=manager, client=client, **tools)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


# The cell that the interrupt meets. The second catches it, as the kernel itself does with an
# interrupt that comes after the last line of a cell.
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
            told = kernel.client.get_iopub_msg(timeout=120)["content"].get("text", "")
    kernel.manager.interrupt_kernel()
    wait_until(lambda: kernel.value("status()")[0] == "interrupted")
    _, kept, _ = kernel.value("status()")
    assert kept >= 2
    assert "Interrupted. All up to the end of epoch" in kernel.value("page.message['text']")
    assert kernel.value("6 * 7") == 42, "the kernel lives"


@pytest.mark.slow
def test_after_a_restart_of_the_kernel_resume_goes_on(kernel):
    kernel.press("start")
    wait_until(lambda: kernel.value("status()")[2] > 2)
    kernel.manager.restart_kernel(now=True)  # in the midst of an epoch
    kernel.client.wait_for_ready(timeout=300)
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
