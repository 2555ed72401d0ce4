"""Turn the cells of a chapter into slides by rules.

A slide shows one thing, and the speaker says the rest.

| part of a chapter | on the slides |
|---|---|
| `#` and the text below it | the title slide |
| `##`, `###` | a slide with that title; `##` begins a new column of slides |
| the first paragraph of a cell, or after a title | its leading sentences, 80 to 180 characters |
| a paragraph that begins in bold type | its leading sentences, added to the slide before |
| every other paragraph, and "Try this" | the notes, which also hold the whole of a cut paragraph |
| displayed mathematics, tables, code in the text | shown |
| lists | the leading sentences of each item, and the whole list in the notes |
| a prediction | a slide of its own; its answer is the next slide |
| an exercise | a slide of its own, with its stub, but no solution and no check |
| a code cell | up to 14 lines and the output below; a longer cell loses its imports |
| a code cell that the page folds, or that outputs a widget | the output alone |
| a figure, a widget | one a slide, large; a figure follows the sentence that introduces it |

An author overrides the rules with the standard metadata of a cell, `slideshow.slide_type`: "skip";
"notes"; "slide" or "subslide", which show the whole cell on a new slide; "fragment", which adds the
whole cell to the slide before, where it appears at the next key.
"""

from dataclasses import dataclass, field
from html import escape

from notebooks.plain_markdown import ADMONITIONS, split_options, to_plain_markdown
from slides.outputs import render_outputs
from slides.text import (
    MARKDOWN,
    extract_lead,
    highlight_code,
    split_blocks,
    split_list_items,
    strip_imports,
)

MAX_CODE_LINES = 14  # of a cell, readable from the last row
MAX_CALL_LINES = 3  # of a cell that only calls a function for a figure or a table
MAX_SLIDE_LINES = 17  # of text and code together
HIDDEN_SOURCE_TAGS = {"hide-cell", "hide-input", "remove-input", "remove-cell", "check"}
ANSWER_TAGS = {"hide-cell", "hide-output", "check"}  # of a cell after an exercise


@dataclass
class Slide:
    """Hold the HTML parts of a slide and of its speaker notes."""

    kind: str
    parts: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    lines: int = 0  # an estimate of the height
    section: str = ""


class Deck:
    """Hold the slides of one chapter: `columns` of `Slide`s, as reveal.js lays them out.

    `conversion` resolves links and stores pictures. `render_widget(class name, options)` returns
    the static HTML of a widget.
    """

    def __init__(self, cells, conversion, render_widget=None):
        self.conversion, self.render_widget = conversion, render_widget
        self.columns, self.title, self.section = [], "", ""
        self.after_exercise = False
        for cell in cells:
            self.add_cell(cell)

    # ---- slides and notes

    @property
    def slide(self):
        return self.columns[-1][-1]

    @property
    def has_title_alone(self):
        return self.slide.kind == "section" and len(self.slide.parts) == 1

    def add_slide(self, kind, html, lines=0, *, column=False):
        """Start a new slide, below the last one or, with `column`, beside it."""
        if column or not self.columns:
            self.columns.append([])
        above = "" if html.startswith("<h2>") else self.section
        self.columns[-1].append(Slide(kind, [html], lines=lines, section=above))

    def append(self, kind, html, lines, lines_below=0):
        """Add `html` to the current slide, or to a new one if it does not fit.

        It also fits on a slide that holds nothing but its title. `lines_below` reserves space for
        an output that follows.
        """
        is_open = self.slide.kind in ("section", "text", "code")
        fits = self.slide.lines + lines + lines_below <= MAX_SLIDE_LINES
        if is_open and (self.has_title_alone or fits):
            self.slide.parts.append(html)
            self.slide.lines += lines
            if kind == "code" or self.slide.kind != "section":
                self.slide.kind = kind
        else:
            self.add_slide(kind, html, lines)

    def add_note(self, source):
        self.slide.notes.append(self.render(source))

    def render(self, source):
        return MARKDOWN.render(to_plain_markdown(source, self.conversion))

    # ---- cells

    def add_cell(self, cell):
        slide_type = cell["metadata"].get("slideshow", {}).get("slide_type")
        if slide_type == "skip":
            return
        if slide_type == "notes":
            markdown = cell["cell_type"] == "markdown"
            self.slide.notes.append((self.render if markdown else highlight_code)(cell["source"]))
        elif slide_type in ("slide", "subslide", "fragment"):
            self.add_whole_cell(cell, slide_type)
        elif cell["cell_type"] == "markdown":
            self.add_markdown(cell["source"])
        elif cell["cell_type"] == "code":
            self.add_code_cell(cell)

    def add_whole_cell(self, cell, slide_type):
        """Add a cell as the author's metadata `slide_type` says."""
        if cell["cell_type"] == "markdown":
            html = self.render(cell["source"])
        else:
            source = [highlight_code(cell["source"])] if self.shows_source(cell) else []
            outputs = render_outputs(cell, self.conversion.save_picture)
            html = "".join([*source, *(html for _, html, _ in outputs)])
        if slide_type == "fragment" and self.columns:
            self.slide.parts.append(f'<div class="fragment">{html}</div>')
        else:
            self.add_slide("told", html, column=slide_type == "slide")

    def add_markdown(self, source):
        is_first = True  # no paragraph yet in this cell, or since the last title
        for token, text in split_blocks(source):
            if token.type == "heading_open":
                self.add_heading(token.tag, text.lstrip("# "))
                is_first = True
            elif token.info.startswith("{"):
                self.add_directive(token)
            elif self.after_exercise:
                self.add_note(text)
            elif token.type == "paragraph_open":
                self.add_paragraph(text, is_first)
                is_first = False
            elif token.type.endswith("list_open"):
                self.add_list(token, text)
            elif token.type in ("fence", "code_block"):
                self.add_source(token.content, token.info)
            elif token.type in ("math_block", "math_block_label"):
                self.append("text", self.render(text), 3)
            elif token.type == "table_open":
                self.append("code", self.render(text), text.count("\n") + len(text) // 160)
            elif token.type == "html_block" and "<svg" in text:
                self.add_figure(text)
            elif token.type in ("html_block", "blockquote_open"):
                self.add_note(text)

    def add_heading(self, tag, title):
        self.after_exercise = False
        html = MARKDOWN.renderInline(to_plain_markdown(title, self.conversion))
        if tag == "h1":
            self.title = title
            self.add_slide("title", f"<h1>{html}</h1>", column=True)
            return
        if tag == "h2":
            self.section = html
        self.add_slide("section", f"<{tag}>{html}</{tag}>", 3, column=tag == "h2")

    def add_paragraph(self, text, is_first):
        if self.slide.kind == "title":
            self.slide.parts.append(self.render(text))
        elif not is_first and text.startswith("**"):
            self.append("text", self.render(extract_lead(text)), 2)
            self.add_note(text)
        elif not is_first or text.startswith("Try this"):
            self.add_note(text)
        else:
            shown = extract_lead(text)
            if self.has_title_alone:
                self.append("section", self.render(shown), 3)
            else:
                self.add_slide("text", self.render(shown), 3)
            if shown != text:
                self.add_note(text)

    def add_list(self, token, text):
        """Add the leading sentences of each item, and the whole list to the notes."""
        mark = "- " if token.type == "bullet_list_open" else "1. "
        short = [extract_lead(item) for item in split_list_items(text)]
        self.append("text", self.render("\n".join(mark + item for item in short)), 2 * len(short))
        self.add_note(text)

    def add_source(self, text, language):
        if text.count("\n") <= MAX_CODE_LINES:
            self.append("code", highlight_code(text, language), text.count("\n"))
        else:
            self.slide.notes.append(highlight_code(text, language))

    def add_figure(self, html):
        """Add a figure below a sentence that introduces it, or on a slide of its own."""
        if self.slide.kind == "text" and self.slide.lines <= 3:
            self.slide.parts.append(html)
            self.slide.kind = "figure"
        else:
            self.add_slide("figure", html)

    def add_directive(self, token):
        name, _, argument = token.info.strip("{").partition("}")
        argument = argument.strip()
        options, body = split_options(token.content)
        classes = options.get("class", "")
        source = f"````{token.info}\n{token.content}\n````"
        if name == "exercise":
            number = self.conversion.exercises.get(options.get("label"), "")
            title = f"Exercise {number}".strip() + (f": {argument}" if argument else "")
            self.add_slide("exercise", f"<h3>{escape(title)}</h3>{self.render(body)}", 6)
            self.after_exercise = True
        elif name in ("solution", "dropdown") or "dropdown" in classes:
            pass  # slides leave out what a page folds
        elif name == "widget":
            self.add_slide("widget", self.render_widget(argument, options))
        elif name == "admonition" and argument == "Predict":
            self.add_slide("predict", f"<h3>Predict</h3>{self.render(body)}")
        elif name == "admonition" or name in ADMONITIONS:
            title = argument if name == "admonition" else name.capitalize()
            self.add_slide("aside", f"<h3>{escape(title)}</h3>{self.render(body)}")
        elif name in ("code", "code-block"):
            self.add_source(f"{body}\n", argument)
        elif name in ("figure", "image"):
            self.add_figure(self.render(source))
        elif name == "math":
            self.append("text", self.render(source), 3)
        else:
            self.conversion.problems.append(f"the directive {{{name}}}")

    # ---- code

    def shows_source(self, cell):
        return not HIDDEN_SOURCE_TAGS & set(cell["metadata"].get("tags", []))

    def add_code_cell(self, cell):
        tags = set(cell["metadata"].get("tags", []))
        if self.after_exercise and ANSWER_TAGS & tags:
            return
        source = cell["source"].strip()
        outputs = list(render_outputs(cell, self.conversion.save_picture))
        if source.count("\n") >= MAX_CODE_LINES:
            source = strip_imports(source)
        kinds, length = {kind for kind, _, _ in outputs}, source.count("\n") + 1
        # The output of a call says more than the call.
        is_call = "widget" in kinds or (kinds & {"figure", "html"} and length <= MAX_CALL_LINES)
        if self.shows_source(cell) and length <= MAX_CODE_LINES and not is_call:
            if self.slide.kind == "exercise":
                self.slide.parts.append(highlight_code(source))
            else:
                below = outputs[0][2] if outputs else 0
                fits = length + below <= MAX_SLIDE_LINES
                self.append("code", highlight_code(source), length, below if fits else 0)
        for kind, html, lines in outputs:
            if kind == "figure":
                self.add_figure(html)
            elif kind == "widget":
                self.add_slide("widget", html)
            else:
                self.append("code", html, lines)
