"""Convert MyST Markdown into the Markdown that Colab, GitHub and JupyterLab all show.

sphinx-markdown-builder writes whole pages with their outputs, and no cells. What the chapters use
becomes plain words, links, quotes and folded `<details>`. Anything else is listed in
`Conversion.problems`, which fails the build, so nothing is lost in silence.
"""

import base64
import mimetypes
import re
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from pybtex.database import parse_file
from pybtex.richtext import Text

PARSER = MarkdownIt("commonmark").enable("table")
for plugin in (colon_fence_plugin, dollarmath_plugin, myst_role_plugin, myst_block_plugin):
    PARSER.use(plugin)
ADMONITIONS = {"attention", "caution", "danger", "error", "hint", "important", "note"}
ADMONITIONS |= {"seealso", "tip", "warning"}
LEVELS = {"level-1": " (●○○)", "level-2": " (●●○)", "level-3": " (●●●)"}
OPTION = re.compile(r":([\w-]+):[ \t]*(.*)")


@dataclass
class Conversion:
    """What the conversion of a chapter needs to know, and the problems that it met."""

    folder: Path  # of the chapter; its pictures are put into the notebook
    works: dict = field(default_factory=dict)  # key → (authors, year, address, title)
    addresses: dict = field(default_factory=dict)  # a page's name → where to find it
    exercises: dict = field(default_factory=dict)  # label → number, as on the site
    problems: list = field(default_factory=list)


def read_bibliography(*files):
    """Read every work in the `.bib` files as `(authors, year, address, title)`, by its key.

    The year of works that would else be cited alike has a letter, as in "2016a".
    """
    works = {}
    for file in files:
        for key, entry in parse_file(str(file)).entries.items():
            people = [" ".join(map(str, one.rich_last_names)) for one in entry.persons["author"]]
            authors = " and ".join(people) if len(people) < 3 else f"{people[0]} et al."
            title = str(Text.from_latex(entry.fields["title"]))
            works[key] = (authors, entry.fields["year"], entry.fields.get("url", ""), title)
    same, seen = Counter(work[:2] for work in works.values()), Counter()
    for key, (authors, year, *rest) in works.items():
        if same[authors, year] > 1:
            works[key] = (authors, year + chr(ord("a") + seen[authors, year]), *rest)
            seen[authors, year] += 1
    return works


def to_plain_markdown(source, conversion):
    """Replace in `source` what is not plain Markdown, line by line."""
    lines = source.split("\n")
    # From the end, so that the numbers of the lines before hold. The cells of a row share one line.
    for token in reversed(PARSER.parse(source)):
        if not token.map:
            continue
        start, end = token.map
        there = "\n".join(lines[start:end])
        if token.type == "inline":
            new = convert_inline(there, token.children, conversion)
        elif token.type in ("fence", "colon_fence") and token.info.startswith("{"):
            indent = re.match(r"[ \t]*", there)[0]
            new = convert_directive(token.info, token.content, conversion)
            new = "\n".join(indent + line if line else "" for line in new.split("\n"))
        elif token.type == "math_block_label":
            new = f"$${token.content}$$"
        elif token.type in ("myst_target", "myst_line_comment", "myst_block_break"):
            new = ""
        else:
            continue
        if new != there:
            lines[start:end] = new.split("\n")
    return "\n".join(lines)


def convert_directive(info, content, conversion):
    """Convert the directive ```` ```{name} argument ````."""
    name, _, argument = info.partition("}")
    name, argument = name[1:], argument.strip()
    options, body = split_options(content)
    if name == "math":
        return f"$$\n{body}\n$$"
    if name in ("code", "code-block"):
        return f"```{argument}\n{body}\n```"
    if name in ("figure", "image"):
        caption = f"\n\n*{to_plain_markdown(body, conversion)}*" if body else ""
        return embed_picture(options.get("alt", ""), argument, conversion) + caption
    body = to_plain_markdown(body, conversion)
    if name == "exercise":
        number = conversion.exercises.get(options.get("label"), "")
        title = f"Exercise {number}".strip() + LEVELS.get(options.get("class"), "")
        title += f": {argument}" if argument else ""
        return f"**{title}**\n\n{body}"
    if name == "solution":
        return fold("Solution", body)
    if name == "dropdown" or "dropdown" in options.get("class", ""):
        return fold(argument or name.capitalize(), body)
    if name == "admonition" or name in ADMONITIONS:
        if name == "admonition":
            title = argument
        else:
            title, body = name.capitalize(), "\n".join(filter(None, (argument, body)))
        return "\n".join(f"> {line}".rstrip() for line in f"**{title}**\n\n{body}".split("\n"))
    conversion.problems.append(f"the directive {{{name}}}")
    return body


def split_options(content):
    """Split the content of a directive into its `:name: value` options and the rest."""
    lines, options = content.split("\n"), {}
    while lines and (found := OPTION.fullmatch(lines[0])):
        options[found[1]] = found[2].strip()
        lines.pop(0)
    return options, "\n".join(lines).strip("\n")


def fold(title, body):
    return f"<details>\n<summary>{escape(title, quote=False)}</summary>\n\n{body}\n\n</details>"


def embed_picture(alt, path, conversion):
    """Embed the file in the notebook, because Colab opens nothing beside it."""
    file = conversion.folder / path
    if not file.is_file():
        conversion.problems.append(f"the picture {path!r}, which is not there")
        return alt
    kind = mimetypes.guess_type(path)[0] or "image/png"
    return f"![{alt}](data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()})"


def convert_inline(there, children, conversion):
    """Replace each role, relative link and picture in `there`, in their order.

    What the parser finds and the patterns here do not is added to the problems.
    """
    place = 0
    for child in children or []:
        if child.type == "myst_role":
            name, words = child.meta["name"], re.escape(child.content).replace(r"\ ", r"\s+")
            form = f"{{{name}}}`{child.content}`"
            old = re.compile(rf"{{{re.escape(name)}}}(`+)\s*{words}\s*\1")
            new = convert_role(name, child.content, conversion)
        elif child.type == "link_open" and is_relative(link := child.attrs["href"]):
            form = f"[words]({link})"
            old = re.compile(rf"\]\({re.escape(link)}(?=[\s)])")
            new = f"]({find_page_address(link, conversion)}"
        elif child.type == "image" and is_relative(file := child.attrs["src"]):
            form = f"![words]({file})"
            old = re.compile(rf"!\[[^\]]*\]\({re.escape(file)}[^)]*\)")
            new = embed_picture(child.content, file, conversion)
        else:
            continue
        if found := old.search(there, place):
            there = there[: found.start()] + new + there[found.end() :]
            place = found.start() + len(new)
        else:
            conversion.problems.append(
                f"{form} where it is written otherwise: write it just so, on one line and within "
                "no other link"
            )
    return there


def is_relative(address):
    return not re.match(r"[\w+.-]+:|#|//", address)


def find_page_address(link, conversion):
    """Return the address of `04_the_curves`, `04_the_curves.ipynb` or `04_the_curves#place`."""
    name, _, place = link.partition("#")
    address = conversion.addresses.get(Path(name).stem)
    if address is None:
        conversion.problems.append(f"the link to {link!r}, which is no page of the book")
        return link
    return f"{address}#{place}" if place else address


def convert_role(name, content, conversion):
    """Convert the role {name}`content`."""
    if name == "math":
        return f"${content}$"
    if name == "doc":
        found = re.fullmatch(r"(.*?)\s*<(.*)>", content, re.DOTALL)
        text, link = found.groups() if found else (Path(content).stem.replace("_", " "), content)
        return f"[{text}]({find_page_address(link, conversion)})"
    if name in ("cite", "cite:p", "cite:t"):
        keys = [key.strip() for key in content.split(",")]
        known = [conversion.works[key] for key in keys if key in conversion.works]
        conversion.problems += [
            f"{key!r}, which no bibliography has" for key in keys if key not in conversion.works
        ]
        if name == "cite:t":
            return ", ".join(
                format_citation(f"{who} ({year})", *rest) for who, year, *rest in known
            )
        return (
            f"({'; '.join(format_citation(f'{who}, {year}', *rest) for who, year, *rest in known)})"
        )
    if name == "term":
        return re.sub(r"\s*<.*>$", "", content, flags=re.DOTALL)
    conversion.problems.append(f"the role {{{name}}}")
    return content


def format_citation(text, address, title):
    hint = title.replace('"', "'")
    return f'[{text}]({address} "{hint}")' if address else f"{text}, *{title}*"
