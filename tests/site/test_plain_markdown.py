"""MyST, as the chapters use it, in the Markdown that Colab shows."""

import re

import pytest
from notebooks.plain_markdown import Conversion, read_bibliography, to_plain_markdown


@pytest.fixture
def pages(tmp_path):
    (tmp_path / "dot.png").write_bytes(b"pixels")
    works = {
        "he": ("He et al.", "2016a", "https://arxiv.org/abs/1", 'The "first"'),
        "sun": ("He and Sun", "2015", "", "The second"),
    }
    return Conversion(
        tmp_path, works, {"02_block": "https://site/02_block.html"}, {"exercise-a": "7"}
    )


HE = "https://arxiv.org/abs/1 \"The 'first'\""


@pytest.mark.parametrize(
    ("myst", "expected"),
    [
        ("as {cite:t}`he` say", f"as [He et al. (2016a)]({HE}) say"),
        (
            "so {cite:p}`he,\nsun`.",
            f"so ([He et al., 2016a]({HE}); He and Sun, 2015, *The second*).",
        ),
        ("| a {cite:t}`sun` | b |\n|---|---|\n| {cite:t}`sun` | `{cite}` |", None),
        (
            "[next](02_block) [it](02_block.ipynb#why)",
            "[next](https://site/02_block.html) [it](https://site/02_block.html#why)",
        ),
        ("{doc}`the block <02_block>`", "[the block](https://site/02_block.html)"),
        ("a {term}`lesion` of *n* {term}`blocks <block>`", "a lesion of *n* blocks"),
        ("{math}`x^2` and $a_1 * b_1$", "$x^2$ and $a_1 * b_1$"),
        ("```{note}\nBe *exact*.\n\n$x$\n```", "> **Note**\n>\n> Be *exact*.\n>\n> $x$"),
        (":::{admonition} Predict\n:class: tip\nGuess.\n:::", "> **Predict**\n>\n> Guess."),
        (
            "```{dropdown} Show a < b\nYes.\n```",
            "<details>\n<summary>Show a &lt; b</summary>\n\nYes.\n\n</details>",
        ),
        ("```{exercise}\n:label: exercise-a\nDo it.\n```", "**Exercise 7**\n\nDo it."),
        ("```{exercise} Sums\n:label: other\nDo it.\n```", "**Exercise: Sums**\n\nDo it."),
        (
            "```{solution} exercise-a\nDone.\n```",
            "<details>\n<summary>Solution</summary>\n\nDone.\n\n</details>",
        ),
        ("````{note}\n```{tip}\n{math}`y`\n```\n````", "> **Note**\n>\n> > **Tip**\n> >\n> > $y$"),
        (
            "- one\n\n  ```{tip}\n  two\n  ```\n- three",
            "- one\n\n  > **Tip**\n  >\n  > two\n- three",
        ),
        ("```{figure} dot.png\n:alt: a dot\nIts *words*\n```", None),
        ("![a dot](dot.png)", "![a dot](data:image/png;base64,cGl4ZWxz)"),
        ("```{math}\n:label: eq\nx = 1\n```", "$$\nx = 1\n$$"),
        ("$$\nx = 1\n$$ (eq)", "$$\nx = 1\n$$"),
        ("(here)=\n% a remark\n# Title", "\n\n# Title"),
        ("```python\ntrain()  # {cite:t}`he`\n```", "```python\ntrain()  # {cite:t}`he`\n```"),
        ("[far](https://example.org) <b>x</b>", "[far](https://example.org) <b>x</b>"),
    ],
)
def test_myst_becomes_plain_markdown(pages, myst, expected):
    found = to_plain_markdown(myst, pages)
    if expected is not None:
        assert found == expected
    assert not re.search(r"^\s*[`:]{3,}\{|\{cite:\w\}`(?!he`$)", found, re.MULTILINE)
    assert pages.problems == []


@pytest.mark.parametrize(
    ("myst", "problem"),
    [
        ("{glue:text}`x`", "the role {glue:text}"),
        ("```{tableofcontents}\n```", "the directive {tableofcontents}"),
        ("[there](09_nowhere)", "the link to '09_nowhere'"),
        ("{cite:p}`nobody`", "'nobody', which no bibliography has"),
        ("![x](nothing.png)", "the picture 'nothing.png'"),
        ("[it](<02_block.ipynb>)", "[words](02_block.ipynb) where it is written otherwise: "),
        ("[it][there]\n\n[there]: 02_block", "[words](02_block) where"),
        ("[it](02_block#größe)", "[words](02_block#gr%C3%B6%C3%9Fe) where"),
        ("![a [dot]](dot.png)", "![words](dot.png) where"),
        ("[![a dot](dot.png)](02_block)", "![words](dot.png) where"),
        ("> a {term}`long\n> word`", "{term}`long word` where"),
        ("[a {term}`lesion`](02_block)", "{term}`lesion` where"),
    ],
)
def test_what_has_no_plain_form_is_named(pages, myst, problem):
    to_plain_markdown(myst, pages)
    assert len(pages.problems) == 1
    assert pages.problems[0].startswith(problem)


def test_links_of_a_row_whose_addresses_begin_alike_are_told_apart(pages):
    pages.addresses = {name: f"{name}.ipynb" for name in ("02_block", "02_block_more")}
    row = "| [a](02_block_more{0}) | [b](02_block{0}) | [c](02_block{0}) |\n|---|---|---|"
    assert to_plain_markdown(row.format(""), pages) == row.format(".ipynb")
    assert pages.problems == []


def test_two_works_of_one_year_are_told_apart(tmp_path):
    entry = "@misc{%s, author={He, K and Ren, S and Sun, J}, title={T%s}, year={2016}, url={u}}"
    (tmp_path / "a.bib").write_text("\n".join(entry % (key, key) for key in "xy"))
    works = read_bibliography(tmp_path / "a.bib")
    assert works == {"x": ("He et al.", "2016a", "u", "Tx"), "y": ("He et al.", "2016b", "u", "Ty")}
