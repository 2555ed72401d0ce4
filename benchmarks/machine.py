"""Describe the machine of a measurement: its name, processor, backends, and other work on it."""

import json
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from benchmarks.child_process import run_python
from benchmarks.result_files import LIMITED_TO, MACHINE_DEFAULTS

BACKEND_LABELS = {"tensorflow": "TensorFlow", "jax": "JAX"}
MAX_BUSY_SHARE = 0.15  # of the cores' time, for other programs
BACKEND_QUERY = """
import json
from resnet_lib.runs import machine
print(json.dumps([machine.has_gpu(), machine.device_name(), machine.source_commit(),
                  machine.backend_versions()]))
"""


class Probe(NamedTuple):
    """The facts of a measurement that are known before it begins."""

    machine: dict  # see `result_files.MACHINE_FIELDS`
    header: dict  # the fields of a section without its rows
    backend: str  # for sections that measure one backend alone


def probe_machine():
    """Describe this machine, and choose a backend.

    The backend is the environment's `KERAS_BACKEND`, or TensorFlow. If only the other one sees the
    GPU, the other one is chosen.
    """
    busy = measure_busy_share()
    preferred = os.environ.get("KERAS_BACKEND")
    backends = sorted(BACKEND_LABELS, key=lambda name: name != preferred)
    answers = {backend: answer for backend in backends if (answer := query_backend(backend))}
    if not answers:
        raise SystemExit("neither TensorFlow nor JAX starts here; try: make bench")
    backend = max(answers, key=lambda name: answers[name][0])
    gpu, device, commit, versions = answers[backend]
    for *_, other_versions in answers.values():
        versions = other_versions | versions
    cores = os.cpu_count()
    machine = {
        "name": f"{device}, {cores} cores" if gpu else device,
        "gpu": gpu,
        "cpu": find_cpu_name(),
        "cores": cores,
        "instructions": find_vector_instructions(),
    }
    if is_busy(busy):
        print(f"note: other work takes {busy:.0%} of this machine; the figures will suffer from it")
    header = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit,
        "busy_before": busy,
        "versions": versions,
    }
    return Probe(machine, header, backend)


def query_backend(backend):
    """Return `[has GPU, device, commit, versions]`, or None if the backend does not start.

    The query has a process of its own, because TensorFlow reserves the GPU until it ends.
    """
    child = run_python(["-c", BACKEND_QUERY], backend)
    return None if child.returncode else json.loads(child.stdout.splitlines()[-1])


def measure_busy_share(seconds=2):
    """Measure the share of the cores' time that is in use, 0 to 1; None if the system has none."""

    def read_times():
        fields = list(map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]))
        return sum(fields), fields[3] + fields[4]  # all; idle or waiting for a disk

    try:
        before = read_times()
        time.sleep(seconds)
        total, idle = (end - start for end, start in zip(read_times(), before, strict=True))
        return round(1 - idle / total, 2)
    except OSError:
        return None


def is_busy(share):
    return share is not None and share > MAX_BUSY_SHARE


def find_cpu_name():
    """Return the name of the processor's model without trademark signs."""
    name = platform.processor() or platform.machine()
    try:
        name = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):  # another system than Linux, or a processor without a name
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            name = subprocess.run(command, capture_output=True, text=True).stdout or name
    return " ".join(re.sub(r"\((R|TM)\)", "", name).split())


def find_vector_instructions():
    """Return "AVX2", "AVX512" or "AVX512 with VNNI"; None if the system does not say."""
    try:
        flags = re.search(r"^flags\s*:(.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1]
    except (OSError, TypeError):  # another system than Linux, or another processor than x86
        return None
    names = {"avx512_vnni": "AVX512 with VNNI", "avx512f": "AVX512", "avx2": "AVX2"}
    return next((name for flag, name in names.items() if flag in flags.split()), None)


def format_processor(machine):
    """Format what differs between two CPUs: "AMD EPYC, 2 cores, AVX512 with VNNI"."""
    _, limited, limit = machine["name"].partition(LIMITED_TO)
    instructions = (limited + limit) or (MACHINE_DEFAULTS | machine)["instructions"]
    return ", ".join(filter(None, [machine["cpu"], f"{machine['cores']} cores", instructions]))
