"""Run Python in a child process with one backend of Keras, and say why a child failed."""

import os
import re
import subprocess
import sys

from benchmarks import ROOT

MAX_REASON_LENGTH = 300  # characters


def make_environment(backend):
    """Return the environment variables of a child process that uses `backend`."""
    return os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}


def run_python(arguments, backend, **options):
    """Run Python with `arguments` in the root of the repository; `options` go to `subprocess`."""
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=make_environment(backend),
        **options,
    )


def find_failure_reason(output, status):
    """Return one line that says why a program failed.

    This is the last exception that `output` names, or else its last line.
    """
    lines = [line.rstrip() for line in output.splitlines() if line.strip()]
    exceptions = [line for line in lines if re.match(r"[\w.]+(Error|Exception|NotFound)\b", line)]
    candidates = exceptions or lines
    return candidates[-1][:MAX_REASON_LENGTH] if candidates else f"ended with status {status}"
