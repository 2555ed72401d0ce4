"""The process that makes one item of the plan, beside others: a training run or a measurement.

    python -m resnet_lib.record.worker '{"name": …, "plan": …, "recorded": …, "runs": …,
                                  "minutes": null, "cores": [0]}'

It writes one JSON object per line to standard output: `{"progress": {…}}` or
`{"failed": "the reason"}`. It exits when its standard input is closed. So it never runs longer than
the process that started it.
"""

import json
import sys
from pathlib import Path

from resnet_lib.processor import bind_to_cores, exit_with_parent


def main(text):
    """Make the item that `text` describes; returns the exit status."""
    task = json.loads(text)
    if task["cores"]:
        bind_to_cores(task["cores"])
    exit_with_parent()  # files are written whole or not at all

    from resnet_lib.record.record import EXPECTED, make
    from resnet_lib.runs.plan import read_plan, select

    places = Path(task["recorded"]), Path(task["runs"])
    try:
        (planned,) = select(read_plan(task["plan"]), task["name"])
        make(planned, task["minutes"], *places, report=report)
    except EXPECTED as problem:
        say(failed=str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def say(**message):
    print(json.dumps(message), flush=True)


def report(**progress):
    say(progress=progress)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
