"""Read how much memory the learners of a room use, and how much the machine has."""

import concurrent.futures
import re
from pathlib import Path

import accounts


def measure_peak_memory(users, jobs):
    """Return the peak MiB of all processes of these users until the `jobs` (futures) are done."""
    peak = measure_memory(users)
    while concurrent.futures.wait(jobs, timeout=1).not_done:
        peak = max(peak, measure_memory(users))
    return peak


def measure_memory(users):
    """Return the MiB of all processes of these users, who share the pages of libraries equally."""
    total = 0
    for pid in accounts.list_processes({user.pw_uid for user in users}):
        try:
            words = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:  # the process has ended
            continue
        total += int(re.search(r"^Pss:\s+(\d+) kB", words, re.MULTILINE)[1])
    return total / 1024


def read_free_memory():
    return read_mib("MemAvailable")


def read_total_memory():
    return read_mib("MemTotal")


def read_mib(name):
    """Read a line of Linux's table of the memory in MiB."""
    words = Path("/proc/meminfo").read_text()
    return int(re.search(rf"^{name}:\s+(\d+) kB", words, re.MULTILINE)[1]) // 1024
