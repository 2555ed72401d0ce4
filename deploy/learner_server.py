"""Copy the missing notebooks into a learner's home, then start the learner's server.

    learner_server.py NOTEBOOKS [options of jupyterhub-singleuser]

Runs as the learner. It replaces no notebook, because a copy belongs to the learner. To get a new
copy, delete or rename the old one and start the server again.
"""

import os
import sys
from pathlib import Path

RUNTIME_FOLDER = ".run"


def main():
    os.umask(0o077)  # only the learner reads new files, also those in /tmp
    notebooks, *options = sys.argv[1:]
    copy_notebooks(Path(notebooks), Path.home() / "book")
    # The path of a kernel's socket may have 107 characters; the default folder makes it longer.
    os.environ["JUPYTER_RUNTIME_DIR"] = str(Path.home() / RUNTIME_FOLDER)
    # The account's shell refuses every login, but terminals in JupyterLab need one.
    os.environ["SHELL"] = "/bin/bash"
    # -I: the server imports nothing from the home, as JupyterHub's security page asks.
    command = [sys.executable, "-I", "-m", "jupyterhub.singleuser", *options]
    os.execv(command[0], command)


def copy_notebooks(notebooks, book):
    """Copy the notebooks that `book` lacks, each in one step."""
    book.mkdir(exist_ok=True)
    for source in sorted(notebooks.glob("*.ipynb")):
        unfinished = book / f".{source.name}.{os.getpid()}"
        unfinished.write_bytes(source.read_bytes())
        try:
            os.link(unfinished, book / source.name)  # fails if there is one
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()


if __name__ == "__main__":
    main()
