"""What the extension keeps on one line, in a page that Sphinx builds from a few words."""

import re
import sys
from pathlib import Path

import pytest
from sphinx.application import Sphinx

EXTENSIONS = Path(__file__).parents[2] / "book" / "_ext"
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.append({str(EXTENSIONS)!r})\n"
        "extensions = ['sphinx.ext.mathjax', 'pages.line_breaks']\n"
    )
    (folder / "index.rst").write_text(
        "Words\n=====\n\n"
        "With :math:`x`. Then (:math:`y`), and :math:`z` alone; 3 × 3 is 5 % of it.\n\n"
        "As written: ``3 × 3 is 5 %``.\n\n"
        ":math:`a`, at a start, and :math:`b`\n\n.. math:: 3 × 3\n"
    )
    built = folder / "built"
    Sphinx(folder, folder, built, built, "html", status=None, warning=sys.stderr).build()
    return re.search(
        r'<section id="words">(.*?)</section>', (built / "index.html").read_text(), re.S
    )[1]


def formula(latex):
    return rf'<span class="math notranslate nohighlight">\({latex}\)</span>'


@pytest.mark.parametrize(
    "piece",
    [
        f'With <span class="rl-together">{formula("x")}.</span> Then',
        f'Then <span class="rl-together">({formula("y")}),</span> and',
        f'<p><span class="rl-together">{formula("a")},</span> at a start',
        f"and {formula('z')} alone",  # among words
        f"and {formula('b')}</p>",
        f"3{SPACE}×{SPACE}3 is 5{SPACE}% of it",
        r"\[3 × 3\]",
    ],
)
def test_a_formula_and_its_marks_are_one_piece_and_so_are_a_number_and_its_sign(page, piece):
    assert piece in page


def test_code_stays_as_it_was_written(page):
    code = re.search(r"<code.*?</code>", page, re.S)[0]
    assert "×" in code
    assert SPACE not in code
