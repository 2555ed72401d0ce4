"""Write how long a chapter takes under its first paragraph, counted and measured.

No maintained extension counts code, formulas and folded cells apart, or knows the running time.

- Reading: the words, exercises and solutions among them, at 175 a minute. In silence adults read
  238 words of English non-fiction a minute, most of them 175 to 300 (Brysbaert 2019, "How many
  words do we read per minute?", Journal of Memory and Language 109). A text with formulas is read
  at the slow end of that. For code there is no such source: a line counts 5 seconds here, and a
  displayed equation as much as a line. Folded code and the outputs of cells are not counted. The
  time that a reader spends with a widget or an exercise is not counted either.
- Running on a CPU: the time of all cells in the build that made the page. Each chapter has one core
  there (`notebooks/execution.py`).
- Running on a GPU: the newest record of `make bench SECTIONS=chapters` on a machine with one.

A chapter is a page whose first paragraph begins with "What you will see".
"""

import math
import re
import sys
from pathlib import Path

from docutils import nodes

sys.path.append(str(Path(__file__).parents[3]))  # of benchmarks

from benchmarks.machine import find_cpu_name
from benchmarks.result_files import load_records

WORDS_A_MINUTE = 175
LINES_A_MINUTE = 12
NOT_COUNTED = {
    "cell_output",
    "tag_hide-input",
    "tag_hide-cell",
    "tag_remove-input",
    "tag_remove-cell",
}
NOT_WORDS = (nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


def count_words_and_lines(doctree):
    """Count `(words, lines)` of a page: words of text, lines of code and displayed equations."""
    words = lines = 0
    waiting = [doctree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Text):
            words += len(re.findall(r"\w[\w'’-]*", node))
        elif isinstance(node, nodes.math):
            words += 1
        elif isinstance(node, nodes.math_block):
            lines += 1
        elif NOT_COUNTED.isdisjoint(node.get("classes", [])):
            if isinstance(node, nodes.literal_block):
                lines += sum(bool(line.strip()) for line in node.astext().splitlines())
            if not isinstance(node, NOT_WORDS):
                waiting += node.children
    return words, lines


def estimate_reading_minutes(doctree):
    words, lines = count_words_and_lines(doctree)
    return max(1, math.ceil(words / WORDS_A_MINUTE + lines / LINES_A_MINUTE))


def find_summary(doctree):
    """Return the first paragraph of a chapter, or None on a page that is no chapter."""
    paragraph = next(doctree.findall(nodes.paragraph), None)
    seen = paragraph is not None and paragraph.astext().startswith("What you will see")
    return paragraph if seen else None


def format_seconds(seconds):
    """Format seconds: 48.3 → "48 s", 80 → "1 min 20 s"."""
    minutes, left = divmod(max(1, round(seconds)), 60)
    return " ".join([f"{minutes} min"] * bool(minutes) + [f"{left} s"] * bool(left))


def format_times(app, docname):
    """Return the line with the times of a chapter, or None for another page."""
    doctree = app.env.get_doctree(docname)
    if find_summary(doctree) is None:
        return None
    parts = [f"Reading {estimate_reading_minutes(doctree)} min"]
    seconds = app.env.nb_metadata.get(docname, {}).get("exec_data", {}).get("runtime")
    if seconds is not None:
        parts.append(f"all cells {format_seconds(seconds)} on one core ({app.config.chapters_cpu})")
        if gpu := app.config.chapters_gpu.get(docname.rpartition("/")[2]):
            parts.append(f"on a GPU: {gpu}")
    return " · ".join(parts)


def find_gpu_times(records):
    """Return `{chapter: "20 s (NVIDIA H100, 16 cores)"}` from the newest record of each chapter."""
    with_gpu = [one for one in records if one["machine"]["gpu"] and "chapters" in one]
    found = {}
    for record in sorted(with_gpu, key=lambda one: one["chapters"]["date"]):
        for row in record["chapters"]["rows"]:
            if "error" not in row:
                name = record["machine"]["name"]
                found[row["chapter"]] = f"{format_seconds(row['seconds'])} ({name})"
    return found


def set_machines(app, config):
    config.chapters_cpu = find_cpu_name()
    config.chapters_gpu = find_gpu_times(load_records())


def add_times(app, doctree, docname):
    if (line := format_times(app, docname)) is None:
        return
    paragraph = find_summary(doctree)
    paragraph.parent.insert(
        paragraph.parent.index(paragraph) + 1, nodes.paragraph(text=line, classes=["rl-minutes"])
    )


def setup(app):
    # A page is written again when its machine or a record is another one.
    app.add_config_value("chapters_cpu", "", "html")
    app.add_config_value("chapters_gpu", {}, "html")
    app.connect("config-inited", set_machines)
    app.connect("doctree-resolved", add_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
