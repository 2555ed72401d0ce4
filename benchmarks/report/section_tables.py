"""Format each section of a results file as a table in Markdown."""

from benchmarks.machine import BACKEND_LABELS
from benchmarks.report.markdown import format_error, format_table
from benchmarks.report.targets import format_recipe
from benchmarks.report.throughput_tables import format_throughput

RESERVED_MIB = 1024  # that a machine of learners keeps for itself
ROOM_STEPS = {"log_in": "s to log in", "server": "s to a server", "run": "s to run the chapter"}


def format_commands(section):
    rows = []
    for row in section["rows"]:
        figures = (format_error(row), "")
        if "error" not in row:
            runs = " / ".join(f"{seconds // 60}:{seconds % 60:02}" for seconds in row["seconds"])
            figures = (runs, f"{row['peak_mib']:,}")
        typed, comma, condition = row["command"].partition(",")
        rows.append((f"`{typed}`{comma}{condition}", *figures))
    return format_table(("command", "minutes, of each run", "MiB of the largest process"), rows)


def format_accuracy(section):
    rows = [
        (
            format_recipe(row["epochs"]),
            row["seed"],
            format_error(row) or row["accuracy"],
            row["seconds"],
        )
        for row in section["rows"]
    ]
    return format_table(
        (f"ResNet-20, {get_backend_label(section)}", "seed", "test accuracy, %", "s in all"), rows
    )


def format_depth(section):
    rows = []
    for row in section["rows"]:
        figures = (format_error(row), "", "", "")
        if "error" not in row:
            step = row["seconds_per_step"]
            figures = (f"{step:.3g}", f"{1000 * step / row['depth']:.1f}")
            figures += (f"{row['memory_mib']:,}", row["seconds_to_first_step"])
        rows.append((row["depth"], *figures))
    first = f"depth (v1, batch {section['batch_size']}, {get_backend_label(section)})"
    heads = (first, "s a step", "ms a layer", "peak memory, MiB", "s to first step")
    return format_table(heads, rows)


def format_overhead(section):
    rows = [
        (
            ", ".join([get_backend_label(row), *([row["path"]] if "path" in row else [])]),
            format_error(row) or f"{row['microseconds_per_step']:,.0f}",
        )
        for row in section["rows"]
    ]
    return format_table((f"a net of 40 weights, batch {section['batch_size']}", "µs a step"), rows)


def format_building(section):
    rows = [
        (row["net"], f"{row['parameters']:,}", row["seconds"], f"{row['ratio']:.2f}×")
        for row in section["rows"]
    ]
    first = f"to build, {get_backend_label(section)}"
    return format_table((first, "parameters", "s", "ratio to the article's time"), rows)


def format_chapters(section):
    rows = []
    for row in section["rows"]:
        without = row.get("seconds_without_onednn")
        ratio = f"{without / row['seconds']:.2f}×" if without else ""
        rows.append((row["chapter"], format_error(row) or row["seconds"], without or "", ratio))
    heads = (
        f"all cells of a chapter, {get_backend_label(section)}",
        "s",
        "s without oneDNN",
        "ratio",
    )
    return format_table(heads, rows)


def format_memory(section):
    rows = []
    for row in section["rows"]:
        figures = (format_error(row), "", "", "")
        if "error" not in row:
            sizes = (row[name] for name in ("kernel_mib", "peak_mib", "shared_mib"))
            figures = (*(f"{size:,}" for size in sizes), count_learners(row, section))
        rows.append((row["chapter"], *figures))
    first = f"memory of one learner, {get_backend_label(section)}"
    heads = (first, "kernel, MiB", "with its processes", "of it shared")
    note = (
        "These are peaks, with the processes that the kernel starts in the second column. Learners "
        "share the pages of libraries. The last column counts learners who are all at the peak at "
        f"the same time, with {section['server_mib']} MiB for the Jupyter server of each, and "
        f"{RESERVED_MIB:,} MiB for the system."
    )
    return format_table((*heads, f"learners in {section['gib']} GiB"), rows) + "\n\n" + note


def count_learners(row, section):
    """Count the learners that the section's memory holds if all are at the chapter's peak."""
    own = row["peak_mib"] - row["shared_mib"] + section["server_mib"]
    return int((1024 * section["gib"] - RESERVED_MIB - row["shared_mib"]) // own)


def format_room(section):
    rows = []
    for row in section["rows"]:
        figures = (format_error(row), "", "", "", "")
        if "error" not in row:
            times = [" / ".join(f"{one:,}" for one in row[step]) for step in ROOM_STEPS]
            figures = (*times, f"{row['memory_mib']:,}", row["errors"])
        rows.append((row["chapter"], row["learners"], *figures))
    heads = ("a room", "learners at once", *ROOM_STEPS.values(), "MiB a learner", "errors")
    restart = section["restart"]
    count = restart["learners"]
    note = (
        "Times are the median and the 95th percentile over the learners. The hub was killed and "
        f"restarted while {count} kernels were running. It was unavailable for "
        f"{restart['seconds']} s. During this time {restart['while_down']} of {count} kernels "
        f"answered. Afterwards {restart['connections']} connections still worked, "
        f"{restart['variables']} kernels had kept their variables, and "
        f"{restart['files']} files were unchanged."
    )
    return format_table(heads, rows) + "\n\n" + note


def format_site(section):
    """List the pages with scores first, then the largest of each kind of the others."""
    scored = [row for row in section["rows"] if row["desk"]]
    others = sorted(section["rows"], key=lambda row: row["kilobytes"])
    largest = list({row["kind"]: row for row in others}.values())
    shown = scored + [row for row in largest if row not in scored]
    rows = []
    for row in shown:
        figures = [
            row[form][category] if row[form] else ""
            for category in ("performance", "accessibility", "best-practices")
            for form in ("desk", "phone")
        ]
        page = row["page"].removeprefix("book/")
        rows.append((page, row["kind"], row["kilobytes"], row["requests"], *figures))
    version = section["versions"].get("lighthouse", "")
    lead = (
        f"All {len(section['rows'])} pages were loaded and scrolled to the end. The table shows "
        f"the pages that Lighthouse {version} scored, and the largest page of each kind. "
        "Lighthouse simulates a desktop computer and a slow phone."
    )
    heads = ("page", "kind", "kB", "requests", "speed, desk", "phone", "accessibility, desk")
    return (
        lead + "\n\n" + format_table((*heads, "phone", "best practices, desk", "phone"), rows, "::")
    )


def get_backend_label(values):
    return BACKEND_LABELS[values["backend"]]


SECTIONS = {
    "commands": format_commands,
    "throughput": format_throughput,
    "accuracy": format_accuracy,
    "depth": format_depth,
    "overhead": format_overhead,
    "building": format_building,
    "chapters": format_chapters,
    "memory": format_memory,
    "room": format_room,
    "site": format_site,
}
