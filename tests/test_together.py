"""What the extension keeps on one line, in a page that Sphinx builds from a few words."""

import re
import sys
from pathlib import Path

import pytest
from sphinx.application import Sphinx

EXTENSIONS = Path(__file__).parents[1] / "book" / "_ext"
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("together")
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.append({str(EXTENSIONS)!r})\n"
        "extensions = ['sphinx.ext.mathjax', 'together']\n"
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


def test_a_formula_and_the_marks_that_touch_it_are_one_piece(page):
    assert f'With <span class="rl-together">{formula("x")}.</span> Then' in page
    assert f'Then <span class="rl-together">({formula("y")}),</span> and' in page
    assert f'<p><span class="rl-together">{formula("a")},</span> at a start' in page


def test_a_formula_among_words_is_left_alone(page):
    assert f"and {formula('z')} alone" in page
    assert f"and {formula('b')}</p>" in page


def test_no_line_ends_between_a_number_and_its_sign(page):
    assert f"3{SPACE}×{SPACE}3 is 5{SPACE}% of it" in page


def test_code_and_formulas_stay_as_they_were_written(page):
    code = re.search(r"<code.*?</code>", page, re.S)[0]
    assert "×" in code
    assert SPACE not in code
    assert r"\[3 × 3\]" in page
