"""Wait for a condition in a test, because a fixed time would depend on the machine."""

import time


def wait_until(condition, seconds=120):
    """Return as soon as `condition()` is true. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not come to this in {seconds} s"
        time.sleep(0.02)
