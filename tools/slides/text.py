"""The text of a chapter for slides: its parts, its leading sentences, its HTML."""

import re
from html import escape

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin
from notebooks.plain_markdown import PARSER
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

LEAD = (80, 180)  # characters of a paragraph's leading sentences: at least, and at most
END = re.compile(r"(?<!\bal)(?<!\be\.g)(?<!\bi\.e)[.!?]['\"*_)”’]*(?=\s+[^\sa-z(])")
IMPORT = re.compile(r"^(?:import|from) (?:[^\n(]*\([^)]*\)|[^\n]*)\n+", re.MULTILINE)


def lead(text):
    """The leading sentences of a paragraph: as many as it takes to say something, and no more."""
    ends = [found.end() for found in END.finditer(text) if is_whole(text[: found.end()])]
    ends.append(len(text))
    enough = next((end for end in ends if end >= LEAD[0]), len(text))
    return text[: max([enough, *(end for end in ends if end <= LEAD[1])])]


def is_whole(text):
    """Whether nothing that was opened, a bracket, bold type or a formula, is left open."""
    brackets = text.count("(") == text.count(")") and text.count("[") == text.count("]")
    single = text.replace("**", "")
    marks = (text.count("**"), *(single.count(mark) for mark in '*$`"'))
    return brackets and not any(count % 2 for count in marks)


def mathematics(content, options):
    marks = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return escape(content).join(marks)


MARKDOWN = MarkdownIt("commonmark").enable("table")
MARKDOWN.use(dollarmath_plugin, renderer=mathematics)


def coloured(source, language="python"):
    """`source` as HTML; of a language that Pygments does not know, as it is."""
    try:
        lexer = get_lexer_by_name(language or "text")
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    return highlight(source, lexer, HtmlFormatter(cssclass="code"))


def without_imports(source):
    """Code without its imports: nobody reads them from the last row."""
    return IMPORT.sub("", source)


def blocks(source):
    """The parts of a Markdown text, one after the other: the token that begins it, its text."""
    lines = source.split("\n")
    for token in PARSER.parse(source):
        if token.level == 0 and token.map and token.nesting >= 0:
            yield token, "\n".join(lines[slice(*token.map)]).strip("\n")


def points(text):
    """The text of each point of a Markdown list, up to its first empty line."""
    lines = text.split("\n")
    for token in PARSER.parse(text):
        if token.level == 1 and token.type == "list_item_open":
            item = "\n".join(lines[slice(*token.map)]).split("\n\n")[0]
            yield " ".join(re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", item).split())
