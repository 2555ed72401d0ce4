"""The process that makes one item of the plan, beside others: a training run or a measurement.

    python -m resnet_lib.worker '{"name": …, "plan": …, "recorded": …, "runs": …,
                                  "minutes": null, "cores": [0]}'

It writes lines of JSON to standard output, `{"progress": {…}}` and `{"failed": "the reason"}`, and
ends when its standard input is closed: a worker must not outlive the process that started it.
"""

import json
import os
import sys
import threading
from pathlib import Path

from resnet_lib.processor import run_on


def main(text):
    """Make the item that `text` describes; returns the exit status."""
    task = json.loads(text)
    if task["cores"]:
        run_on(task["cores"])
    threading.Thread(target=end_with_parent, daemon=True).start()

    from resnet_lib.plan import choose, read_plan
    from resnet_lib.record import make

    (planned,) = choose(read_plan(task["plan"]), task["name"])
    places = Path(task["recorded"]), Path(task["runs"])
    try:
        make(planned, task["minutes"], *places, report=report)
    except (OSError, RuntimeError, ValueError) as problem:
        say(failed=str(problem))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def end_with_parent():
    """Wait for the end of standard input, then end this process. Files are written whole or not."""
    while os.read(0, 1024):  # unlike sys.stdin, this takes no lock that Python's end waits for
        pass
    os._exit(1)


def say(**message):
    print(json.dumps(message), flush=True)


def report(**progress):
    say(progress=progress)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
