"""Worker processes that make items of the plan side by side, and one display of their progress."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

# No process may take the whole GPU, because the others need their part of it.
SHARING_A_GPU = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "TF_FORCE_GPU_ALLOW_GROWTH": "true"}


class Worker:
    """One process of `resnet_lib.record.worker`, bound to `cores`, or not bound if `cores` is None.

    Its standard error is appended to `log.txt` in the item's folder below `runs`.
    """

    def __init__(self, planned, minutes, cores, *, plan, recorded, runs):
        self.log = Path(runs) / planned.name / "log.txt"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        task = {"name": planned.name, "plan": str(plan), "recorded": str(recorded)}
        task |= {"runs": str(runs), "minutes": minutes, "cores": cores}
        with self.log.open("a") as log:  # another process may be at work here, and then this ends
            self.begin = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "resnet_lib.record.worker", json.dumps(task)],
                env=os.environ | SHARING_A_GPU,
                stdin=subprocess.PIPE,  # its end tells the worker that this process has ended
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def wait(self, show):
        """Call `show(**progress)` until the worker ends. Raises `RuntimeError` if it fails."""
        reason = None
        for line in self.process.stdout:
            message = read_message(line)
            if "progress" in message:
                show(**message["progress"])
            reason = message.get("failed", reason)
        self.process.stdout.close()
        status = self.process.wait()
        self.end()
        if status:
            raise RuntimeError(reason or self.why(status))

    def why(self, status):
        """Why a worker failed that reported no reason."""
        if status < 0:
            return f"signal {-status} ended its process; see {self.log}"
        said = self.log.read_bytes()[self.begin :].decode(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return f"{lines[-1] if lines else f'exit status {status}'}; see {self.log}"

    def end(self):
        """Make the process exit, if it is still running. Its last checkpoint stays."""
        self.process.stdin.close()


def read_message(line):
    """What a worker says in a line of its output; {} for a line that something else printed."""
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


class Display:
    """The progress of all workers: a bar for each at a terminal, else a line for each epoch."""

    def __init__(self, places):
        self.at_terminal = sys.stderr.isatty()
        self.bars = [None] * places

    def line(self, state, name, detail=""):
        """Print one line, above the bars."""
        tqdm.write(f"{state:<9} {name:<44} {detail}".rstrip(), file=sys.stdout)
        sys.stdout.flush()

    def show(self, place, name, *, images, total, epoch, epochs, error, test_error, speed):
        """Show that the run in this place has trained on `images` of `total`, in `epoch` (from 1).

        `error` and `test_error` are in per cent, `speed` in images/s. The last two are None before
        the end of an epoch.
        """
        if self.at_terminal:
            bar = self.bars[place]
            if bar is None:
                options = {"unit": " images", "unit_scale": True, "position": place, "leave": False}
                bar = self.bars[place] = tqdm(desc=name, total=total, initial=images, **options)
            bar.set_postfix_str(f"epoch {epoch}/{epochs}, training error {error:.1f} %")
            bar.update(images - bar.n)
        elif test_error is not None:
            errors = f"training error {error:.2f} %, test error {test_error:.2f} %"
            self.line(f"{epoch}/{epochs}", name, f"{errors}, {speed:.0f} images/s")

    def clear(self, place):
        """Remove the bar of a run that has ended."""
        if self.bars[place]:
            self.bars[place].close()
            self.bars[place] = None
