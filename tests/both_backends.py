"""The same script on TensorFlow and on JAX, each in a process that does not have the other."""

import json
import os
import subprocess
import sys

# Goes before the script: nothing may fall back on the backend that is not asked for.
ALONE = """
import json, sys
sys.modules["tensorflow" if sys.argv[1] == "jax" else "jax"] = None  # as if not installed
import keras
import numpy as np
assert keras.backend.backend() == sys.argv[1]
"""


def answers_of(script):
    """What the last line that `script` prints says as JSON: `(TensorFlow's, JAX's)`."""
    answers = []
    for backend in ("tensorflow", "jax"):
        done = subprocess.run(
            [sys.executable, "-c", ALONE + script, backend],
            env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout.splitlines()[-1]))
    return answers
