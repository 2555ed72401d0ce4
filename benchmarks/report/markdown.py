"""Format tables in Markdown."""


def format_table(heads, rows, align=""):
    """Format a table. `align` has ":" for each column on the left; its default is the first."""
    marks = (align or ":").ljust(len(heads), "-")
    rule = [":--" if mark == ":" else "--:" for mark in marks[: len(heads)]]
    lines = [heads, rule, *rows]
    return "\n".join("| " + " | ".join(map(format_cell, line)) + " |" for line in lines)


def format_cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def format_error(row):
    return f"failed: {row['error']}" if "error" in row else ""
