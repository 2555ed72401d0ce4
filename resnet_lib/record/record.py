"""Make the planned training runs and measurements that are not recorded yet."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

from resnet_lib.processor import read_memory, usable_cores
from resnet_lib.record.parallel import Display, Worker
from resnet_lib.runs.plan import (
    FINAL_STATES,
    PLAN_FILE,
    RUNS_FOLDER,
    Planned,
    PlannedMeasurement,
    PlannedRun,
    read_plan,
    select,
)
from resnet_lib.runs.run import RECORDED, Run, check_minutes

MAX_ERROR_CHANGE = 0.1  # percentage points of test error, by half precision
MAX_AT_ONCE_ON_GPU = 4  # small nets leave most of a card idle
EXPECTED_ERRORS = (OSError, RuntimeError, ValueError)  # other exceptions are faults of this library
BYTES_PER_RUN = 3e9  # of memory, for the largest net in the plan


def record(
    *,
    only: str = "*",
    minutes: float | None = None,
    at_once: int | None = None,
    plan: str | Path = PLAN_FILE,
    recorded: str | Path = RECORDED,
    runs: str | Path = RUNS_FOLDER,
) -> None:
    """Make what is planned and missing, and print how each item went.

    The call can be stopped or killed at any moment. The same call then continues each run after its
    last complete epoch. When a run has finished, its measurements are the next items. A finished
    run is copied to `recorded`, with its weights if the plan keeps them.

    `only` is a pattern of names, such as "plain*". `minutes` is a time limit: a run stops at the
    end of the last epoch that fits. `at_once` is the number of items made side by side. Its default
    is at most 4 with an NVIDIA GPU, and at most one per core without one. Little memory or few
    missing items reduce it. Without a GPU, each of several items is bound to its own cores: on two
    cores, two runs side by side are faster than one after the other.

    Raises `ValueError` for a pattern that matches nothing and for numbers that are out of range. If
    an item fails or diverges, the others go on, and a `RuntimeError` names the failed ones at the
    end.
    """
    check_minutes(minutes)
    if at_once is not None and (not isinstance(at_once, int) or at_once < 1):
        raise ValueError(f"at_once must be a whole number from 1; got {at_once!r}")
    selected = select(read_plan(plan), only)
    states = {item: item.progress(recorded, runs)[0] for item in selected}
    missing = [item for item in selected if states[item] not in FINAL_STATES]
    if not missing:
        diverged = [item.name for item in selected if states[item] == "diverged"]
        print(f"nothing is missing{'; diverged: ' if diverged else ''}{', '.join(diverged)}")
        return
    missing_runs = [item for item in missing if isinstance(item, PlannedRun)]
    at_once = at_once or default_at_once(len(missing_runs or missing))
    recorder = Recorder(missing, minutes, at_once, plan, Path(recorded), Path(runs))
    if at_once == 1:
        recorder.work(0)
    else:
        recorder.work_parallel(at_once)
    for planned in recorder.schedule.waiting:
        recorder.display.print_line("waiting", planned.name, "for its run")
    if recorder.failures:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in recorder.failures.items())
        raise RuntimeError(f"{len(recorder.failures)} of {len(missing)} failed: {reasons}")


class Recorder:
    """One call of `record`: threads that take items of a schedule, each with a worker process.

    Each thread has a slot, a number from 0, which selects its cores and its line of the display.
    """

    def __init__(
        self,
        missing: list[Planned],
        minutes: float | None,
        at_once: int,
        plan: str | Path,
        recorded: Path,
        runs: Path,
    ) -> None:
        self.schedule = Schedule(missing, recorded, runs)
        self.display = Display(at_once)
        self.deadline = None if minutes is None else time.monotonic() + 60 * minutes
        self.at_once, self.plan, self.recorded, self.runs = at_once, plan, recorded, runs
        self.workers: dict[int, Worker] = {}  # by slot
        self.failures: dict[str, str] = {}  # reason by name

    def work_parallel(self, slots: int) -> None:
        """Start a thread for each of `slots`. End the workers if this process is interrupted."""
        with ThreadPoolExecutor(slots) as pool:
            threads = [pool.submit(self.work, slot) for slot in range(slots)]
            try:
                wait(threads)
            finally:
                self.schedule.close()
                for worker in list(self.workers.values()):
                    worker.end()
        for thread in threads:
            thread.result()  # raises what `work` does not expect

    def work(self, slot: int) -> None:
        """Make one item after another until none is left, and print the result of each."""
        while planned := self.schedule.take():
            left = None if self.deadline is None else (self.deadline - time.monotonic()) / 60
            try:
                if left is not None and left <= 0:
                    continue
                if self.at_once == 1:
                    make(planned, left, self.recorded, self.runs)
                else:
                    self.make_in_worker(planned, left, slot)
            except Exception as problem:  # the other items go on
                if self.schedule.is_open:  # else the interruption is the reason
                    text = str(problem)
                    if not isinstance(problem, EXPECTED_ERRORS):
                        traceback.print_exception(problem)
                        text = f"{type(problem).__name__}: {problem}"
                    reason = " ".join(text.split())  # in one line
                    self.failures[planned.name] = reason
                    self.display.print_line("failed", planned.name, reason)
            else:
                state, detail = planned.progress(self.recorded, self.runs)
                self.display.print_line(state, planned.name, detail)
            finally:
                self.display.clear(slot)
                self.schedule.finish_item()

    def make_in_worker(self, planned: Planned, minutes: float | None, slot: int) -> None:
        """Start a worker on the cores of this slot, and wait for its end."""
        worker = Worker(
            planned,
            minutes,
            slot_cores(slot, self.at_once),
            plan=self.plan,
            recorded=self.recorded,
            runs=self.runs,
        )
        self.workers[slot] = worker
        if not self.schedule.is_open:  # it was closed while this worker started
            worker.end()
        worker.wait(lambda **progress: self.display.show(slot, planned.name, **progress))


def has_nvidia_gpu() -> bool:
    """Return whether this machine has an NVIDIA GPU, without importing a backend."""
    return shutil.which("nvidia-smi") is not None


def default_at_once(count: int) -> int:
    """Return how many of `count` items to make in parallel: one per core, or as memory allows."""
    if has_nvidia_gpu():
        return min(count, MAX_AT_ONCE_ON_GPU)
    sizes = read_memory()
    fit = len(usable_cores()) if sizes is None else int(sizes[0] // BYTES_PER_RUN)
    return max(1, min(count, len(usable_cores()), fit))


def slot_cores(slot: int, slots: int) -> list[int] | None:
    """Return the cores of one slot: an equal part, at least one. None on a machine with a GPU."""
    cores = usable_cores()
    return None if has_nvidia_gpu() else cores[slot::slots] or [cores[slot % len(cores)]]


class Schedule:
    """The items that are still missing, for threads that take one after the other."""

    def __init__(self, missing: list[Planned], recorded: Path, runs: Path) -> None:
        self.waiting = list(missing)
        self.folders = recorded, runs
        self.items_in_work = 0
        self.is_open = True
        self.changed = threading.Condition()

    def take(self) -> Planned | None:
        """Take the next item, or None at the end. Measurements of a finished run come first.

        Blocks while all remaining items are measurements of runs that other threads are making.
        """
        with self.changed:
            while self.is_open:
                states = {item: item.progress(*self.folders)[0] for item in self.waiting}
                self.waiting = [item for item in self.waiting if states[item] not in FINAL_STATES]
                ready = [item for item in self.waiting if states[item] != "waiting"]
                if ready:
                    item = min(ready, key=lambda item: not isinstance(item, PlannedMeasurement))
                    self.waiting.remove(item)
                    self.items_in_work += 1
                    return item
                if not self.items_in_work:
                    return None
                self.changed.wait()
            return None

    def finish_item(self) -> None:
        """Report that an item taken before has ended."""
        with self.changed:
            self.items_in_work -= 1
            self.changed.notify_all()

    def close(self) -> None:
        """Let `take` return None from now on."""
        with self.changed:
            self.is_open = False
            self.changed.notify_all()


def make(
    planned: Planned,
    minutes: float | None,
    recorded: Path,
    runs: Path,
    report: Callable[..., None] | None = None,
) -> None:
    """Make one item in this process: take and save a measurement, or train and publish a run.

    `minutes` and `report` apply to runs: a time limit, and a function that is called with the
    progress of the training, as in `progress.ProgressReporter`. Raises `RuntimeError` as `make_run`
    does.
    """
    if isinstance(planned, PlannedMeasurement):
        make_measurement(planned, recorded, runs)
    else:
        make_run(planned, minutes, recorded, runs, report)


def make_measurement(planned: PlannedMeasurement, recorded: Path, runs: Path) -> None:
    """Take a measurement and save it below `recorded`."""
    from resnet_lib.record.measurement_kinds import measure

    after = planned.run.weights_after if planned.run else ()
    measurement = measure(planned.what, planned.subject, after=after, recorded=recorded, runs=runs)
    measurement.save(recorded)


def make_run(
    planned: PlannedRun,
    minutes: float | None,
    recorded: Path,
    runs: Path,
    report: Callable[..., None] | None = None,
) -> None:
    """Train or resume a run, and publish it if it has ended.

    Raises `RuntimeError` if the run diverged, after recording it, and if half precision loses too
    much accuracy.
    """
    from resnet_lib.runs.weights import WeightSaver
    from resnet_lib.training.progress import ProgressReporter
    from resnet_lib.training.train import train

    folder = runs / planned.name
    if not (folder / "run.json").exists():  # else it was killed after training, before this
        callbacks: list[Any] = [WeightSaver(planned.net.name, planned.weights_after, folder)]
        if report:
            callbacks.append(ProgressReporter(report, planned.recipe))
        train(
            planned.net,
            planned.recipe,
            seed=planned.seed,
            folder=folder,
            minutes=minutes,
            callbacks=callbacks,
        )
    if (folder / "run.json").exists():
        run = publish(planned, folder, recorded)
        if run.status == "diverged":
            raise RuntimeError(f"diverged: {run.note}")


def publish(planned: PlannedRun, folder: Path, recorded: Path) -> Run:
    """Copy a run that has ended to `recorded`, its weights first, and return it."""
    run = Run.load(folder / "run.json")
    if planned.weights and run.status == "finished":
        publish_weights(run, folder / "model.keras", recorded)
    run.save(recorded / f"{run.name}.run.json")
    return run


def publish_weights(run: Run, saved: Path, recorded: Path) -> None:
    """Save the weights of a model in half precision.

    Raises `RuntimeError` if the run's test error changes by more than `MAX_ERROR_CHANGE` points.
    """
    from resnet_lib.data.cifar10 import load_cifar10
    from resnet_lib.runs.weights import save_weights, saved_model, trained_model, weights_path

    path = save_weights(saved_model(saved), run.model, weights_path(run, recorded))
    x_test, y_test = load_cifar10()[1]
    probabilities = trained_model(run, recorded).predict(x_test, batch_size=500, verbose=0)
    error = 100 * float((probabilities.argmax(-1) != y_test).mean())
    assert run.test_error is not None, "a finished run has a test error"
    if abs(error - run.test_error) > MAX_ERROR_CHANGE:
        path.unlink()
        raise RuntimeError(
            f"half precision takes its test error from {run.test_error:.2f} to {error:.2f} %, and "
            f"{MAX_ERROR_CHANGE} points are the most it may cost; the whole weights are in {saved}"
        )
