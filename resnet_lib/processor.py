"""Read and set how this process uses the processor: cores, memory, priority and oneDNN.

This module imports neither Keras nor TensorFlow, because it must run before their import.
"""

import os
import platform
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FrameType
from typing import NamedTuple

ONEDNN_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow reads it when it is imported
JAX_IMPORTERS = ("tensorflow.lite.python.util", "keras.src.callbacks.orbax_checkpoint")
LOWEST_PRIORITY = 19  # for `nice`
AUTOGROUP_FILE = Path("/proc/self/autogroup")
CHILD_VARIABLE = "RESNET_LIB_FOLLOWS"  # set for a process that ends with its parent


# ---------------------------------------------------------------- oneDNN


def enable_onednn() -> None:
    """Make TensorFlow use oneDNN on an x86-64 processor, unless the user has set `ONEDNN_VARIABLE`.

    By default TensorFlow uses it only on some newer processors, such as those with AVX512-VNNI. On
    a processor limited to AVX2, a training step takes about half the time with oneDNN (README, "How
    fast it is"). Other processors keep TensorFlow's default: they have not been measured here.
    Warns if TensorFlow was imported before and does not use oneDNN.
    """
    if ONEDNN_VARIABLE in os.environ or platform.machine().lower() not in ("x86_64", "amd64"):
        return
    if "tensorflow" not in sys.modules:
        os.environ[ONEDNN_VARIABLE] = "1"
    elif is_onednn_enabled() is False:
        warnings.warn(
            "TensorFlow was imported before resnet_lib and does not use oneDNN, so training takes "
            f"about twice as long. Restart, and import resnet_lib first or set {ONEDNN_VARIABLE}=1",
            RuntimeWarning,
            stacklevel=3,
        )


def is_onednn_enabled() -> bool | None:
    """Return whether the imported TensorFlow uses oneDNN; None if that is not known."""
    try:  # TensorFlow has no public function for it
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:
        return None
    return bool(_pywrap_util_port.IsMklEnabled())


# ---------------------------------------------------------------- JAX


class JaxHider:
    """Hide JAX from `JAX_IMPORTERS`, as an import hook; they work without it.

    TensorFlow and Keras import these modules, which import JAX if it is installed. They need it for
    a converter and a callback that this library does not use; the import takes a second and 100 MB.
    With JAX as its backend, Keras has imported JAX before. Other modules can import it.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "jax":
            return None
        frame: FrameType | None = sys._getframe(1)
        while frame and frame.f_globals.get("__name__", "").startswith("importlib"):
            frame = frame.f_back
        if frame and frame.f_globals.get("__name__") in JAX_IMPORTERS:
            raise ModuleNotFoundError("JAX is hidden from this module", name=name)
        return None


def hide_jax() -> None:
    """Keep TensorFlow and Keras from importing JAX, as `JaxHider` describes."""
    sys.meta_path.insert(0, JaxHider())


# ---------------------------------------------------------------- cores and memory


def usable_cores() -> list[int]:
    """Return the numbers of the processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def bind_to_cores(cores: Sequence[int]) -> None:
    """Bind this process to these cores; TensorFlow and JAX then start one thread for each.

    Has no effect on systems without `sched_setaffinity` (macOS, Windows).
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


class Memory(NamedTuple):
    """Hold the free and the total memory, in bytes."""

    free: int
    total: int


def read_memory() -> Memory | None:
    """Read the memory of the machine, or of a smaller container; return None outside Linux."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
        total, free = sizes["MemTotal"], sizes["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):  # "max": no limit
        limit = used = 0
    if 0 < limit < total:
        total, free = limit, min(free, limit - used)
    return Memory(free, total)


# ---------------------------------------------------------------- priority


def lower_priority() -> None:
    """Give this process, and those that it starts, the lowest priority on this machine.

    Linux divides the processor between terminal sessions first, and within a session by `nice`. The
    session needs the lowest priority too. A process in a terminal shares its session. It therefore
    starts the same command in a new session, waits for it, and exits with its status.
    """
    if hasattr(os, "nice"):
        os.nice(LOWEST_PRIORITY)
    if os.environ.pop(CHILD_VARIABLE, None):
        exit_with_parent()
    if not AUTOGROUP_FILE.exists():
        return
    if os.getsid(0) != os.getpid():
        sys.exit(rerun_in_new_session())
    try:
        AUTOGROUP_FILE.write_text(str(LOWEST_PRIORITY))
    except OSError as problem:
        warnings.warn(
            f"the session keeps its priority, and nice alone may have no effect: {problem}",
            RuntimeWarning,
            stacklevel=2,
        )


def rerun_in_new_session() -> int:
    """Run the same command in a new session, and return its exit status.

    The command stops when this process is stopped, and ends when this process is killed.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    command = subprocess.Popen(
        [sys.executable, *sys.orig_argv[1:]],
        stdin=subprocess.PIPE,
        env=os.environ | {CHILD_VARIABLE: "1"},
        start_new_session=True,
    )
    try:
        return command.wait()
    finally:  # Ctrl-C reaches only the terminal's session
        command.terminate()


def exit_with_parent() -> None:
    """End this process when its standard input, a pipe from its parent, is closed.

    The system closes the pipe even if the parent is killed.
    """

    def wait_for_parent() -> None:
        while os.read(0, 1024):  # sys.stdin has a lock, for which Python waits when it ends
            pass
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
