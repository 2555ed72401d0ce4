"""preflight(): what this machine is, and which images to work with, before anything is trained."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from resnet_lib import processor
from resnet_lib.data import cifar10
from resnet_lib.runs.machine import backend_versions, device_name, has_gpu, is_onednn_used
from resnet_lib.runs.run import load_runs
from resnet_lib.tables import Said, Table

SPELLED = {"keras": "Keras", "tensorflow": "TensorFlow", "jax": "JAX", "numpy": "NumPy"}
SWITCH_ON = (
    "No GPU here. In Colab, switch one on: Runtime → Change runtime type → a GPU, such as T4 → "
    "Save; then run the cells again, from the top."
)


WITHOUT_ONEDNN = (
    "TensorFlow does not use oneDNN, so training takes about twice as long. Set "
    f"{processor.ONEDNN_VARIABLE}=1 in the environment, restart, and import resnet_lib before "
    "TensorFlow."
)


@dataclass(frozen=True)
class Preflight:
    """What `preflight` found: a notebook shows it as a table, with what there is to do below."""

    gpu: bool  #: whether there is one that the backend sees
    rows: tuple  #: (what, what of it), for the table
    advice: tuple  #: sentences
    data: tuple  #: ((x_train, y_train), (x_test, y_test)), as `train` takes them
    whole: bool  #: whether these are all 60,000 images

    def _repr_html_(self):
        return self.table()._repr_html_() + "".join(Said(one)._repr_html_() for one in self.advice)

    def __repr__(self):
        return "\n".join([repr(self.table()), *self.advice])

    def table(self):
        """What was found, as a `Table`."""
        return Table(("this machine", "has"), self.rows)


def preflight(fetch=None):
    """Look at device, memory, versions and data; `.data` are the images to train with here.

    With a GPU those are all of CIFAR-10, which is fetched in Colab alone; on a CPU, where an epoch
    of it takes a minute or more, they are the sample that ships with the library. `fetch=True` asks
    for all of it, wherever it has to come from; `fetch=False` for what is on this machine. Where it
    cannot be had the advice says why, and the sample takes its place. Trains nothing.

    >>> here = preflight()
    >>> run = train(NetSpec("v1", 3, "pad"), RECIPES["quick"], data=here.data)
    """
    gpu = has_gpu()
    at_hand = cifar10.is_available()
    wanted = at_hand if fetch is False else bool(fetch) or (gpu and (at_hand or in_colab()))
    arrays, source, advice = all_images(at_hand) if wanted else sample(gpu)
    fast = is_onednn_used()
    rows = (
        ("device", device_name() if gpu else f"no GPU; {device_name()}"),
        *([("GPU memory", gpu_memory())] if gpu else []),
        *([] if gpu or fast is None else [("oneDNN", "on" if fast else "off")]),
        ("memory", memory()),
        ("disk", f"free: {shutil.disk_usage('.').free / 1e9:,.0f} GB"),
        ("versions", ", ".join(map(" ".join, versions().items()))),
        ("images", source),
    )
    without_gpu = (
        () if gpu else (SWITCH_ON, on_a_cpu(), *([WITHOUT_ONEDNN] if fast is False else []))
    )
    whole = len(arrays[0][0]) == cifar10.TRAINING_IMAGES
    return Preflight(gpu, rows, (*without_gpu, *advice), arrays, whole)


def in_colab():
    return "google.colab" in sys.modules


# ---------------------------------------------------------------- data


def all_images(at_hand):
    """All of CIFAR-10, found or fetched: the arrays, where from and how fast, and what to say."""
    began = time.perf_counter()
    try:
        arrays = cifar10.load_cifar10()
    except cifar10.DataError as problem:
        arrays, source, _ = sample(gpu=False)
        return arrays, source, (f"{problem}. So here.data is the sample.",)
    seconds = time.perf_counter() - began
    megabytes = sum(array.nbytes for part in arrays for array in part) / 1e6
    origin = Path(cifar10.cache_folder(), "cifar10", "origin")
    where = f"from {origin.read_text().strip()}" if origin.exists() else ""
    how = "read and checked" if at_hand else "fetched"
    return (
        arrays,
        f"all of CIFAR-10, {counts(arrays)}; {how} in {seconds:.1f} s, "
        f"{megabytes / seconds:,.0f} MB/s\n{where}",
        (),
    )


def sample(gpu):
    """The images that ship with the library, and how to get the others."""
    began = time.perf_counter()
    arrays = cifar10.load_sample()
    milliseconds = 1000 * (time.perf_counter() - began)
    source = (
        f"a sample of CIFAR-10, {counts(arrays)}; read in {milliseconds:.0f} ms"
        "\nfrom the library itself"
    )
    why = (
        "CIFAR-10 is not on this machine: here.data is a sample of it."
        if gpu
        else "here.data is a sample: a training on it takes seconds, and its errors are no results."
    )
    how = "preflight(fetch=True) takes all 60,000 images, and fetches them (170 MB) if need be."
    return arrays, source, (f"{why} {how}",)


def counts(arrays):
    (x_train, _), (x_test, _) = arrays
    return f"{len(x_train):,} training and {len(x_test):,} test images"


# ---------------------------------------------------------------- the machine


def versions():
    found = backend_versions()
    return {SPELLED.get(name, name.capitalize()): version for name, version in found.items()}


def memory():
    """Of the machine, or of its container where that has less; and what is free of it."""
    sizes = processor.read_memory()
    return (
        "not told"
        if sizes is None
        else "free: {:.1f} of {:.1f} GB".format(*(size / 1e9 for size in sizes))
    )


def gpu_memory():
    """What the first NVIDIA card has, by its own tool: no backend tells it before it takes it."""
    command = [
        "nvidia-smi",
        "--query-gpu=memory.free,memory.total",
        "--format=csv,noheader,nounits",
    ]
    try:
        said = subprocess.run(
            command, capture_output=True, text=True, timeout=10, check=True
        ).stdout
        free, whole = (1.048576e-3 * int(one) for one in said.splitlines()[0].split(","))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return "not told"
    return f"free: {free:.1f} of {whole:.1f} GB"


def on_a_cpu():
    """What is left without a GPU, with the minutes of a recorded training."""
    runs = load_runs(version="v1", n=3, shortcut="pad", status="finished")
    runs = [run for run in runs if run.device.startswith("CPU") and run.recipe.name[:5] == "quick"]
    took = ""
    if runs:
        run = min(runs, key=lambda run: run.recipe.epochs)
        minutes = sum(run.history["seconds"]) / 60
        took = (
            f" (the recorded ResNet-20 took {minutes:.0f} minutes for {run.epochs} epochs, on "
            f"{run.device}; the dashboard measures this machine, and says what it will take)"
        )
    return (
        f"Without one, train by the recipe quick{took}. Or look at the recorded trainings: on the "
        "published page the dashboard replays them, and ErrorCurves() shows them here."
    )
