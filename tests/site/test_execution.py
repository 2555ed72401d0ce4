"""The build runs the chapters side by side, names each that fails, and keeps the others."""

import os
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_cache import get_cache
from notebooks import execution
from sphinx.errors import ExtensionError

MEET = """import pathlib, time
here = pathlib.Path({folder!r}, {name!r})
here.write_text("")
while len(list(here.parent.iterdir())) < 2:  # the chapter's time-out ends a build in series
    time.sleep(0.01)
print("met")"""


@pytest.fixture
def book(tmp_path):
    """`book(name=source, …)`: a book of one notebook a name, with one cell, and how to run them."""

    def make(**cells):
        for name, source in cells.items():
            notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source, id="one")])
            nbformat.write(notebook, tmp_path / f"{name}.ipynb")
        config = SimpleNamespace(
            nb_execution_cache_path=str(tmp_path / "cache"), nb_execution_timeout=60
        )
        env = SimpleNamespace(doc2path=lambda name: str(tmp_path / f"{name}.ipynb"))
        return lambda: execution.run_chapters(SimpleNamespace(config=config), env, list(cells))

    return make


def test_chapters_run_at_the_same_time_and_once(book, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(execution, "count_workers", lambda chapters: 2)
    (tmp_path / "met").mkdir()
    run = book(**{name: MEET.format(folder=str(tmp_path / "met"), name=name) for name in "ab"})
    run()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "Running 2 chapters, 2 at a time, the longest first:"
    assert [line[:12] for line in said[1:]] == ["   1 of 2   ", "   2 of 2   "]
    assert {line.split()[-1] for line in said[1:]} == {"a", "b"}
    cache = get_cache(tmp_path / "cache")
    for record in cache.list_cache_records():
        (cell,) = cache.get_cache_bundle(record.pk).nb.cells
        assert cell.outputs[0].text == "met\n"
        assert record.data["execution_seconds"] > 0
    run()
    assert capsys.readouterr().out == "", "both are in the cache"


def test_every_chapter_that_fails_is_named_and_the_others_are_kept(book, tmp_path):
    run = book(
        divides="1 / 0", dies="import os; os.write(2, b'out of luck'); os._exit(3)", well="6 * 7"
    )
    with pytest.raises(ExtensionError) as failure:
        run()
    assert "divides.ipynb failed" in str(failure.value)
    assert "ZeroDivisionError" in str(failure.value)
    assert "dies.ipynb failed" in str(failure.value)
    assert "DeadKernelError" in str(failure.value)
    assert "out of luck" in str(failure.value), "what the kernel wrote before it died"
    (kept,) = get_cache(tmp_path / "cache").list_cache_records()
    assert kept.uri.endswith("well.ipynb")


@pytest.mark.parametrize(
    ("cores", "free", "chapters", "workers"),
    [(2, 8e9, 10, 2), (8, 4e9, 10, 2), (8, 32e9, 3, 3), (4, 1e9, 10, 1), (4, None, 10, 4)],
)
def test_as_many_run_as_cores_and_memory_allow(monkeypatch, cores, free, chapters, workers):
    monkeypatch.setattr(execution, "usable_cores", lambda: range(cores))
    monkeypatch.setattr(execution, "read_memory", lambda: free and (free, 64e9))
    assert execution.count_workers(chapters) == workers


def test_a_kernel_uses_one_thread_unless_the_user_says(monkeypatch):
    for name in execution.THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    with execution.single_threaded_kernels():
        assert os.environ["TF_NUM_INTRAOP_THREADS"] == "1"
        assert os.environ["OMP_NUM_THREADS"] == "3"
    assert "TF_NUM_INTRAOP_THREADS" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_the_longest_chapters_are_known_from_the_benchmark():
    assert max(execution.load_recorded_seconds().values()) > 5
