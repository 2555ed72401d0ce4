"""Runs as the learner, before their server: puts the notebooks that are missing into the home.

    learner_server.py NOTEBOOKS [options of jupyterhub-singleuser]

Nothing that is there is touched: a notebook belongs to the learner once it is copied. Whoever wants
a fresh one deletes or renames theirs, and starts the server again.
"""

import os
import sys
from pathlib import Path

RUNTIME = ".run"


def main():
    os.umask(0o077)  # what a learner writes anywhere, /tmp too, is theirs alone
    notebooks, *options = sys.argv[1:]
    give(Path(notebooks), Path.home() / "book")
    # Kernels' sockets lie here: a socket's path may have 107 characters, and the usual folder's has
    # more.
    os.environ["JUPYTER_RUNTIME_DIR"] = str(Path.home() / RUNTIME)
    # The account's own shell refuses every login; terminals in JupyterLab have a usual one.
    os.environ["SHELL"] = "/bin/bash"
    # -I: nothing in the home is imported by the server, as JupyterHub's security page asks.
    command = [sys.executable, "-I", "-m", "jupyterhub.singleuser", *options]
    os.execv(command[0], command)


def give(notebooks, book):
    book.mkdir(exist_ok=True)
    for source in sorted(notebooks.glob("*.ipynb")):
        unfinished = book / f".{source.name}.{os.getpid()}"
        unfinished.write_bytes(source.read_bytes())
        try:
            os.link(unfinished, book / source.name)  # fails where there is one
        except FileExistsError:
            pass
        finally:
            unfinished.unlink()


if __name__ == "__main__":
    main()
