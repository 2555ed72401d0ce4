"""Make records of measurements that did not happen, for the tests of the benchmarks."""

import numpy as np

from benchmarks.result_files import SCHEMA


def make_record(gpu=False, **sections):
    """Make the record of a machine with these sections."""
    kind = "GPU" if gpu else "CPU"
    machine = {"name": f"a {kind}, 9 cores", "cpu": "a make", "cores": 9}
    machine["instructions"] = "AVX512"
    section = {"date": "2026-01-02", "commit": "abc", "busy_before": 0.0, "versions": {}}
    complete = {name: section | extra for name, extra in sections.items()}
    return {"schema": SCHEMA, "machine": machine | {"gpu": gpu}} | complete


def make_throughput_row(name, *rounds, view=("training", "one process")):
    """Make a row of the section `throughput` with these rates."""
    figures = {"parameters": 7, "device": "none", "versions": {}, "seconds_to_first_step": 3.0}
    figures |= {"images_per_second": float(np.median(rounds)), "rounds": list(rounds), "ratio": 1.0}
    where = dict(zip(("task", "layout"), view, strict=True))
    return {"name": name, "label": f"the {name}", "batch_size": 128} | where | figures


def make_page_row(name, kind, kilobytes, speed=None):
    """Make a row of the section `site`."""
    scores = speed and {"performance": speed, "accessibility": 100, "best-practices": 100}
    figures = {"page": name, "kind": kind, "kilobytes": kilobytes, "requests": 20}
    return figures | {"desk": scores, "phone": scores}
