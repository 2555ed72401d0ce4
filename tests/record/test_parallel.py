"""Test `record` with two runs in parallel, in real processes: killed, failing, and finishing."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from waiting import wait_until

from resnet_lib import load_runs
from resnet_lib.record import record
from resnet_lib.record.parallel import Display, read_message
from resnet_lib.runs.checkpoints import newest_epoch
from resnet_lib.runs.plan import read_plan

TABLE = """
title = "Tiny"
recipe = "quick"
epochs = 100
version = "v1"
n = [1]
shortcut = ["none", "pad"]
"""
PLAN = f"[[runs]]{TABLE}"
PLAIN, RESIDUAL = "plain8_v1-quick-100-seed0", "resnet8_v1_pad-quick-100-seed0"
THIRD = "resnet8_v1-quick-100-seed0"
# Python runs this file at its start. It replaces CIFAR-10 by the 480 sample images, and every
# ResNet by a net of one convolution.
SITE_CUSTOMIZE = """
import resnet_lib.data.cifar10, resnet_lib.nets.spec
resnet_lib.data.cifar10.load_cifar10 = resnet_lib.data.cifar10.load_sample
def build(*arguments):
    import tiny_net  # it imports Keras
    return tiny_net.build(*arguments)
resnet_lib.nets.spec.NetSpec.build = build
"""


class Recorder:
    """The command `record` for a plan of tiny nets, in a folder of its own."""

    def __init__(self, folder, plan=PLAN):
        self.recorded, self.runs = folder / "recorded", folder / "runs"
        (folder / "plan.toml").write_text(plan)
        (folder / "sitecustomize.py").write_text(SITE_CUSTOMIZE)
        self.command = [sys.executable, "-m", "resnet_lib", "record", "--at-once", "2"]
        self.command += ["--plan", folder / "plan.toml", "--into", self.recorded]
        self.command += ["--runs", self.runs]
        path = [folder, Path(__file__).parents[1] / "helpers", Path(record.__file__).parents[2]]
        self.environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, path))}

    @contextmanager
    def running(self):
        """Start a call in a process group of its own, and kill the group at the end."""
        # A shell makes tests in the background ignore interrupts, and the call would inherit that.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = subprocess.Popen(
            self.command,
            env=self.environment | {"TF_CPP_MIN_LOG_LEVEL": "2"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def run(self):
        """Wait for a call; return `(exit status, standard output, standard error)`."""
        with self.running() as process:
            output, errors = process.communicate()
        return process.returncode, output, errors

    def workers(self):
        """Find the workers of this folder: process ids by run name."""
        workers = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:  # it has ended
                continue
            text = words[3].decode() if len(words) > 3 else ""
            if b"resnet_lib.record.worker" in words and str(self.runs) in text:
                workers[re.search(r'"name": "([^"]+)"', text)[1]] = int(folder.name)
        return workers

    def stop_workers(self):
        """Stop both workers, each after its first checkpoint. Returns the saved epochs by name."""
        epochs = {}

        def all_stopped():
            for name in {PLAIN, RESIDUAL} - set(epochs):
                if newest_epoch(self.runs / name):
                    os.kill(self.workers()[name], signal.SIGSTOP)
                    epochs[name] = newest_epoch(self.runs / name)
            return len(epochs) == 2

        wait_until(all_stopped)
        return epochs


@pytest.fixture
def recorder(tmp_path):
    return Recorder(tmp_path)


on_linux = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")


@on_linux
@pytest.mark.slow
@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["the parent", "all"])
def test_a_killed_record_resumes_and_a_second_one_is_refused(recorder, kill):
    with recorder.running() as process:
        saved_epochs = recorder.stop_workers()
        log = recorder.runs / PLAIN / "log.txt"
        text = log.read_text()
        status, _, errors = recorder.run()
        assert status == 1
        last = errors.splitlines()[-1]
        assert last.startswith("error: 2 of 2 failed: ")
        assert all(f"{name}: another process is training in" in last for name in saved_epochs)
        assert log.read_text().startswith(text), "a second record leaves the log of the first"

        for worker in recorder.workers().values():
            os.kill(worker, signal.SIGCONT)
        kill(process.pid, signal.SIGKILL)
        wait_until(lambda: not recorder.workers())
    status, output, errors = recorder.run()
    assert status == 0, errors
    runs = load_runs(recorder.recorded)
    assert [run.name for run in runs] == [PLAIN, RESIDUAL]
    assert {(run.status, run.epochs) for run in runs} == {("finished", 100)}
    for name, epoch in saved_epochs.items():
        assert not re.search(rf"^{epoch}/100 +{name}", output, re.M), "no epoch is repeated"
    assert {run.device for run in runs} == {f"CPU, 1 core, {os.uname().machine}"}


@on_linux
def test_an_interrupt_ends_the_workers(recorder):
    with recorder.running() as process:
        wait_until(lambda: len(recorder.workers()) == 2)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 130
        assert errors.splitlines()[-1].startswith("stopped; the same command goes on")
        assert not recorder.workers()


@on_linux
def test_runs_that_fail_do_not_stop_the_others(tmp_path):
    """Kill one worker, as Linux does when memory is short; damage the folder of another."""
    recorder = Recorder(tmp_path, PLAN.replace('"pad"', '"pad", "projection"'))
    (recorder.runs / RESIDUAL).mkdir(parents=True)
    (recorder.runs / RESIDUAL / "checkpoint-00001.npz").write_bytes(b"damaged")
    with recorder.running() as process:
        wait_until(lambda: PLAIN in recorder.workers())
        os.kill(recorder.workers()[PLAIN], signal.SIGKILL)
        output, errors = process.communicate(timeout=300)
    assert process.returncode == 1
    last = errors.splitlines()[-1]
    assert last.startswith("error: 2 of 3 failed: ")
    assert re.search(rf"{PLAIN}: signal 9 ended its process; see \S*log\.txt", last)
    assert f"{RESIDUAL}: no checkpoint in" in last
    assert re.search(rf"^failed +{RESIDUAL} +no checkpoint in .* can be read", output, re.M)
    assert [run.name for run in load_runs(recorder.recorded)] == [THIRD]


# ---------------------------------------------------------------- the order of the work


PLAN_WITH_MEASUREMENTS = f'{PLAN}\n[[measurements]]\nwhat = ["evaluation"]{TABLE}'


def test_a_measurement_comes_right_after_its_run(tmp_path, monkeypatch):
    (tmp_path / "plan.toml").write_text(PLAN_WITH_MEASUREMENTS)
    missing = read_plan(tmp_path / "plan.toml")
    finished = set()

    def progress(planned, *folders):
        run = getattr(planned, "run", None)
        return ("waiting" if run and run.name not in finished else "missing"), ""

    for item in missing:
        monkeypatch.setattr(type(item), "progress", progress)
    schedule = record.Schedule(missing, tmp_path, tmp_path)
    assert schedule.take().name == PLAIN
    finished.add(PLAIN)
    schedule.finish_item()
    assert schedule.take().name == f"evaluation-{PLAIN}"
    assert schedule.take().name == RESIDUAL
    schedule.finish_item()
    schedule.finish_item()  # the second run failed
    assert schedule.take() is None
    assert [item.name for item in schedule.waiting] == [f"evaluation-{RESIDUAL}"]


@pytest.mark.parametrize(
    ("cores", "free", "count", "expected"),
    [(2, 16e9, 9, 2), (8, 16e9, 9, 5), (8, 16e9, 3, 3), (2, 1e9, 9, 1), (4, None, 9, 4)],
)
def test_cores_and_memory_limit_the_parallel_runs(monkeypatch, cores, free, count, expected):
    monkeypatch.setattr(record, "usable_cores", lambda: list(range(cores)))
    monkeypatch.setattr(record, "read_memory", lambda: free and (free, free))
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: False)
    assert record.default_at_once(count) == expected
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: True)
    assert record.default_at_once(count) == min(count, 4)


@pytest.mark.parametrize(
    ("cores", "expected"), [([0, 1, 2, 3], [[0, 2], [1, 3]]), ([5], [[5], [5]])]
)
def test_each_slot_has_its_own_cores(monkeypatch, cores, expected):
    monkeypatch.setattr(record, "usable_cores", lambda: cores)
    monkeypatch.setattr(record, "has_nvidia_gpu", lambda: False)
    assert [record.slot_cores(slot, 2) for slot in (0, 1)] == expected


# ---------------------------------------------------------------- what is shown


PROGRESS = {"total": 90, "epochs": 3, "error": 40.0}


def test_each_epoch_is_a_line_without_a_terminal(capsys):
    display = Display(2)
    display.show(0, PLAIN, images=10, epoch=1, test_error=None, speed=None, **PROGRESS)
    display.show(0, PLAIN, images=30, epoch=1, test_error=50.0, speed=300.4, **PROGRESS)
    output = capsys.readouterr().out
    assert output.split() == (
        f"1/3 {PLAIN} training error 40.00 %, test error 50.00 %, 300 images/s".split()
    )


def test_each_run_has_a_bar_at_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    display = Display(2)
    for slot, name in enumerate((PLAIN, RESIDUAL)):
        for images in (10, 30):
            display.show(slot, name, images=images, epoch=1, test_error=50.0, speed=1.0, **PROGRESS)
    assert [bar.n for bar in display.bars] == [30, 30]
    for slot in (0, 1):
        display.clear(slot)
    shown = capsys.readouterr().err
    assert PLAIN in shown
    assert f"{RESIDUAL}: " in shown
    assert "epoch 1/3, training error 40.0 %" in shown


@pytest.mark.parametrize("line", ["", "Epoch 1", "3", "null", "[]", '{"a'])
def test_other_output_is_no_message(line):
    assert read_message(line) == {}
