"""Run worker processes that make items of the plan in parallel, and display their progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from resnet_lib.runs.plan import Planned

# No process may reserve the whole GPU, because the others need their part of it.
SHARED_GPU_ENVIRONMENT = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
}


class Worker:
    """One process of `resnet_lib.record.worker`, bound to `cores`, or not bound if `cores` is None.

    Its standard error is appended to `log.txt` in the item's folder below `runs`.
    """

    def __init__(
        self,
        planned: Planned,
        minutes: float | None,
        cores: Sequence[int] | None,
        *,
        plan: str | Path,
        recorded: Path,
        runs: Path,
    ) -> None:
        self.log = Path(runs) / planned.name / "log.txt"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        task: dict[str, Any] = {"name": planned.name, "plan": str(plan), "recorded": str(recorded)}
        task |= {"runs": str(runs), "minutes": minutes, "cores": cores}
        with self.log.open("a") as log:  # another process may hold the run; this one then fails
            self.log_start = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "resnet_lib.record.worker", json.dumps(task)],
                env=os.environ | SHARED_GPU_ENVIRONMENT,
                stdin=subprocess.PIPE,  # its end tells the worker that this process has ended
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait(self, show: Callable[..., None]) -> None:
        """Call `show(**progress)` until the worker ends. Raises `RuntimeError` if it fails."""
        reason = None
        assert self.process.stdout, "Popen was called with a pipe"
        for line in self.process.stdout:
            message = read_message(line)
            if "progress" in message:
                show(**message["progress"])
            reason = message.get("failed", reason)
        self.process.stdout.close()
        status = self.process.wait()
        self.end()
        if status:
            raise RuntimeError(reason or self.explain_failure(status))

    def explain_failure(self, status: int) -> str:
        """Return the reason of a failure that the worker did not report."""
        if status < 0:
            return f"signal {-status} ended its process; see {self.log}"
        output = self.log.read_bytes()[self.log_start :].decode(errors="replace")
        lines = [line for line in output.splitlines() if line.strip()]
        return f"{lines[-1] if lines else f'exit status {status}'}; see {self.log}"

    def end(self) -> None:
        """End the process if it is still running. Its last checkpoint stays."""
        assert self.process.stdin, "Popen was called with a pipe"
        self.process.stdin.close()


def read_message(line: str) -> dict[str, Any]:
    """Parse a worker's message; return {} for a line that something else printed."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


class Display:
    """The progress of all workers: a bar for each at a terminal, else a line for each epoch."""

    def __init__(self, slots: int) -> None:
        self.is_terminal = sys.stderr.isatty()
        self.bars: list[Any] = [None] * slots

    def print_line(self, state: str, name: str, detail: str = "") -> None:
        """Print one line, above the bars."""
        tqdm.write(f"{state:<9} {name:<44} {detail}".rstrip(), file=sys.stdout)
        sys.stdout.flush()

    def show(
        self,
        slot: int,
        name: str,
        *,
        images: int,
        total: int,
        epoch: int,
        epochs: int,
        error: float,
        test_error: float | None,
        speed: float | None,
    ) -> None:
        """Show that the run in this slot has trained on `images` of `total`, in `epoch` (from 1).

        `error` and `test_error` are in per cent, `speed` in images/s. The last two are None before
        the end of an epoch.
        """
        if self.is_terminal:
            bar = self.bars[slot]
            if bar is None:
                bar = self.bars[slot] = tqdm(
                    desc=name,
                    total=total,
                    initial=images,
                    unit=" images",
                    unit_scale=True,
                    position=slot,
                    leave=False,
                )
            bar.set_postfix_str(f"epoch {epoch}/{epochs}, training error {error:.1f} %")
            bar.update(images - bar.n)
        elif test_error is not None:
            errors = f"training error {error:.2f} %, test error {test_error:.2f} %"
            self.print_line(f"{epoch}/{epochs}", name, f"{errors}, {speed:.0f} images/s")

    def clear(self, slot: int) -> None:
        """Remove the bar of a run that has ended."""
        if self.bars[slot]:
            self.bars[slot].close()
            self.bars[slot] = None
