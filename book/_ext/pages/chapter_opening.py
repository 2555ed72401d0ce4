"""Open a chapter with its number, the chapters as blocks of a net, and its standfirst.

`numbered` in `_toc.yml` writes a number into each title and restarts the numbers of the exercises
in every chapter. Here the number stands above the title and is that of the chapter's file. The
directive `{cover}` puts the cover on the first page.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from pages import cover

LABEL = "What you will see"


class CoverDirective(SphinxDirective):
    """Put the cover on a page: ```{cover}``` with the line under the title as its content."""

    has_content = True

    def run(self):
        line = nodes.paragraph(classes=["rl-cover-line"])
        self.state.nested_parse(self.content, self.content_offset, line)
        lines = [child for part in line.children for child in part.children]
        line.clear()
        line += lines
        box = nodes.container(classes=["rl-cover"])
        box += nodes.raw("", cover.draw_svg(), format="html")
        box += line
        return [box]


def parse_chapter_number(docname):
    """Return 3 for `book/03_two_architectures`, and None for a page that is no chapter."""
    number = re.match(r"(\d+)_", Path(docname).name)
    return int(number[1]) if number else None


def count_chapters(env):
    return max((parse_chapter_number(page) or 0 for page in env.found_docs), default=0)


def draw_blocks(number, count):
    """Draw the chapters as residual blocks, as SVG: those read, this one, those to come."""
    parts = [f'<path class="rl-blocks-track" d="M0 21H{24 * count + 4}"/>']
    for at in range(count):
        x = 24 * at + 4
        when = "read" if at + 1 < number else "here" if at + 1 == number else "ahead"
        parts.append(
            f'<g class="rl-blocks-{when}"><path d="M{x} 21V13q0-6 6-6h8q6 0 6 6v8"/>'
            f'<rect x="{x + 6}" y="14" width="8" height="14" rx="2"/></g>'
        )
    width = 24 * count + 4
    return (
        f'<svg viewBox="0 0 {width} 32" width="{width}" height="32" aria-hidden="true">'
        f"{''.join(parts)}</svg>"
    )


def add_opening(app, doctree, docname):
    number = parse_chapter_number(docname)
    section = next(doctree.findall(nodes.section), None)
    if number is None or section is None:
        return
    section["classes"].append("rl-chapter")
    opening = (
        f'<div class="rl-opening"><p class="rl-kicker">Chapter <span>{number}</span></p>'
        f"{draw_blocks(number, count_chapters(app.env))}</div>"
    )
    if lead := find_standfirst(section):
        lead["classes"].append("rl-standfirst")
        mark_label(lead)
    section.insert(0, nodes.raw("", opening, format="html"))


def find_standfirst(section):
    """Return the paragraph after the title if all of it is in italics, else None."""
    after = section.children[section.first_child_matching_class(nodes.title) + 1 :][:1]
    whole = after and isinstance(after[0], nodes.paragraph) and len(after[0].children) == 1
    return after[0] if whole and isinstance(after[0][0], nodes.emphasis) else None


def mark_label(lead):
    """Put the label of a standfirst into a span of its own."""
    words = lead[0]
    before, found, after = str(words[0]).partition(f"{LABEL}:")
    if found and not before:
        after = after.lstrip()
        spans = [nodes.inline("", LABEL, classes=["rl-label"])]
        spans.append(nodes.Text(f" {after[:1].upper()}{after[1:]}"))
        words.children[:1] = spans
        for child in spans:
            child.parent = words


def number_sidebar(app, pagename, templatename, context, doctree):
    """Put each chapter's number before its name in the sidebar."""
    generate = context.get("generate_toctree_html")
    if generate is None:
        return

    def numbered(*words, **named):
        def with_number(link):
            number = parse_chapter_number(pagename if link["href"] == "#" else link["href"])
            return link[0] + (f'<span class="rl-number">{number}</span>' if number else "")

        tree = str(generate(*words, **named))
        return re.sub(r'<a class="[^"]*\binternal" href="(?P<href>[^"]*)">', with_number, tree)

    context["generate_toctree_html"] = numbered


def setup(app):
    app.add_directive("cover", CoverDirective)
    app.connect("doctree-resolved", add_opening)
    app.connect("html-page-context", number_sidebar, priority=900)  # after the theme
    return {"parallel_read_safe": True, "parallel_write_safe": True}
