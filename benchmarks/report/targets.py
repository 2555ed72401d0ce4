"""Judge from the results files whether the targets of the measurements are reached.

A result that was measured beside other work reaches no target: a peer may suffer more from it.
"""

import statistics
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from benchmarks.machine import BACKEND_LABELS, is_busy
from benchmarks.result_files import format_machine
from benchmarks.throughput.rates import VIEWS, compute_ratio, select_rows

PYTORCH_FORMS = ("torch-eager", "torch-channels-last", "torch-compile")
PAPER_ACCURACY = 91.25  # per cent; He et al. 2015, table 6
MAX_TRAINING_SECONDS = 120
MAX_KERNEL_MIB = 1000  # of a chapter
MAX_PAGE_KILOBYTES = {"text": 600, "widget": 1200}  # compressed


class Target(NamedTuple):
    """A target for machines of one kind."""

    gpu: bool
    section: str
    text: str
    judge: Callable  # takes the rows; returns `(reached, figure)`, or `(None, why not measured)`


def judge_speed(rows, name, peers, least, task="training", layout="one process"):
    """Require that `name` is at least `least` times as fast as the fastest of `peers`.

    All peers must be there, because a missing peer might be the fastest.
    """
    views = {row["name"]: row for row in select_rows(rows, task, layout)}
    missing = [one for one in (name, *peers) if "error" in views.get(one, {"error": ""})]
    if len(missing) > len(peers):
        return None, "not measured"
    if missing:
        return None, f"not measured: {', '.join(missing)} missing or failed"
    best = max(peers, key=lambda peer: views[peer]["images_per_second"])
    ratio = compute_ratio(views.values(), name, best)
    return ratio >= least, f"{ratio:.2f}×" + (f" {views[best]['label']}" if peers[1:] else "")


def judge_rate(rows, least):
    """Require that this library trains `least` images per second, in any form at batch 128."""
    candidates = [
        row
        for row in select_rows(rows, "training", "one process")
        if row["name"].startswith("engine") and row["batch_size"] == 128 and "error" not in row
    ]
    if not candidates:
        return None, "not measured"
    best = max(candidates, key=lambda row: row["images_per_second"])
    rate = best["images_per_second"]
    return rate >= least, f"{rate:,.0f}: {best['label']}"


def judge_accuracy(rows, least, max_seconds):
    """Require a median accuracy of `least` over the seeds, in fewer than `max_seconds` each.

    The fewest epochs that reach it are reported.
    """
    for epochs in sorted({row["epochs"] for row in rows}):
        group = [row for row in rows if row["epochs"] == epochs]
        # A training run that failed counts as one that learned nothing.
        accuracy = statistics.median(row.get("accuracy", 0.0) for row in group)
        seconds = max(row["seconds"] for row in group)
        figure = f"{accuracy:.2f} % in {seconds:.0f} s, {format_recipe(epochs)}, {len(group)} seeds"
        if accuracy >= least and seconds < max_seconds:
            return True, figure
    return False, figure


def judge_page_size(rows, kind, limit):
    """Require that each page of this kind has less than `limit` kB."""
    pages = [row for row in rows if row["kind"] == kind]
    largest = max(pages, key=lambda row: row["kilobytes"])
    figure = f"{largest['kilobytes']:,} kB: {largest['page'].removeprefix('book/')}"
    return largest["kilobytes"] < limit, figure


def judge_memory(rows, limit):
    """Require that the kernel of each chapter needs less than `limit` MiB."""
    if failed := [row["chapter"] for row in rows if "error" in row]:
        return None, f"not measured: {', '.join(failed)} failed"
    largest = max(rows, key=lambda row: row["kernel_mib"])
    return largest["kernel_mib"] < limit, f"{largest['kernel_mib']:,} MiB: {largest['chapter']}"


def judge_page_speed(rows, device, least):
    """Require a performance score of at least `least` for each page that was scored."""
    scored = [row for row in rows if row[device]]
    if not scored:
        return None, "not measured"
    slowest = min(scored, key=lambda row: row[device]["performance"])
    score = slowest[device]["performance"]
    return score >= least, f"{score}: {slowest['page'].removeprefix('book/')}"


def format_recipe(epochs):
    return f'"quick" with {epochs} epochs'


def make_cpu_speed_targets():
    for task, layout in VIEWS:
        for peers, least, label in (
            (PYTORCH_FORMS[:1], 1.15, "PyTorch, eager"),
            (PYTORCH_FORMS, 1.0, "PyTorch's best setting"),
        ):
            text = f"{task}, {layout}: TensorFlow at least {least}× {label}"
            view = {"task": task, "layout": layout}
            yield Target(
                False,
                "throughput",
                text,
                partial(judge_speed, name="engine-tensorflow", peers=peers, least=least, **view),
            )


def make_gpu_speed_targets():
    for peer, least, label in (
        ("torch-eager", 5.0, "PyTorch, eager, with its loader"),
        ("torch-compile", 1.5, "PyTorch, torch.compile"),
    ):
        for backend, name in BACKEND_LABELS.items():
            judge = partial(judge_speed, name=f"engine-{backend}", peers=(peer,), least=least)
            yield Target(True, "throughput", f"{name} at least {least}× {label}", judge)


TARGETS = (
    *make_cpu_speed_targets(),
    *make_gpu_speed_targets(),
    Target(
        True,
        "throughput",
        "at least 60,000 images/s, batch 128",
        partial(judge_rate, least=60_000),
    ),
    Target(
        True,
        "accuracy",
        f"at least {PAPER_ACCURACY} % of test images in less than {MAX_TRAINING_SECONDS} s",
        partial(judge_accuracy, least=PAPER_ACCURACY, max_seconds=MAX_TRAINING_SECONDS),
    ),
    Target(
        False,
        "memory",
        f"a chapter less than {MAX_KERNEL_MIB:,} MiB of memory",
        partial(judge_memory, limit=MAX_KERNEL_MIB),
    ),
    *(
        Target(
            False,
            "site",
            f"a {kind} page less than {limit:,} kB",
            partial(judge_page_size, kind=kind, limit=limit),
        )
        for kind, limit in MAX_PAGE_KILOBYTES.items()
    ),
    Target(
        False,
        "site",
        "Lighthouse, desk: speed at least 90",
        partial(judge_page_speed, device="desk", least=90),
    ),
    Target(
        False,
        "site",
        "Lighthouse, slow phone: speed at least 70",
        partial(judge_page_speed, device="phone", least=70),
    ),
)
NOT_MEASURED = ("", "not measured")  # a verdict that the tables leave out


def make_target_rows(records):
    """Yield a row for each target and each machine of its kind that has measured it."""
    for target in TARGETS:
        verdicts = [
            (format_machine(record["machine"]), judge_section(record[target.section], target))
            for record in records
            if record["machine"]["gpu"] == target.gpu and target.section in record
        ]
        verdicts = [one for one in verdicts if one[1] != NOT_MEASURED]
        for machine, verdict in verdicts:
            kind = "GPU" if target.gpu else "CPU"
            where = f"{kind} ({machine})" if verdicts[1:] else kind
            yield f"{where}: {target.text}", *verdict


def judge_section(section, target):
    """Return `(figure, reached or not)` for one target on one machine."""
    reached, text = target.judge(section["rows"]) if section["rows"] else (None, "")
    if reached is None:
        return "", text or NOT_MEASURED[1]
    if is_busy(section["busy_before"]):
        return text, "does not count: measured beside other work"
    return text, "reached" if reached else "**not reached**"
