"""Describe the machine of a run: backend, device, versions, and the commit of this library."""

import importlib
import os
import platform
import subprocess
from pathlib import Path

import keras

from resnet_lib.processor import is_onednn_enabled, usable_cores


def has_gpu() -> bool:
    """Return whether the backend has a GPU."""
    return any("gpu" in device for device in keras.distribution.list_devices())


def device_name() -> str:
    """Return the name of the accelerator, if the backend knows it, or describe the CPU."""
    if not has_gpu():
        count = len(usable_cores())
        return f"CPU, {count} core{'' if count == 1 else 's'}, {platform.machine()}"
    if keras.backend.backend() == "jax":
        import jax

        return jax.devices()[0].device_kind
    import tensorflow as tf

    details = tf.config.experimental.get_device_details(tf.config.list_physical_devices("GPU")[0])
    return details.get("device_name", "GPU")


def is_onednn_used() -> bool | None:
    """Return whether TensorFlow computes with oneDNN; None for another backend, or if not known."""
    return is_onednn_enabled() if keras.backend.backend() == "tensorflow" else None


def backend_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that a result can depend on."""
    names = ("keras", keras.backend.backend(), "numpy")
    # Not `importlib.metadata.version`: TensorFlow's package may be called tensorflow-cpu.
    versions = {name: importlib.import_module(name).__version__ for name in names}
    return {"python": platform.python_version()} | versions


def source_commit() -> str | None:
    """Return the library's commit, with `+` if its files were edited; None outside a checkout.

    For a copy without history, the environment variable `RESNET_LIB_COMMIT` names the commit.
    """
    if commit := os.environ.get("RESNET_LIB_COMMIT"):
        return commit
    package = Path(__file__).parents[1]

    def git(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", *arguments], cwd=package, capture_output=True, text=True)

    try:
        if git("ls-files", "--error-unmatch", "__init__.py").returncode:
            return None  # a copy of the library inside another checkout
        code = (".", ":(exclude)recorded")  # results, of this run too, are not code
        edited = git("status", "--porcelain", "--", *code).stdout.strip()
        return git("rev-parse", "--short=12", "HEAD").stdout.strip() + ("+" if edited else "")
    except OSError:  # no git on this machine
        return None
