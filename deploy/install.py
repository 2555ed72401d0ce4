"""Install JupyterHub into .venv-room, on top of the packages of .venv.

    .venv/bin/python deploy/install.py

`deploy/requirements.txt` is resolved so that both agree, so no package is installed twice. Learners
run this Python, so every user of this machine must be able to run it.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from settings import ROOT, VENV, RoomError, find_closed_folder

DEPLOY = ROOT / "deploy"


def main():
    if not shutil.which("npm"):
        raise SystemExit("node and npm are needed for JupyterHub's proxy: node 20 or newer")
    try:
        install(find_shared_python())
    except RoomError as problem:
        raise SystemExit(str(problem)) from None


def find_shared_python():
    """Find a Python of the version of .venv that all users of this machine can run."""
    version = "python{}.{}".format(*sys.version_info)
    here = Path(sys.base_prefix) / "bin" / version
    tried = []
    for python in (here, Path("/usr/local/bin") / version, Path("/usr/bin") / version):
        if not python.exists():
            tried.append(f"{python}: not there")
        elif (closed := find_closed_folder(python)) is not None:
            tried.append(f"{python}: {closed} is closed to other users")
        else:
            return python
    raise RoomError(
        "learners need a Python that they can run:\n  " + "\n  ".join(tried) + f"\nInstall "
        f"{version} for all users, or remove .venv and type  make book PYTHON=  with one that is"
    )


def install(python):
    """Make .venv-room from `python`, link the packages of .venv, and install the proxy."""
    closed = find_closed_folder(ROOT)
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
    for folder in ("share/jupyter", "etc/jupyter"):  # JupyterLab and its widget extensions
        link = VENV / folder
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(Path(sys.prefix) / folder)
    subprocess.run(["npm", "ci", "--silent", "--no-audit", "--no-fund"], cwd=DEPLOY, check=True)


if __name__ == "__main__":
    main()
