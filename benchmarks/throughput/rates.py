"""Select the rows of a throughput section, and compare the rates of two contestants."""

import statistics
from itertools import product

from benchmarks.result_files import ROW_DEFAULTS

TASKS = ("training", "inference")
LAYOUTS = ("one process", "side by side")
VIEWS = tuple(product(TASKS, LAYOUTS))
BASELINE = "torch-eager"  # the contestant to which the ratios in the results are


def select_rows(rows, task, layout):
    """Select the rows of one task in one layout."""
    view = {"task": task, "layout": layout}
    return [row for row in rows if (ROW_DEFAULTS | row).items() >= view.items()]


def compute_ratio(rows, name, peer):
    """Compute how many times as fast `name` is as `peer`: the median of the ratios in each round.

    The ratio is None unless both have been measured.
    """
    rounds = {row["name"]: row["rounds"] for row in rows if "error" not in row}
    if name not in rounds or peer not in rounds:
        return None
    pairs = zip(rounds[name], rounds[peer], strict=True)
    return round(statistics.median(rate / peer_rate for rate, peer_rate in pairs), 2)
