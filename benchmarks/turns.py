"""The protocol between a contestant and `throughput.py`: one JSON object a line.

A contestant starts, takes its first step, trains one round to warm up, and waits. Then the driver
sends it one task at a time, "training" or "inference", and at last "end". The contestants take
turns in every round, so that a machine that slows down slows them all. This module needs only
NumPy, because the environment of PyTorch has no Keras.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

MARK = "@ "  # before what the driver is meant to read; libraries print too
INFERENCE_BATCH = 500  # images; the batch of the tests in `resnet_lib.train`


def parser(description):
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument("--data", required=True, help="folder with the four .npy files")
    options.add_argument("--batch-size", type=int, required=True, help="in training")
    options.add_argument("--batches", type=int, required=True, help="of training in a round")
    options.add_argument("--inference-images", type=int, required=True, help="in a round")
    options.add_argument("--rounds", type=int, required=True, help="after the one to warm up")
    options.add_argument("--precision", default="float32", choices=("float32", "bfloat16"))
    options.add_argument("--gpu", action="store_true", help="end where this library sees no GPU")
    return options


def load(folder, num_images, num_test):
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
    """The task that the driver asks for next, or "end"."""
    word = sys.stdin.readline().strip()
    if not word:
        raise SystemExit("the driver has gone")
    return word


def timed_round(task):
    """Report one round. `task` returns how many images it took, once the device has finished."""
    started = time.perf_counter()
    images = task()
    say("round", images=images, seconds=time.perf_counter() - started)


def take_turns(**tasks):
    """Run the task that the driver asks for, until it says "end"."""
    while (word := wait_for_turn()) != "end":
        timed_round(tasks[word])
