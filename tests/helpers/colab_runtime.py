"""Run notebooks in a fresh environment with the packages of Colab.

`make test-all` puts the packages into .venv-colab; a runtime is a thin environment over them.
A notebook installs into its own runtime and never changes the packages.
"""

import json
import shutil
import subprocess
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / ".venv-colab"
STAND_IN = ROOT / "tests" / "colab"  # google.colab


def commit_working_tree(folder):
    """Commit the working tree to a new git repository, and return its address and commit."""
    folder.mkdir()

    def git(*words, cwd=folder):
        who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
        command = ["git", *who, *words]
        return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

    for name in git("ls-files", "-coz", "--exclude-standard", cwd=ROOT).split("\0"):
        if (ROOT / name).is_file():  # not one that is deleted but still known to git
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git("init", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", "The working tree")
    return folder.as_uri(), git("rev-parse", "HEAD").strip()


class Runtime:
    """A Python with the packages of .venv-colab, `google.colab` imported, and no resnet_lib."""

    def __init__(self, folder):
        self.folder = folder
        python = PACKAGES / "bin" / "python"
        venv = [python, "-m", "venv", "--without-pip", folder / "env"]
        subprocess.run(venv, check=True)
        (self.own,) = (folder / "env").glob("lib/python*/site-packages")
        (theirs,) = PACKAGES.glob("lib/python*/site-packages")
        (self.own / "runtime.pth").write_text(f"{theirs}\n{STAND_IN}\n")
        self.python = folder / "env" / "bin" / "python"
        # git alone of what this machine has besides: no npm, which could fetch the data set.
        tools = folder / "tools"
        tools.mkdir()
        (tools / "git").symlink_to(shutil.which("git"))
        launch = [self.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        launch = [*map(str, launch), "--IPKernelApp.exec_lines=import google.colab.output"]
        told = {
            "PATH": f"{self.python.parent}:{tools}",
            "PYTHONPATH": "",
            "CUDA_VISIBLE_DEVICES": "",
        }
        told |= {"KERAS_HOME": str(folder / "keras"), "RESNET_LIB_CACHE": str(folder / "cache")}
        spec = {"argv": launch, "display_name": "runtime", "language": "python", "env": told}
        (folder / "kernels" / "runtime").mkdir(parents=True)
        (folder / "kernels" / "runtime" / "kernel.json").write_text(json.dumps(spec))

    def pip(self, *words):
        command = [self.python, "-m", "pip", *words]
        return subprocess.run(command, capture_output=True, text=True, cwd=self.folder)

    def packages(self):
        """`{"keras==3.8.0", …}`"""
        return set(self.pip("list", "--format=freeze").stdout.split())

    def run(self, notebook, timeout=300):
        """Run all cells of `notebook`, a dict, from a new kernel; returns it with its outputs."""
        notebook = nbformat.from_dict(notebook)
        work = self.folder / "content"
        work.mkdir(exist_ok=True)
        specs = KernelSpecManager(kernel_dirs=[str(self.folder / "kernels")])
        kernel = AsyncKernelManager(kernel_name="runtime", kernel_spec_manager=specs)
        there = {"metadata": {"path": str(work)}}
        client = NotebookClient(notebook, km=kernel, timeout=timeout, resources=there)
        client.execute(cleanup_kc=True)  # else a kernel that is handed over lives on
        return notebook
