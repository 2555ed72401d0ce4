"""Render the outputs of a notebook cell as HTML for slides."""

from html import escape

HIDDEN_OUTPUT_TAGS = {"remove-output", "remove-cell", "check", "exercise"}


def render_outputs(cell, save_picture):
    """Yield `(kind, html, lines)` of each output; adjacent printed texts are one output.

    `kind` is "text", "html", "figure" or "widget"; `lines` is an estimate of the height.
    `save_picture(png, alt)` stores a figure, in base64, and returns its HTML.
    """
    if HIDDEN_OUTPUT_TAGS & set(cell["metadata"].get("tags", [])):
        return
    printed = ""
    for output in [*cell["outputs"], None]:
        if output and output["output_type"] == "stream" and output["name"] == "stdout":
            printed += output["text"]
            continue
        if printed.strip():
            yield "text", render_text(printed), printed.count("\n")
            printed = ""
        if output and "data" in output:
            yield render_data(output["data"], cell, save_picture)


def render_text(text):
    return f'<pre class="said">{escape(text.rstrip())}</pre>'


def render_data(data, cell, save_picture):
    """Return `(kind, html, lines)` of the richest form of a displayed object."""
    if "text/html" in data:
        html = data["text/html"]
        kind = "widget" if "data-rl-module=" in html else "html"
        return kind, html, 2 + html.count("<tr")
    if "image/png" in data:
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        return "figure", save_picture(data["image/png"], alt), 0
    return "text", render_text(data["text/plain"]), 2
