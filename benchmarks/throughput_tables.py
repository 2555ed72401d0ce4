"""The tables of the section `throughput`: one for each machine, and one that compares CPUs."""

from itertools import chain

import results
from markdown_table import failure, table
from targets import PYTORCH

COMPARED = ("engine-tensorflow", "engine-jax", *PYTORCH, "article-128")  # between processors


def throughput(section):
    """A row for each contestant, and for each task and layout a rate and its ratio to the peer."""
    found = section["rows"]
    rows = []
    for name, one in {row["name"]: row for row in found}.items():
        cells = [rate_and_ratio(row_of(found, name, *view)) for view in results.VIEWS]
        first = row_of(found, name, "training", "one process").get("seconds_to_first_step", "")
        rows.append((one["label"], one["batch_size"], *chain(*cells), first))
    heads = [(f"{task}, {layout}", "× eager") for task, layout in results.VIEWS]
    heads = ("contestant", "batch", *chain(*heads), "s to first step")
    return f"{how_throughput_is_measured(found)}\n\n{table(heads, rows)}"


def how_throughput_is_measured(rows):
    versions = [row["versions"].get("torch") for row in rows if "error" not in row]
    peer = " ".join(["PyTorch", *list(filter(None, versions))[:1]])
    return (
        f"ResNet-20 on CIFAR-10, images/s. × eager: the rate divided by that of {peer} in eager "
        "mode in the same round; the median over the rounds. One process uses all cores. Side by "
        "side, each core has a process of its own, and the rates are added. The batch is that of "
        "training; inference has batches of 500 images."
    )


def rate_and_ratio(row):
    if "error" in row:
        return failure(row), ""
    if not row:
        return "–", ""
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}×"
    return f"{row['images_per_second']:,.0f}", ratio


def row_of(rows, name, task, layout):
    """The row of one contestant in one task and layout, or an empty one."""
    return next((row for row in results.select(rows, task, layout) if row["name"] == name), {})


def processors(records):
    """Training on every CPU in one table, where there are two or more to compare."""
    measured = [one for one in records if "throughput" in one and not one["machine"]["gpu"]]
    if len(measured) < 2:
        return []
    labels = {row["name"]: row["label"] for one in measured for row in one["throughput"]["rows"]}
    heads = [
        f"{results.processor(one['machine'])}: {layout}"
        for one in measured
        for layout in results.LAYOUTS
    ]
    rows = []
    for name in filter(labels.get, COMPARED):
        cells = [
            rate_and_ratio(row_of(one["throughput"]["rows"], name, "training", layout))
            for one in measured
            for layout in results.LAYOUTS
        ]
        rows.append((labels[name], *(f"{rate} ({x})" if x else rate for rate, x in cells)))
    lead = (
        "Training of ResNet-20 with batches of 128, images/s. In brackets: the rate divided by "
        "that of PyTorch in eager mode in the same round; the median over the rounds."
    )
    return ["### Processors compared", lead, table(("contestant", *heads), rows)]
