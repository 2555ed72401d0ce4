"""Writes the results files into README.md, between its two marks. Nothing there is typed by hand.

    python benchmarks/table.py [--results FOLDER] [--print]

A machine that was busy with other work is said to have been.
"""

import functools
from pathlib import Path

import results
from markdown_table import failure, table
from memory import SPARE_MIB, learners
from targets import recipe, target_rows
from throughput_tables import processors, throughput

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--print", action="store_true", help="and leave README.md as it is")
    options = parser.parse_args()
    records = results.load_all(options.results)
    if not records:
        parser.error(f"there are no results in {options.results}; make them: make bench")
    text = tables(records)
    if options.print:
        print(text)
    else:
        README.write_text(put(text, README.read_text(encoding="utf-8")), encoding="utf-8")
        print(f"written: the tables in {README.name}")


def put(text, page):
    """`page` with `text` between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def tables(records):
    """Markdown: the targets, the processors side by side, then each machine's sections."""
    parts = [table(("target", "measured", "result"), target_rows(records), ":::")]
    parts += processors(records)
    for record in records:
        parts.append(f"### {results.machine_name(record['machine'])}")
        measured = {name: write for name, write in SECTIONS.items() if rows_in(record, name)}
        parts += [write(record[name]) for name, write in measured.items()]
        parts.append(origins(record))
    return "\n\n".join(parts)


def rows_in(record, name):
    return record.get(name, {}).get("rows")


def origins(record):
    """When each section was measured, at which commit, with what; said once where all agree."""
    names = {"python": "Python", "keras": "Keras"} | results.BACKENDS
    sections = {}
    for name in SECTIONS:
        if rows_in(record, name):
            section = record[name]
            versions = [f"{names[key]} {section['versions'].get(key, '–')}" for key in names]
            words = f"{section['date']}, commit {section['commit'] or 'unknown'}, "
            words += ", ".join(versions)
            if results.is_busy(section["busy_before"]):
                words += ", **beside other work that took part of the machine**"
            sections.setdefault(words, []).append(name)
    return "\n\n".join(
        f"Measured: {words}" + (f" ({', '.join(names)})." if len(sections) > 1 else ".")
        for words, names in sections.items()
    )


# ---------------------------------------------------------------- one table a section


def commands(section):
    rows = []
    for row in section["rows"]:
        figures = (failure(row), "")
        if "error" not in row:
            runs = " / ".join(f"{seconds // 60}:{seconds % 60:02}" for seconds in row["seconds"])
            figures = (runs, f"{row['peak_mib']:,}")
        typed, comma, condition = row["command"].partition(",")
        rows.append((f"`{typed}`{comma}{condition}", *figures))
    return table(("command", "minutes, of each run", "MiB of the largest process"), rows)


def accuracy(section):
    rows = [
        (recipe(row["epochs"]), row["seed"], failure(row) or row["accuracy"], row["seconds"])
        for row in section["rows"]
    ]
    return table((f"ResNet-20, {backend(section)}", "seed", "test accuracy, %", "s in all"), rows)


def depth(section):
    rows = []
    for row in section["rows"]:
        figures = (failure(row), "", "", "")
        if "error" not in row:
            step = row["seconds_per_step"]
            figures = (f"{step:.3g}", f"{1000 * step / row['depth']:.1f}")
            figures += (f"{row['memory_mib']:,}", row["seconds_to_first_step"])
        rows.append((row["depth"], *figures))
    first = f"depth (v1, batch {section['batch_size']}, {backend(section)})"
    heads = (first, "s a step", "ms a layer", "peak memory, MiB", "s to first step")
    return table(heads, rows)


def overhead(section):
    rows = [
        (
            ", ".join([backend(row), *([row["path"]] if "path" in row else [])]),
            failure(row) or f"{row['microseconds_per_step']:,.0f}",
        )
        for row in section["rows"]
    ]
    return table((f"a net of 40 weights, batch {section['batch_size']}", "µs a step"), rows)


def building(section):
    rows = [
        (row["net"], f"{row['parameters']:,}", row["seconds"], f"{row['ratio']:.2f}×")
        for row in section["rows"]
    ]
    first = f"to build, {backend(section)}"
    return table((first, "parameters", "s", "ratio to the article's time"), rows)


def chapters(section):
    rows = []
    for row in section["rows"]:
        without = row.get("seconds_without_onednn")
        ratio = f"{without / row['seconds']:.2f}×" if without else ""
        rows.append((row["chapter"], failure(row) or row["seconds"], without or "", ratio))
    heads = (f"all cells of a chapter, {backend(section)}", "s", "s without oneDNN", "ratio")
    return table(heads, rows)


def memory(section):
    fit = functools.partial(learners, gib=section["gib"], server=section["server_mib"])
    rows = []
    for row in section["rows"]:
        figures = (failure(row), "", "", "")
        if "error" not in row:
            sizes = (row[name] for name in ("kernel_mib", "peak_mib", "shared_mib"))
            figures = (*(f"{size:,}" for size in sizes), fit(row))
        rows.append((row["chapter"], *figures))
    first = f"memory of one learner, {backend(section)}"
    heads = (first, "kernel, MiB", "with its processes", "of it shared")
    said = (
        "These are peaks, with the processes that the kernel starts in the second column. Learners "
        "share the pages of libraries. The last column counts learners who are all at the peak at "
        f"the same time, with {section['server_mib']} MiB for the Jupyter server of each, and "
        f"{SPARE_MIB:,} MiB for the system."
    )
    return table((*heads, f"learners in {section['gib']} GiB"), rows) + "\n\n" + said


def room(section):
    rows = []
    for row in section["rows"]:
        figures = (failure(row), "", "", "", "")
        if "error" not in row:
            times = [" / ".join(f"{one:,}" for one in row[step]) for step in ROOM_STEPS]
            figures = (*times, f"{row['memory_mib']:,}", row["errors"])
        rows.append((row["chapter"], row["learners"], *figures))
    heads = ("a room", "learners at once", *ROOM_STEPS.values(), "MiB a learner", "errors")
    found = section["restart"]
    count = found["learners"]
    said = (
        "Times are the median and the 95th percentile over the learners. The hub was killed and "
        f"restarted while {count} kernels were running. It was unavailable for {found['seconds']} "
        f"s. During this time {found['while_down']} of {count} kernels answered. Afterwards "
        f"{found['connections']} connections still worked, {found['variables']} kernels had kept "
        f"their variables, and {found['files']} files were unchanged."
    )
    return table(heads, rows) + "\n\n" + said


def site(section):
    """The pages with scores first, and of the others the heaviest of each kind."""
    scored = [row for row in section["rows"] if row["desk"]]
    others = sorted(section["rows"], key=lambda row: row["kilobytes"])
    heaviest = list({row["kind"]: row for row in others}.values())
    shown = scored + [row for row in heaviest if row not in scored]
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
    return lead + "\n\n" + table((*heads, "phone", "best practices, desk", "phone"), rows, "::")


def backend(found):
    return results.BACKENDS[found["backend"]]


ROOM_STEPS = {"log_in": "s to log in", "server": "s to a server", "run": "s to run the chapter"}
SECTIONS = {
    "commands": commands,
    "throughput": throughput,
    "accuracy": accuracy,
    "depth": depth,
    "overhead": overhead,
    "building": building,
    "chapters": chapters,
    "memory": memory,
    "room": room,
    "site": site,
}


if __name__ == "__main__":
    main()
