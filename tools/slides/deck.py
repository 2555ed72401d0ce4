"""What of a chapter becomes a slide: it shows one thing, and the speaker says the rest.

| of a chapter | in the hall |
|---|---|
| `#` and the words below it | the title slide |
| `##`, `###` | a slide with that title; `##` begins a new column of slides |
| the first paragraph of a cell, or after a title | its leading sentences, 80 to 180 letters |
| a paragraph that begins in bold type | a point: its leading sentences, below what stands there |
| every other paragraph, and "Try this" | the speaker's notes, as is the whole of one that was cut |
| displayed mathematics, tables, code in the text | shown |
| lists | the leading sentences of each point, the whole in the notes |
| a prediction | a slide of its own; its answer is the next |
| an exercise | a slide of its own, with its stub; no solution and no check |
| a code cell | up to 14 lines, without its imports where it has more, and what it puts out below;
no line of it where the page folds it or a widget comes of it |
| a figure, a widget | large, one a slide; a figure stands below the sentence that leads to it |

An author decides otherwise by the standard metadata of a cell, `slideshow.slide_type`: "skip";
"notes"; "slide" or "subslide", which show the whole cell on a new slide; "fragment", which adds the
whole cell to the slide before, where it appears at the next key.
"""

from dataclasses import dataclass, field
from html import escape

from notebooks.plain_markdown import ADMONITIONS, split_options, to_plain_markdown
from slides.outputs import outputs
from slides.text import MARKDOWN, blocks, coloured, lead, points, without_imports

CODE = 14  # lines of a cell that can be read from the last row
CALL = 3  # lines of a cell that only calls for a figure or a table
ROOM = 17  # lines on a slide, whatever they are
SOURCE_FOLDED = {"hide-cell", "hide-input", "remove-input", "remove-cell", "check"}
FOLDED = {"hide-cell", "hide-output", "check"}  # after an exercise: its answer


@dataclass
class Slide:
    """HTML of what is shown and of what is only said."""

    kind: str
    parts: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    lines: int = 0  # about as many as are taken
    section: str = ""


class Deck:
    """The slides of one chapter: `columns` of `Slide`s, as reveal.js lays them out."""

    def __init__(self, cells, pages, mount=None):
        self.pages, self.mount = pages, mount  # mount(class name, options): a widget's twin
        self.columns, self.title, self.section = [], "", ""
        self.after_exercise = False
        for cell in cells:
            self.cell(cell)

    # ---- what a slide is made of

    @property
    def slide(self):
        return self.columns[-1][-1]

    @property
    def has_title_alone(self):
        return self.slide.kind == "section" and len(self.slide.parts) == 1

    def add(self, kind, html, lines=0, *, column=False):
        """A new slide, below the last one or, with `column`, beside it."""
        if column or not self.columns:
            self.columns.append([])
        above = "" if html.startswith("<h2>") else self.section
        self.columns[-1].append(Slide(kind, [html], lines=lines, section=above))

    def join(self, kind, html, lines, below=0):
        """Onto the slide before, where that is open and has room, also for what comes `below`, or
        holds nothing but its title; else a new one."""
        opened = self.slide.kind in ("section", "text", "code")
        if opened and (self.has_title_alone or self.slide.lines + lines + below <= ROOM):
            self.slide.parts.append(html)
            self.slide.lines += lines
            if kind == "code" or self.slide.kind != "section":
                self.slide.kind = kind
        else:
            self.add(kind, html, lines)

    def note(self, source):
        self.slide.notes.append(self.html(source))

    def html(self, source):
        return MARKDOWN.render(to_plain_markdown(source, self.pages))

    # ---- cells

    def cell(self, cell):
        told = cell["metadata"].get("slideshow", {}).get("slide_type")
        if told == "skip":
            return
        if told == "notes":
            markdown = cell["cell_type"] == "markdown"
            self.slide.notes.append((self.html if markdown else coloured)(cell["source"]))
        elif told in ("slide", "subslide", "fragment"):
            self.as_told(cell, told)
        elif cell["cell_type"] == "markdown":
            self.markdown(cell["source"])
        elif cell["cell_type"] == "code":
            self.code(cell)

    def as_told(self, cell, told):
        if cell["cell_type"] == "markdown":
            html = self.html(cell["source"])
        else:
            shown = [coloured(cell["source"])] if self.shows_source(cell) else []
            html = "".join([*shown, *(html for _, html, _ in outputs(cell, self.pages.picture))])
        if told == "fragment" and self.columns:
            self.slide.parts.append(f'<div class="fragment">{html}</div>')
        else:
            self.add("told", html, column=told == "slide")

    def markdown(self, source):
        fresh = True  # no paragraph yet since the cell began, or since a title
        for token, text in blocks(source):
            if token.type == "heading_open":
                self.heading(token.tag, text.lstrip("# "))
                fresh = True
            elif token.info.startswith("{"):
                self.directive(token)
            elif self.after_exercise:
                self.note(text)
            elif token.type == "paragraph_open":
                self.paragraph(text, fresh)
                fresh = False
            elif token.type.endswith("list_open"):
                self.points(token, text)
            elif token.type in ("fence", "code_block"):
                self.source(token.content, token.info)
            elif token.type in ("math_block", "math_block_label"):
                self.join("text", self.html(text), 3)
            elif token.type == "table_open":
                self.join("code", self.html(text), text.count("\n") + len(text) // 160)
            elif token.type == "html_block" and "<svg" in text:
                self.figure(text)
            elif token.type in ("html_block", "blockquote_open"):
                self.note(text)

    def heading(self, tag, title):
        self.after_exercise = False
        html = MARKDOWN.renderInline(to_plain_markdown(title, self.pages))
        if tag == "h1":
            self.title = title
            self.add("title", f"<h1>{html}</h1>", column=True)
            return
        if tag == "h2":
            self.section = html
        self.add("section", f"<{tag}>{html}</{tag}>", 3, column=tag == "h2")

    def paragraph(self, text, fresh):
        if self.slide.kind == "title":
            self.slide.parts.append(self.html(text))
        elif not fresh and text.startswith("**"):
            self.join("text", self.html(lead(text)), 2)
            self.note(text)
        elif not fresh or text.startswith("Try this"):
            self.note(text)
        else:
            shown = lead(text)
            if self.has_title_alone:
                self.join("section", self.html(shown), 3)
            else:
                self.add("text", self.html(shown), 3)
            if shown != text:
                self.note(text)

    def points(self, token, text):
        """A list, each point by its leading sentence."""
        mark = "- " if token.type == "bullet_list_open" else "1. "
        short = [lead(item) for item in points(text)]
        self.join("text", self.html("\n".join(mark + item for item in short)), 2 * len(short))
        self.note(text)

    def source(self, text, language):
        if text.count("\n") <= CODE:
            self.join("code", coloured(text, language), text.count("\n"))
        else:
            self.slide.notes.append(coloured(text, language))

    def figure(self, html):
        """Below the sentence that leads to it, where it stands alone; else by itself."""
        if self.slide.kind == "text" and self.slide.lines <= 3:
            self.slide.parts.append(html)
            self.slide.kind = "figure"
        else:
            self.add("figure", html)

    def directive(self, token):
        name, _, argument = token.info.strip("{").partition("}")
        argument = argument.strip()
        options, body = split_options(token.content)
        classes = options.get("class", "")
        source = f"````{token.info}\n{token.content}\n````"
        if name == "exercise":
            number = self.pages.exercises.get(options.get("label"), "")
            title = f"Exercise {number}".strip() + (f": {argument}" if argument else "")
            self.add("exercise", f"<h3>{escape(title)}</h3>{self.html(body)}", 6)
            self.after_exercise = True
        elif name in ("solution", "dropdown") or "dropdown" in classes:
            pass  # what a page folds is not for the hall
        elif name == "widget":
            self.add("widget", self.mount(argument, options))
        elif name == "admonition" and argument == "Predict":
            self.add("predict", f"<h3>Predict</h3>{self.html(body)}")
        elif name == "admonition" or name in ADMONITIONS:
            title = argument if name == "admonition" else name.capitalize()
            self.add("aside", f"<h3>{escape(title)}</h3>{self.html(body)}")
        elif name in ("code", "code-block"):
            self.source(f"{body}\n", argument)
        elif name in ("figure", "image"):
            self.figure(self.html(source))
        elif name == "math":
            self.join("text", self.html(source), 3)
        else:
            self.pages.problems.append(f"the directive {{{name}}}")

    # ---- code

    def shows_source(self, cell):
        return not SOURCE_FOLDED & set(cell["metadata"].get("tags", []))

    def code(self, cell):
        tags = set(cell["metadata"].get("tags", []))
        if self.after_exercise and FOLDED & tags:
            return
        source, given = cell["source"].strip(), list(outputs(cell, self.pages.picture))
        if source.count("\n") >= CODE:
            source = without_imports(source)
        kinds, length = {kind for kind, _, _ in given}, source.count("\n") + 1
        # What comes of a call says more than the call.
        is_call = "widget" in kinds or (kinds & {"figure", "html"} and length <= CALL)
        if self.shows_source(cell) and length <= CODE and not is_call:
            if self.slide.kind == "exercise":
                self.slide.parts.append(coloured(source))
            else:
                below = given[0][2] if given else 0
                self.join("code", coloured(source), length, below if length + below <= ROOM else 0)
        for kind, html, lines in given:
            if kind == "figure":
                self.figure(html)
            elif kind == "widget":
                self.add("widget", html)
            else:
                self.join("code", html, lines)
