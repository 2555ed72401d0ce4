"""How long a chapter takes: what is counted, and what is said."""

from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from pages import chapter_times

TEXT = """
Title of three words
====================

*What you will see: it.* It doesn't take ``one`` :math:`x + y`, or two.

.. math:: a = b

.. code::

   first = 1

   second = 2

{extra}
"""


def doctree_of(extra=""):
    doctree = publish_doctree(TEXT.format(extra=extra))
    for node in doctree.findall(nodes.container):  # docutils would have no _ in a class
        node["classes"] = [name.replace("-", "_", 1) for name in node["classes"]]
    return doctree


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("", 0),
        (".. container:: cell_output\n\n   seven words that a cell has printed", 0),
        (".. container:: cell tag_hide-input\n\n   .. code::\n\n      folded = 1", 0),
        (".. raw:: html\n\n   <p>a widget</p>", 0),
        (".. a comment", 0),
        (".. container:: exercise\n\n   three more words", 3),
    ],
)
def test_words_and_lines_are_counted_but_not_what_is_folded_or_printed(extra, words):
    # The title counts 4; then 5, and "It doesn't take one", a formula, "or two".
    assert chapter_times.count_words_and_lines(doctree_of(extra)) == (4 + 5 + 4 + 1 + 2 + words, 3)


@pytest.mark.parametrize(
    ("extra", "said"),
    [("", 1), ("word " * 175 * 4, 5), (".. code::\n\n" + 12 * 4 * "   line\n", 5)],
)
def test_a_page_takes_its_words_and_its_lines(extra, said):
    assert chapter_times.estimate_reading_minutes(doctree_of(extra)) == said


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (48.3, "48 s"), (59.6, "1 min"), (80, "1 min 20 s"), (120, "2 min")],
)
def test_seconds_in_words(seconds, words):
    assert chapter_times.format_seconds(seconds) == words


def machine(name, gpu, date, *rows):
    return {"machine": {"name": name, "gpu": gpu}, "chapters": {"date": date, "rows": list(rows)}}


def test_the_newest_gpu_that_ran_a_chapter_is_named():
    first, second = {"chapter": "01", "seconds": 70.0}, {"chapter": "02", "seconds": 9.0}
    failed = {"chapter": "02", "error": ""}
    records = [
        machine("CPU", False, "2026-03-01", first),
        machine("new", True, "2026-02-01", first | {"seconds": 20.0}, failed),
        machine("old", True, "2026-01-01", first, second),
        {"machine": {"name": "other", "gpu": True}},
    ]
    assert chapter_times.find_gpu_times(records) == {"01": "20 s (new)", "02": "9 s (old)"}


def line(doctree, runtime=None, gpu=None):
    metadata = {"book/01": {"exec_data": {"runtime": runtime}}} if runtime else {}
    env = SimpleNamespace(get_doctree=lambda name: doctree, nb_metadata=metadata)
    config = SimpleNamespace(chapters_cpu="a make", chapters_gpu=gpu or {})
    return chapter_times.format_times(SimpleNamespace(env=env, config=config), "book/01")


def test_the_line_says_what_is_known():
    assert line(doctree_of()) == "Reading 1 min"
    on_cpu = "Reading 1 min · all cells 48 s on one core (a make)"
    assert line(doctree_of(), 48.3) == on_cpu
    on_gpu = f"{on_cpu} · on a GPU: 20 s (new)"
    assert line(doctree_of(), 48.3, {"01": "20 s (new)"}) == on_gpu
    for text in ("No chapter, but a page.", ""):
        assert line(publish_doctree(text)) is None


def test_the_line_stands_under_the_first_paragraph():
    doctree = doctree_of()
    env = SimpleNamespace(get_doctree=lambda name: doctree, nb_metadata={})
    chapter_times.add_times(SimpleNamespace(env=env, config=None), doctree, "book/01")
    first, second = doctree.findall(nodes.paragraph)
    assert first.astext().startswith("What you will see")
    assert (second.astext(), second["classes"]) == ("Reading 1 min", ["rl-minutes"])
