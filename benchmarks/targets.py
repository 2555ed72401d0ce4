"""The targets of the measurements, and whether the results files reach them.

What was measured beside other work reaches nothing: a peer may suffer more from it.
"""

import statistics

import results

PYTORCH = ("torch-eager", "torch-channels-last", "torch-compile")
PAPER_ACCURACY = 91.25  # per cent; He et al. 2015, table 6
MOST_SECONDS = 120
MOST_MIB = 1000  # of a chapter's kernel
MOST_KILOBYTES = {"text": 600, "widget": 1200}  # of a page over the wire


def faster(name, peers, least, task="training", layout="one process"):
    """`name` at least `least` times as fast as the fastest of `peers`, in one task and layout.

    All of them must be there: without one of the peers, the fastest of the others might not be the
    best setting.
    """

    def judge(rows):
        found = {row["name"]: row for row in results.select(rows, task, layout)}
        missing = [one for one in (name, *peers) if "error" in found.get(one, {"error": ""})]
        if len(missing) > len(peers):
            return None, "not measured"
        if missing:
            return None, f"not measured: {', '.join(missing)} missing or failed"
        best = max(peers, key=lambda peer: found[peer]["images_per_second"])
        times = results.ratio(found.values(), name, best)
        words = f"{times:.2f}×" + (f" {found[best]['label']}" if peers[1:] else "")
        return times >= least, words

    return judge


def fast(least):
    """One of this library's rows at batch 128 that trains at least `least` images a second."""

    def judge(rows):
        ours = [
            row
            for row in results.select(rows, "training", "one process")
            if row["name"].startswith("engine") and row["batch_size"] == 128 and "error" not in row
        ]
        if not ours:
            return None, "not measured"
        best = max(ours, key=lambda row: row["images_per_second"])
        rate, label = best["images_per_second"], best["label"]
        return rate >= least, f"{rate:,.0f}: {label}"

    return judge


def accurate(least, most_seconds):
    """The fewest epochs with a median accuracy of `least` over the seeds, none of them too slow."""

    def judge(rows):
        for epochs in sorted({row["epochs"] for row in rows}):
            group = [row for row in rows if row["epochs"] == epochs]
            # A training that failed counts as one that learned nothing.
            accuracy = statistics.median(row.get("accuracy", 0.0) for row in group)
            seconds = max(row["seconds"] for row in group)
            words = f"{accuracy:.2f} % in {seconds:.0f} s, {recipe(epochs)}, {len(group)} seeds"
            if accuracy >= least and seconds < most_seconds:
                return True, words
        return False, words

    return judge


def light(kind, most):
    """No page of this kind weighs more than `most` kB."""

    def judge(rows):
        heaviest = max(
            (row for row in rows if row["kind"] == kind), key=lambda row: row["kilobytes"]
        )
        words = f"{heaviest['kilobytes']:,} kB: {heaviest['page'].removeprefix('book/')}"
        return heaviest["kilobytes"] < most, words

    return judge


def lean(most):
    """No chapter's kernel needs `most` MiB or more, and every one of them was measured."""

    def judge(rows):
        if failed := [row["chapter"] for row in rows if "error" in row]:
            return None, f"not measured: {', '.join(failed)} failed"
        heaviest = max(rows, key=lambda row: row["kernel_mib"])
        words = f"{heaviest['kernel_mib']:,} MiB: {heaviest['chapter']}"
        return heaviest["kernel_mib"] < most, words

    return judge


def quick(form, least):
    """Every page that was scored has at least `least` for its speed."""

    def judge(rows):
        scored = [row for row in rows if row[form]]
        if not scored:
            return None, "not measured"
        slowest = min(scored, key=lambda row: row[form]["performance"])
        words = f"{slowest[form]['performance']}: {slowest['page'].removeprefix('book/')}"
        return slowest[form]["performance"] >= least, words

    return judge


def recipe(epochs):
    return f'"quick" with {epochs} epochs'


NOTHING = ("", "not measured")  # a verdict that the tables leave out

TARGETS = (  # GPU or CPU, section, in words, and what judges its rows: (reached, figure)
    *(
        (False, "throughput", f"{task}, {layout}: TensorFlow at least {least}× {words}",
         faster("engine-tensorflow", peers, least, task, layout))
        for task, layout in results.VIEWS
        for peers, least, words in (
            (PYTORCH[:1], 1.15, "PyTorch, eager"),
            (PYTORCH, 1.0, "PyTorch's best setting"),
        )
    ),
    *(
        (True, "throughput", f"{name} at least {least}× {words}",
         faster(f"engine-{backend}", (peer,), least))
        for peer, least, words in (
            ("torch-eager", 5.0, "PyTorch, eager, with its loader"),
            ("torch-compile", 1.5, "PyTorch, torch.compile"),
        )
        for backend, name in results.BACKENDS.items()
    ),
    (True, "throughput", "at least 60,000 images/s, batch 128", fast(60_000)),
    (True, "accuracy", f"at least {PAPER_ACCURACY} % of test images in less than {MOST_SECONDS} s",
     accurate(PAPER_ACCURACY, MOST_SECONDS)),
    (False, "memory", f"a chapter less than {MOST_MIB:,} MiB of memory", lean(MOST_MIB)),
    *(
        (False, "site", f"a {kind} page less than {most:,} kB", light(kind, most))
        for kind, most in MOST_KILOBYTES.items()
    ),
    (False, "site", "Lighthouse, desk: speed at least 90", quick("desk", 90)),
    (False, "site", "Lighthouse, slow phone: speed at least 70", quick("phone", 70)),
)  # fmt: skip


def target_rows(records):
    """A line for each target and each machine of its kind that has measured it."""
    for gpu, section, text, judge in TARGETS:
        verdicts = [
            (results.machine_name(record["machine"]), verdict(record[section], judge))
            for record in records
            if record["machine"]["gpu"] == gpu and section in record
        ]
        verdicts = [one for one in verdicts if one[1] != NOTHING]
        for machine, found in verdicts:
            where = ("GPU" if gpu else "CPU") + (f" ({machine})" if verdicts[1:] else "")
            yield f"{where}: {text}", *found


def verdict(section, judge):
    """`(figure, reached or not)` for one target on one machine."""
    reached, words = judge(section["rows"]) if section["rows"] else (None, "")
    if reached is None:
        return "", words or NOTHING[1]
    if results.is_busy(section["busy_before"]):
        return words, "does not count: measured beside other work"
    return words, "reached" if reached else "**not reached**"
