"""Show tables and sentences in a notebook: as HTML on the page, as plain text on a terminal."""

import html
import re
from collections.abc import Iterable, Sequence

from tabulate import tabulate


class Table:
    """Show rows below `headers`, with a caption that names their source.

    Without rows only the caption is shown. Every cell is text; in HTML, the part after a line break
    is small.
    """

    def __init__(
        self, headers: Iterable[str], rows: Iterable[Sequence[str]], caption: str = ""
    ) -> None:
        self.headers, self.rows, self.caption = list(headers), list(rows), caption

    def _repr_html_(self) -> str:
        if not self.rows:
            return Said(self.caption)._repr_html_()
        # Words to the left, numbers to the right. A table wider than the page scrolls, by key too.
        aligned = [
            "left" if is_text_column(cells) else "right" for cells in zip(*self.rows, strict=True)
        ]
        table = tabulate(
            [[cell_to_html(cell) for cell in row] for row in self.rows],
            [cell_to_html(header) for header in self.headers],
            tablefmt="unsafehtml",
            colalign=aligned,
            disable_numparse=True,
        )
        caption = f"<p>{html.escape(self.caption)}</p>" if self.caption else ""
        return (
            '<div class="rl-table"><div role="group" tabindex="0" aria-label="Table">'
            f"{table}</div>{caption}</div>"
        )

    def __repr__(self) -> str:
        if not self.rows:
            return self.caption
        text = tabulate(self.rows, self.headers, tablefmt="simple", disable_numparse=True)
        return f"{text}\n{self.caption}".rstrip()


def cell_to_html(cell: str) -> str:
    """Convert a cell to HTML, with the part after a line break in small type."""
    first, _, rest = html.escape(cell).partition("\n")
    return f"{first}<small>{rest}</small>" if rest else first


def is_text_column(cells: Iterable[str]) -> bool:
    """Return whether no cell begins with a digit or a sign."""
    return not any(cell[:1].isdigit() or cell[:1] in "<>+-" for cell in cells)


class Said(str):
    """Show a sentence or more as prose, without quotes."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        text = html.escape(self).replace(" %", "&nbsp;%")
        text = re.sub(r"\w+-\d+( v\d)?", r"<span>\g<0></span>", text)  # a net's name stays whole
        return f'<p class="rl-said">{text}</p>'

    def __repr__(self) -> str:
        return str(self)


def format_number(value: float, digits: int = 1) -> str:
    """Format a number above 0 for a sentence, with `digits` digits before a power of ten.

    >>> [format_number(value) for value in (0.034, 45.2, 4.2e4, 1e-13)]
    ['0.034', '45', '4·10⁴', '10⁻¹³']
    """
    if 0.001 <= value < 1000:
        return f"{float(f'{value:.2g}'):g}"
    figures, exponent = f"{value:.{digits - 1}e}".split("e")
    return ("" if figures == "1" else f"{figures}·") + format_power_of_ten(int(exponent))


def format_power_of_ten(exponent: int) -> str:
    """Return "10⁻⁴⁶" for -46."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
