"""Tables in Markdown."""


def table(heads, rows, align=""):
    """Markdown; the first column stands left, and figures right where `align` says nothing."""
    marks = (align or ":").ljust(len(heads), "-")
    rule = [":--" if mark == ":" else "--:" for mark in marks[: len(heads)]]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def failure(row):
    return f"failed: {row['error']}" if "error" in row else ""
