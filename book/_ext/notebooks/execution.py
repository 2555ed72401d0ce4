"""Run the chapters that the cache lacks in parallel, before Sphinx reads them one by one.

MyST-NB runs a notebook when it reads its page, and Jupyter Book lets Sphinx read one page after the
other. The parallel executor of jupyter-cache runs the files on disk, where an exercise is not yet
split, and starts as many kernels as there are cores, whatever the memory. This module puts its
results into that cache, where MyST-NB finds them.
"""

import json
import os
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from sphinx.errors import ExtensionError

from notebooks.exercises import split_exercises

sys.path.append(str(Path(__file__).parents[3]))  # of benchmarks

from benchmarks.result_files import load_records
from resnet_lib.processor import read_memory, usable_cores

BYTES_PER_CHAPTER = 1.5e9  # the heaviest chapter, and a reserve for other programs
# One core for each chapter, also if it runs alone, so that the seconds on the pages compare.
THREAD_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")


def run_chapters(app, env, docnames):
    """Run the notebooks of `docnames` that are not cached (event `env-before-read-docs`).

    Raises `ExtensionError`, which names every chapter that failed and shows its traceback.
    """
    cache = get_cache(app.config.nb_execution_cache_path)
    paths = [Path(env.doc2path(name)) for name in docnames]
    notebooks = {path: read_notebook(path) for path in paths if path.suffix == ".ipynb"}
    waiting = [path for path in notebooks if not is_cached(cache, notebooks[path])]
    if not waiting:
        return
    known = load_recorded_seconds()
    waiting.sort(key=lambda path: known.get(path.stem, float("inf")), reverse=True)
    workers = count_workers(len(waiting))
    report(f"Running {len(waiting)} chapters, {workers} at a time, the longest first:")
    failed = []
    with single_threaded_kernels(), ThreadPoolExecutor(workers) as pool:
        timeout = app.config.nb_execution_timeout
        jobs = {pool.submit(run_notebook, path, notebooks[path], timeout): path for path in waiting}
        for done, job in enumerate(as_completed(jobs), 1):
            path, (seconds, problem) = jobs[job], job.result()
            if problem is None:
                data = {"execution_seconds": seconds}
                bundle = CacheBundleIn(notebooks[path], str(path), data=data)
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            else:
                failed.append(f"{path.name} failed:\n{problem}")
            end = " FAILED" if problem else ""
            report(f"{done:4} of {len(waiting)}  {seconds:4.0f} s  {path.stem}{end}")
    if failed:
        raise ExtensionError("\n".join(failed))


def read_notebook(path):
    """Read the notebook at `path` as MyST-NB will see it, with its exercises split."""
    notebook = split_exercises(json.loads(path.read_bytes()))
    return nbformat.reads(json.dumps(notebook), as_version=4)


def is_cached(cache, notebook):
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def run_notebook(path, notebook, timeout):
    """Run `notebook` in place: `(seconds, problem)`, where the problem is a traceback or None."""
    began = time.perf_counter()
    problem = None
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=timeout, resources=folder, record_timing=False)
    # A kernel's log is shown only if the chapter fails, as TensorFlow always writes to it.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            client.execute(stderr=log)
        except Exception:  # the other chapters run on
            log.seek(0)
            problem = f"{traceback.format_exc()}\nThe kernel's log:\n{log.read()}"
    return time.perf_counter() - began, problem


def load_recorded_seconds():
    """Load `{chapter: seconds}` as `make bench SECTIONS=chapters` measured them, on any machine."""
    rows = [row for one in load_records() for row in one.get("chapters", {}).get("rows", [])]
    return {row["chapter"]: row["seconds"] for row in rows if "error" not in row}


def count_workers(chapters):
    """Count how many chapters run at once: one per core, if there is memory for all."""
    sizes = read_memory()
    cores = len(usable_cores())
    fit = cores if sizes is None else min(cores, sizes[0] // BYTES_PER_CHAPTER)
    return int(max(1, min(fit, chapters)))


@contextmanager
def single_threaded_kernels():
    """Let kernels that start here use one thread, unless the user sets the variables."""
    ours = {name: "1" for name in THREAD_VARIABLES if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def report(text):
    print(text, flush=True)  # `jupyter-book -q` hides what Sphinx reports


def setup(app):
    app.connect("env-before-read-docs", run_chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
