"""Format the throughput section as a table for each machine and a table that compares CPUs."""

from itertools import chain

from benchmarks.machine import format_processor
from benchmarks.report.markdown import format_error, format_table
from benchmarks.report.targets import PYTORCH_FORMS
from benchmarks.throughput.rates import LAYOUTS, VIEWS, select_rows

COMPARED = ("engine-tensorflow", "engine-jax", *PYTORCH_FORMS, "article-128")  # between processors


def format_throughput(section):
    """Format a line for each contestant: rate and ratio in each task and layout."""
    rows = section["rows"]
    lines = []
    for name, one in {row["name"]: row for row in rows}.items():
        cells = [format_rate(find_row(rows, name, *view)) for view in VIEWS]
        first = find_row(rows, name, "training", "one process").get("seconds_to_first_step", "")
        lines.append((one["label"], one["batch_size"], *chain(*cells), first))
    heads = [(f"{task}, {layout}", "× eager") for task, layout in VIEWS]
    heads = ("contestant", "batch", *chain(*heads), "s to first step")
    return f"{describe_measurement(rows)}\n\n{format_table(heads, lines)}"


def describe_measurement(rows):
    versions = [row["versions"].get("torch") for row in rows if "error" not in row]
    peer = " ".join(["PyTorch", *list(filter(None, versions))[:1]])
    return (
        f"ResNet-20 on CIFAR-10, images/s. × eager: the rate divided by that of {peer} in eager "
        "mode in the same round; the median over the rounds. One process uses all cores. Side by "
        "side, each core has a process of its own, and the rates are added. The batch is that of "
        "training; inference has batches of 500 images."
    )


def format_rate(row):
    if "error" in row:
        return format_error(row), ""
    if not row:
        return "–", ""
    ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}×"
    return f"{row['images_per_second']:,.0f}", ratio


def find_row(rows, name, task, layout):
    """Return the row of one contestant in one task and layout, or an empty one."""
    return next((row for row in select_rows(rows, task, layout) if row["name"] == name), {})


def format_processors(records):
    """Return the Markdown that compares training on all CPUs; empty unless there are two."""
    measured = [one for one in records if "throughput" in one and not one["machine"]["gpu"]]
    if len(measured) < 2:
        return []
    labels = {row["name"]: row["label"] for one in measured for row in one["throughput"]["rows"]}
    heads = [
        f"{format_processor(one['machine'])}: {layout}" for one in measured for layout in LAYOUTS
    ]
    lines = []
    for name in filter(labels.get, COMPARED):
        cells = [
            format_rate(find_row(one["throughput"]["rows"], name, "training", layout))
            for one in measured
            for layout in LAYOUTS
        ]
        lines.append((labels[name], *(f"{rate} ({x})" if x else rate for rate, x in cells)))
    lead = (
        "Training of ResNet-20 with batches of 128, images/s. In brackets: the rate divided by "
        "that of PyTorch in eager mode in the same round; the median over the rounds."
    )
    return ["### Processors compared", lead, format_table(("contestant", *heads), lines)]
