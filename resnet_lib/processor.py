"""The processor: its cores and memory, its priority, and what TensorFlow loads and uses on it.

This module imports neither Keras nor TensorFlow, because it must run before them.
"""

import os
import platform
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path

ONEDNN_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow reads it once, when it is imported
JAX_IMPORTERS = ("tensorflow.lite.python.util", "keras.src.callbacks.orbax_checkpoint")
LOWEST_PRIORITY = 19  # of the priorities that `nice` knows
AUTOGROUP_FILE = Path("/proc/self/autogroup")
CHILD_VARIABLE = "RESNET_LIB_FOLLOWS"  # set for a process that ends with the one that started it


# ---------------------------------------------------------------- oneDNN


def enable_onednn():
    """Make TensorFlow use oneDNN on an x86-64 processor, unless the user has set `ONEDNN_VARIABLE`.

    By default TensorFlow uses it only on some newer processors, such as those with AVX512-VNNI. On
    a processor limited to AVX2, a training step takes about half the time with oneDNN (README, "How
    fast it is"). Other processors keep TensorFlow's default, because nobody has measured them here.
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


def is_onednn_enabled():
    """Whether the imported TensorFlow uses oneDNN; None if that is not known."""
    try:  # TensorFlow has no public function for it
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:
        return None
    return bool(_pywrap_util_port.IsMklEnabled())


# ---------------------------------------------------------------- JAX


class JaxHider:
    """An import hook that hides JAX from `JAX_IMPORTERS`, which do without if it is missing.

    TensorFlow and Keras import these modules, and they import JAX if it is installed: for a
    converter and a callback that nothing here uses, in a second and 100 MB. With JAX as its
    backend, Keras has imported JAX before. Others can import it.
    """

    def find_spec(self, name, path=None, target=None):
        if name != "jax":
            return
        frame = sys._getframe(1)
        while frame and frame.f_globals.get("__name__", "").startswith("importlib"):
            frame = frame.f_back
        if frame and frame.f_globals.get("__name__") in JAX_IMPORTERS:
            raise ModuleNotFoundError("JAX is hidden from this module", name=name)


def hide_jax():
    """Let TensorFlow and Keras leave JAX alone, as `JaxHider` says, if they are not imported."""
    sys.meta_path.insert(0, JaxHider())


# ---------------------------------------------------------------- cores and memory


def usable_cores():
    """The numbers of the processor cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def bind_to_cores(cores):
    """Bind this process to these cores; TensorFlow and JAX then start one thread for each.

    Has no effect on systems without `sched_setaffinity` (macOS, Windows).
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def read_memory():
    """`(free, whole)`, in bytes, of the machine or of a smaller container; None outside Linux."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        sizes = {line.split(":")[0]: 1024 * int(line.split()[1]) for line in lines}
        whole, free = sizes["MemTotal"], sizes["MemAvailable"]
    except (OSError, KeyError, ValueError, IndexError):
        return None
    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        used = int(Path("/sys/fs/cgroup/memory.current").read_text())
    except (OSError, ValueError):  # "max": no limit
        limit = used = 0
    if 0 < limit < whole:
        whole, free = limit, min(free, limit - used)
    return free, whole


# ---------------------------------------------------------------- priority


def lower_priority():
    """Give this process, and those it starts, the lowest priority on this machine.

    Linux shares the processor between terminal sessions first, and within a session by `nice`. The
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


def rerun_in_new_session():
    """Run the same command in a new session, and return its exit status.

    It is stopped when this process is stopped, and ends when this process is killed.
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


def exit_with_parent():
    """End this process when its standard input, a pipe from its parent, is closed.

    The system closes the pipe in any case, even if the parent is killed.
    """

    def wait_for_parent():
        while os.read(0, 1024):  # unlike sys.stdin, this takes no lock that Python's end waits for
            pass
        os._exit(1)

    threading.Thread(target=wait_for_parent, daemon=True).start()
