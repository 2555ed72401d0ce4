"""Check the notebooks and the environment that Binder gets."""

import json
import os
import subprocess

import built_book
import export_notebooks
import nbformat
import pytest
import settings
from notebooks.exercises import extract_solution, is_tagged, join_source

ROOT = settings.ROOT


def test_binder_hands_out_notebooks_to_be_solved_without_a_build(tmp_path, monkeypatch):
    """The script as it stands, in a clone without a build; the library is installed already."""
    monkeypatch.setattr(built_book, "BUILD", tmp_path / "nothing was built")
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert "PYTHONPATH=book/_ext python tools/export_notebooks.py notebooks\n" in script.read_text()
    files = [path for path in built_book.list_chapters() if path.suffix == ".ipynb"]
    written = export_notebooks.write_notebooks(tmp_path / "notebooks")
    assert [path.name for path in written] == [path.name for path in files]
    for path, chapter in zip(written, files, strict=True):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        text = "\n".join(cell.source for cell in notebook.cells)
        cells = json.loads(chapter.read_bytes())["cells"]
        stubs = [cell for cell in cells if is_tagged(cell, "exercise")]
        assert "BEGIN SOLUTION" not in text
        assert text.count("Show the solution") >= len(stubs) > 0
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert not any(extract_solution(join_source(stub)) in cell.source for stub in stubs)


def test_a_link_of_a_notebook_leads_to_a_file_where_no_site_is_published(tmp_path):
    places = export_notebooks.find_addresses(tmp_path, None)
    assert places["02_the_residual_block"] == "02_the_residual_block.ipynb"
    assert (tmp_path / places["glossary"]).samefile(ROOT / "book" / "glossary.md")
    site = "https://owner.github.io/book/"
    assert (
        export_notebooks.find_addresses(tmp_path, site)["glossary"] == f"{site}book/glossary.html"
    )


def test_binder_builds_what_is_pinned_here(monkeypatch):
    app = pytest.importorskip("repo2docker.app", reason="no jupyter-repo2docker").Repo2Docker()
    monkeypatch.chdir(ROOT)
    packs = (pack(app.base_image) for pack in app.buildpacks)
    build = next(pack for pack in packs if pack.detect())
    build.platform = "linux/amd64"
    assert type(build).__name__ == "PythonBuildPack"
    assert build.python_version == "3.11"
    dockerfile = build.render()
    assert 'install --no-cache-dir -r ".binder/requirements.txt"' in dockerfile
    assert "RUN ./.binder/postBuild" in dockerfile
    assert (ROOT / ".binder" / "requirements.txt").read_text() == "-r ../requirements.txt\n"
