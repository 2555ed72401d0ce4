"""How a contestant and `throughput.py` talk: one JSON object a line, and whose turn it is.

A contestant starts, takes its first step, trains one round to warm up, and waits. Then each has a
turn in every round, so that a machine that slows down slows them all. Needs NumPy alone: PyTorch's
contestant lives in an environment without Keras.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

MARK = "@ "  # before what the driver is meant to read; libraries print too


def parser(description):
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument("--data", required=True, help="folder with the four .npy files")
    options.add_argument("--batch-size", type=int, required=True)
    options.add_argument("--batches", type=int, required=True, help="in a round")
    options.add_argument("--rounds", type=int, required=True, help="after the one to warm up")
    options.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    options.add_argument("--gpu", action="store_true", help="end where this library sees no GPU")
    return options


def load(folder, num_images, num_test=500):
    """The first training and test images of `folder`: `(x_train, y_train), (x_test, y_test)`."""

    def first(name, count):
        return np.load(Path(folder) / f"{name}.npy")[:count]

    train = (first("x_train", num_images), first("y_train", num_images))
    if len(train[0]) < num_images:
        raise ValueError(f"{num_images} images a round asked for, and there are {len(train[0])}")
    return train, (first("x_test", num_test), first("y_test", num_test))


def need_gpu(wanted, found):
    """End a contestant that would train on the CPU beside others on a GPU."""
    if wanted and not found:
        raise SystemExit("it sees no GPU here")


def say(event, **figures):
    print(MARK + json.dumps({"event": event} | figures), flush=True)


def heard(line):
    """What a line of a contestant's output says, or None where it is not meant for the driver."""
    return json.loads(line[len(MARK) :]) if line.startswith(MARK) else None


def wait_for_turn():
    if not sys.stdin.readline():
        raise SystemExit("the driver has gone")
