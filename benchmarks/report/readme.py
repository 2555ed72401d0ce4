"""Write the results files as tables into README.md, between its two marks.

    python -m benchmarks.report [--results FOLDER] [--print]

Do not edit these tables by hand.
"""

from benchmarks import ROOT
from benchmarks.machine import BACKEND_LABELS, is_busy
from benchmarks.options import create_parser
from benchmarks.report.markdown import format_table
from benchmarks.report.section_tables import SECTIONS
from benchmarks.report.targets import make_target_rows
from benchmarks.report.throughput_tables import format_processors
from benchmarks.result_files import format_machine, load_records

README = ROOT / "README.md"
BEGIN, END = "<!-- benchmarks -->", "<!-- /benchmarks -->"


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--print", action="store_true", help="and leave README.md as it is")
    options = parser.parse_args()
    records = load_records(options.results)
    if not records:
        parser.error(f"there are no results in {options.results}; make them: make bench")
    text = format_records(records)
    if options.print:
        print(text)
    else:
        README.write_text(
            replace_tables(text, README.read_text(encoding="utf-8")), encoding="utf-8"
        )
        print(f"written: the tables in {README.name}")


def replace_tables(text, page):
    """Return `page` with `text` between its marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def format_records(records):
    """Format the targets, the comparison of processors, then the sections of each machine."""
    parts = [format_table(("target", "measured", "result"), make_target_rows(records), ":::")]
    parts += format_processors(records)
    for record in records:
        parts.append(f"### {format_machine(record['machine'])}")
        parts += [
            format_section(record[name])
            for name, format_section in SECTIONS.items()
            if has_rows(record, name)
        ]
        parts.append(format_provenance(record))
    return "\n\n".join(parts)


def has_rows(record, section):
    return bool(record.get(section, {}).get("rows"))


def format_provenance(record):
    """Say when, at which commit and with which versions each section was measured.

    Sections that agree share a line. A line says if other work took part of the machine.
    """
    names = {"python": "Python", "keras": "Keras"} | BACKEND_LABELS
    sections = {}
    for name in SECTIONS:
        if has_rows(record, name):
            section = record[name]
            versions = [f"{names[key]} {section['versions'].get(key, '–')}" for key in names]
            text = f"{section['date']}, commit {section['commit'] or 'unknown'}, "
            text += ", ".join(versions)
            if is_busy(section["busy_before"]):
                text += ", **beside other work that took part of the machine**"
            sections.setdefault(text, []).append(name)
    return "\n\n".join(
        f"Measured: {text}" + (f" ({', '.join(names)})." if len(sections) > 1 else ".")
        for text, names in sections.items()
    )
