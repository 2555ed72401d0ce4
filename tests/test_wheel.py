"""Build the wheel, and use it apart from the checkout."""

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]
DRAW = """
import resnet_lib
from resnet_lib.widgets.catalog import WIDGETS
print(resnet_lib.__file__)
for name in ("ArchitectureExplorer", "ErrorCurves", "BlockSwitchboard"):
    data, _ = WIDGETS[name]()._repr_mimebundle_()
    print(name, "<img" in data["text/html"], len(WIDGETS[name]._esm) > 5000)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the files that git knows."""
    source, built = (tmp_path_factory.mktemp(name) for name in ("source", "built"))
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        if name.startswith("resnet_lib/") or name in ("pyproject.toml", "README.md", "LICENSE"):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", built]
    done = subprocess.run([*command, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = built.glob("*.whl")
    return source, file


def test_the_wheel_contains_every_module_and_data_file(wheel):
    source, file = wheel
    files = (path for path in (source / "resnet_lib").rglob("*") if path.is_file())
    wanted = {path.relative_to(source).as_posix() for path in files if path.suffix != ".wat"}
    with ZipFile(file) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert found == wanted


def test_command_line_and_widgets_work_from_the_wheel(wheel, tmp_path):
    with ZipFile(wheel[1]) as archive:
        archive.extractall(tmp_path / "installed")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}

    def python(*arguments):
        command = [sys.executable, *arguments]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "train" in python("-m", "resnet_lib", "--help")
    where, *widgets = python("-c", DRAW).splitlines()
    assert Path(where).is_relative_to(tmp_path)
    assert widgets == [
        f"{name} True True" for name in ("ArchitectureExplorer", "ErrorCurves", "BlockSwitchboard")
    ]
