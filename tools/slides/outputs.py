"""What a cell has put out, for a slide."""

from html import escape

UNSHOWN = {"remove-output", "remove-cell", "check", "exercise"}


def outputs(cell, picture):
    """`(kind, html, lines)` of each output; words that follow upon words are one.

    `kind` is "words", "html", "figure" or "widget", `lines` about as many as it takes.
    `picture(png, alt)` keeps a figure, in base64, and gives its HTML.
    """
    if UNSHOWN & set(cell["metadata"].get("tags", [])):
        return
    words = ""
    for output in [*cell["outputs"], None]:
        if output and output["output_type"] == "stream" and output["name"] == "stdout":
            words += output["text"]
            continue
        if words.strip():
            yield "words", said(words), words.count("\n")
            words = ""
        if output and "data" in output:
            yield shown(output["data"], cell, picture)


def said(words):
    return f'<pre class="said">{escape(words.rstrip())}</pre>'


def shown(data, cell, picture):
    if "text/html" in data:
        html = data["text/html"]
        kind = "widget" if "data-rl-module=" in html else "html"
        return kind, html, 2 + html.count("<tr")
    if "image/png" in data:
        alt = cell["metadata"].get("mystnb", {}).get("image", {}).get("alt", "")
        return "figure", picture(data["image/png"], alt), 0
    return "words", said(data["text/plain"]), 2
