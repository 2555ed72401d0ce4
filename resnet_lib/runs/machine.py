"""Where a run was made: backend, device, versions, and the commit of this library."""

import importlib
import os
import platform
import subprocess
from pathlib import Path

import keras

from resnet_lib.processor import is_onednn_enabled, usable_cores


def has_gpu():
    return any("gpu" in device for device in keras.distribution.list_devices())


def device_name():
    """What trained: the accelerator's own name where the backend tells it, else the CPU's."""
    if not has_gpu():
        count = len(usable_cores())
        return f"CPU, {count} core{'' if count == 1 else 's'}, {platform.machine()}"
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].device_kind
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return details.get("device_name", "GPU")


def is_onednn_used():
    """Whether TensorFlow computes with oneDNN; None for another backend, or if not known."""
    return is_onednn_enabled() if keras.backend.backend() == "tensorflow" else None


def backend_versions():
    """Versions of Python and of the packages that a result can depend on."""
    names = ("keras", keras.backend.backend(), "numpy")
    # Not `importlib.metadata.version`: TensorFlow's package may be called tensorflow-cpu.
    versions = {name: importlib.import_module(name).__version__ for name in names}
    return {"python": platform.python_version()} | versions


def source_commit():
    """The library's commit, `+` behind it where its files were edited; None outside a checkout.

    A copy without its history, on a machine rented for a run, is told it by `RESNET_LIB_COMMIT`.
    """
    if told := os.environ.get("RESNET_LIB_COMMIT"):
        return told
    here = Path(__file__).parents[1]

    def git(*words):
        return subprocess.run(["git", *words], cwd=here, capture_output=True, text=True)

    try:
        if git("ls-files", "--error-unmatch", "__init__.py").returncode:
            return None  # a copy of the library inside somebody else's checkout
        code = (".", ":(exclude)recorded")  # there lie results, this run's among them
        edited = git("status", "--porcelain", "--", *code).stdout.strip()
        return git("rev-parse", "--short=12", "HEAD").stdout.strip() + ("+" if edited else "")
    except OSError:  # no git on this machine
        return None
