"""The processor: which cores this process may use, and whether TensorFlow uses oneDNN on it.

This module does not import Keras or TensorFlow: it must run before them.
"""

import os


def usable_cores():
    """The numbers of the processor cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
