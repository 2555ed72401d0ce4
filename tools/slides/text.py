"""Split the Markdown of a chapter, shorten its paragraphs and render HTML for slides."""

import re
from html import escape

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from notebooks.plain_markdown import PARSER
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

MIN_LEAD, MAX_LEAD = 80, 180  # characters of the leading sentences of a paragraph
SENTENCE_END = re.compile(r"(?<!\bal)(?<!\be\.g)(?<!\bi\.e)[.!?]['\"*_)”’]*(?=\s+[^\sa-z(])")
IMPORT_STATEMENT = re.compile(r"^(?:import|from) (?:[^\n(]*\([^)]*\)|[^\n]*)\n+", re.MULTILINE)


def extract_lead(text):
    """Return the leading sentences of a paragraph, of about `MIN_LEAD` to `MAX_LEAD` characters."""
    ends = [match.end() for match in SENTENCE_END.finditer(text)]
    ends = [end for end in ends if is_balanced(text[:end])]
    ends.append(len(text))
    first = next((end for end in ends if end >= MIN_LEAD), len(text))
    return text[: max([first, *(end for end in ends if end <= MAX_LEAD)])]


def is_balanced(text):
    """Return whether every bracket, formula and emphasis that opens in `text` also closes."""
    brackets = text.count("(") == text.count(")") and text.count("[") == text.count("]")
    single = text.replace("**", "")
    marks = (text.count("**"), *(single.count(mark) for mark in '*$`"'))
    return brackets and not any(count % 2 for count in marks)


def render_math(content, options):
    """Put the delimiters of MathJax around a formula."""
    marks = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return escape(content).join(marks)


MARKDOWN = MarkdownIt("commonmark").enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=render_math)


def highlight_code(source, language="python"):
    """Render code as HTML, without colours if Pygments does not know the language."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    return highlight(source, lexer, HtmlFormatter(cssclass="code"))


def strip_imports(source):
    """Return code without its import statements, which nobody reads from the last row."""
    return IMPORT_STATEMENT.sub("", source)


def split_blocks(source):
    """Yield `(first token, text)` of each block of a Markdown text."""
    lines = source.split("\n")
    for token in PARSER.parse(source):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield token, "\n".join(lines[slice(*token.map)]).strip("\n")


def split_list_items(text):
    """Yield the text of each item of a Markdown list, up to its first empty line."""
    lines = text.split("\n")
    for token in PARSER.parse(text):
        if token.level == 1 and token.type == "list_item_open":
            item = "\n".join(lines[slice(*token.map)]).split("\n\n")[0]
            yield " ".join(re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", item).split())
