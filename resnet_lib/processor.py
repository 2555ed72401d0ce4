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

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"  # TensorFlow reads it once, when it is imported
IMPORTERS_OF_JAX = ("tensorflow.lite.python.util", "keras.src.callbacks.orbax_checkpoint")
LOWEST = 19  # of the priorities that `nice` knows
AUTOGROUP = Path("/proc/self/autogroup")
FOLLOWS = "RESNET_LIB_FOLLOWS"  # set for a process that ends with the one that started it


# ---------------------------------------------------------------- oneDNN


def turn_onednn_on():
    """Make TensorFlow use oneDNN on an x86-64 processor, unless the user has set `ONEDNN`.

    By default TensorFlow uses it only on some newer processors, such as those with AVX512-VNNI. On
    a processor limited to AVX2, a training step takes about half the time with oneDNN (README, "How
    fast it is"). Other processors keep TensorFlow's default, because nobody has measured them here.
    Warns if TensorFlow was imported before and does not use oneDNN.
    """
    if ONEDNN in os.environ or platform.machine().lower() not in ("x86_64", "amd64"):
        return
    if "tensorflow" not in sys.modules:
        os.environ[ONEDNN] = "1"
    elif tensorflow_uses_onednn() is False:
        warnings.warn(
            "TensorFlow was imported before resnet_lib and does not use oneDNN, so training takes "
            f"about twice as long. Restart, and import resnet_lib first or set {ONEDNN}=1",
            RuntimeWarning,
            stacklevel=3,
        )


def tensorflow_uses_onednn():
    """Whether the imported TensorFlow uses oneDNN; None if that is not known."""
    try:  # TensorFlow has no public function for it
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:
        return None
    return bool(_pywrap_util_port.IsMklEnabled())


# ---------------------------------------------------------------- JAX


class WithoutJax:
    """An import hook that hides JAX from `IMPORTERS_OF_JAX`, which do without if it is missing.

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
        if frame and frame.f_globals.get("__name__") in IMPORTERS_OF_JAX:
            raise ModuleNotFoundError("JAX is hidden from this module", name=name)


def hide_jax():
    """Let TensorFlow and Keras leave JAX alone, as `WithoutJax` says, if they are not imported."""
    sys.meta_path.insert(0, WithoutJax())


# ---------------------------------------------------------------- cores and memory


def usable_cores():
    """The numbers of the processor cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def run_on(cores):
    """Bind this process to these cores; TensorFlow and JAX then start one thread for each.

    Has no effect on systems without `sched_setaffinity` (macOS, Windows).
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)


def memory():
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


def lowest_priority():
    """Give this process, and those it starts, the lowest priority on this machine.

    Linux shares the processor between terminal sessions first, and within a session by `nice`. The
    session needs the lowest priority too. A process in a terminal shares its session. It therefore
    starts the same command in a new session, waits for it, and exits with its status.
    """
    if hasattr(os, "nice"):
        os.nice(LOWEST)
    if os.environ.pop(FOLLOWS, None):
        end_with_parent()
    if not AUTOGROUP.exists():
        return
    if os.getsid(0) != os.getpid():
        sys.exit(again_in_a_session_of_its_own())
    try:
        AUTOGROUP.write_text(str(LOWEST))
    except OSError as problem:
        warnings.warn(
            f"the session keeps its priority, and nice alone may have no effect: {problem}",
            RuntimeWarning,
            stacklevel=2,
        )


def again_in_a_session_of_its_own():
    """Run the same command in a new session, and return its exit status.

    It is stopped when this process is stopped, and ends when this process is killed.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: sys.exit(128 + number))
    command = subprocess.Popen(
        [sys.executable, *sys.orig_argv[1:]],
        stdin=subprocess.PIPE,
        env=os.environ | {FOLLOWS: "1"},
        start_new_session=True,
    )
    try:
        return command.wait()
    finally:  # Ctrl-C reaches only the terminal's session
        command.terminate()


def end_with_parent():
    """End this process when its standard input, a pipe from its parent, is closed.

    The system closes the pipe in any case, even if the parent is killed.
    """

    def wait_for_the_end():
        while os.read(0, 1024):  # unlike sys.stdin, this takes no lock that Python's end waits for
            pass
        os._exit(1)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
