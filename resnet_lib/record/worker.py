"""Make one item of the plan in a process of its own: a training run or a measurement.

    python -m resnet_lib.record.worker '{"name": …, "plan": …, "recorded": …, "runs": …,
                                  "minutes": null, "cores": [0]}'

It writes one JSON object per line to standard output: `{"progress": {…}}` or
`{"failed": "the reason"}`. It exits when its standard input is closed. So it never runs longer than
the process that started it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from resnet_lib.processor import bind_to_cores, exit_with_parent


def main(text: str) -> int:
    """Make the item that `text` describes; return the exit status."""
    task = json.loads(text)
    if task["cores"]:
        bind_to_cores(task["cores"])
    exit_with_parent()  # files are written whole or not at all

    from resnet_lib.record.record import EXPECTED_ERRORS, make
    from resnet_lib.runs.plan import read_plan, select

    try:
        (planned,) = select(read_plan(task["plan"]), task["name"])
        make(
            planned,
            task["minutes"],
            Path(task["recorded"]),
            Path(task["runs"]),
            report=report,
        )
    except EXPECTED_ERRORS as problem:
        send(failed=str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def send(**message: Any) -> None:
    """Write a message to the process that started this one."""
    print(json.dumps(message), flush=True)


def report(**progress: Any) -> None:
    """Send the progress of a training run."""
    send(progress=progress)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
