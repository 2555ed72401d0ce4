"""Check the limits of time and memory for one depth."""

import sys
from pathlib import Path

from benchmarks import depth


def run_limited(code, seconds=600, gib=8):
    return depth.run_limited([sys.executable, "-c", code], "jax", seconds, gib)


def test_a_depth_that_is_too_slow_or_too_large_is_recorded_as_such():
    assert run_limited("print('hello'); print('{\"depth\": 20}')") == {"depth": 20}
    slow = run_limited("import time; time.sleep(3600)", seconds=0.3)
    assert slow == {"error": "not done in 0.3 s"}
    assert run_limited("raise MemoryError('all gone')") == {"error": "MemoryError: all gone"}
    if Path("/proc/self/status").exists():  # Linux says there how much memory a process has
        large = run_limited("import time; x = bytearray(b'1' * 2**28); time.sleep(3600)", gib=0.1)
        assert large == {"error": "took more than 0.1 GiB of memory"}
