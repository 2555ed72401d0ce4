"""Check what is copied into a learner's home."""

import learner_server


def test_a_notebook_that_is_there_is_never_replaced(tmp_path):
    source, home = tmp_path / "source", tmp_path / "book"
    source.mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (source / name).write_text("new")
    home.mkdir()
    (home / "a.ipynb").write_text("edited")
    learner_server.copy_notebooks(source, home)
    found = {path.name: path.read_text() for path in home.iterdir()}
    assert found == {"a.ipynb": "edited", "b.ipynb": "new"}
