"""Exchange messages between a contestant and the program that measures it: JSON objects on lines.

A contestant starts, takes its first step, trains one round to warm up, and waits. Then it gets one
task at a time, "training" or "inference", and at last "end". The contestants alternate in every
round, so that a machine that becomes slower slows them all. This module needs only NumPy, because
the environment of PyTorch has no Keras.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

PREFIX = "@ "  # of a line with a message, because libraries print too
INFERENCE_BATCH_SIZE = 500  # as in the tests of `resnet_lib.train`


def create_contestant_parser(description):
    """Create a parser for the options that all contestants have."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with the four .npy files")
    parser.add_argument("--batch-size", type=int, required=True, help="in training")
    parser.add_argument("--batches", type=int, required=True, help="of training in a round")
    parser.add_argument("--inference-images", type=int, required=True, help="in a round")
    parser.add_argument("--rounds", type=int, required=True, help="after the one to warm up")
    parser.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--gpu", action="store_true", help="end if this library sees no GPU")
    return parser


def load_arrays(folder, num_training, num_inference):
    """Load the first images and labels of `folder`: `(x_train, y_train), (x_test, y_test)`."""

    def load_first(name, count):
        return np.load(Path(folder) / f"{name}.npy")[:count]

    training = load_first("x_train", num_training), load_first("y_train", num_training)
    if len(training[0]) < num_training:
        raise ValueError(
            f"expected at least {num_training} images for a round; got {len(training[0])}; "
            "lower --batches"
        )
    return training, (load_first("x_test", num_inference), load_first("y_test", num_inference))


def require_gpu(required, found):
    """End a contestant that would train on the CPU while others train on a GPU."""
    if required and not found:
        raise SystemExit("it sees no GPU here")


def send_event(event, **values):
    print(PREFIX + json.dumps({"event": event} | values), flush=True)


def parse_event(line):
    """Return the message in a line of a contestant's output, or None if it has none."""
    return json.loads(line[len(PREFIX) :]) if line.startswith(PREFIX) else None


def wait_for_task():
    """Wait for the next task, and return its name or "end"."""
    task = sys.stdin.readline().strip()
    if not task:
        raise SystemExit("the measuring program has ended")
    return task


def run_round(function):
    """Run a task and report its round.

    The function returns the number of images, once the device has finished.
    """
    started = time.perf_counter()
    images = function()
    send_event("round", images=images, seconds=time.perf_counter() - started)


def run_tasks(**functions):
    """Run the function of each task that comes, until "end"."""
    while (task := wait_for_task()) != "end":
        run_round(functions[task])
