"""Makes .venv-room: JupyterHub, over the packages of .venv, in which the book was built.

    .venv/bin/python deploy/install.py

Nothing of the book is installed twice: `deploy/requirements.txt` is resolved so that both agree.
Learners run this Python, so it starts from one that every user of this machine can run.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from settings import ROOT, VENV, RoomError, closed_to_others

DEPLOY = ROOT / "deploy"


def main():
    if not shutil.which("npm"):
        raise SystemExit("node and npm are needed for JupyterHub's proxy: node 20 or newer")
    try:
        install(open_python())
    except RoomError as problem:
        raise SystemExit(str(problem)) from None


def open_python():
    """A Python of the version of .venv, and not below a folder that is closed to other users."""
    version = "python{}.{}".format(*sys.version_info)
    here = Path(sys.base_prefix) / "bin" / version
    tried = []
    for python in (here, Path("/usr/local/bin") / version, Path("/usr/bin") / version):
        if not python.exists():
            tried.append(f"{python}: not there")
        elif (closed := closed_to_others(python)) is not None:
            tried.append(f"{python}: {closed} is closed to other users")
        else:
            return python
    raise RoomError(
        "learners need a Python that they can run:\n  " + "\n  ".join(tried) + f"\nInstall "
        f"{version} for all users, or remove .venv and type  make book PYTHON=  with one that is"
    )


def install(python):
    closed = closed_to_others(ROOT)
    if closed is not None:
        raise RoomError(
            f"{closed} is closed to other users, and learners read the book from {ROOT}; "
            "clone it where everybody can read, such as /srv"
        )
    subprocess.run([python, "-m", "venv", "--clear", "--without-pip", VENV], check=True)
    pip = [sys.executable, "-m", "pip", "--python", VENV / "bin" / "python", "install", "--quiet"]
    subprocess.run([*pip, "--requirement", DEPLOY / "requirements.txt"], check=True)
    (own,) = VENV.glob("lib/python*/site-packages")
    book = Path(sysconfig.get_path("purelib"))
    (own / "book.pth").write_text(f"{book}\n{ROOT}\n")
    for folder in ("share/jupyter", "etc/jupyter"):  # JupyterLab itself, the widgets' side of it
        link = VENV / folder
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(Path(sys.prefix) / folder)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=DEPLOY, check=True)


if __name__ == "__main__":
    main()
