"""Pack the book for rooms without a network into `_build/resnet-offline.zip`.

The zip holds the site, the slides, the notebooks, the library as a wheel and, with `--with-data`,
CIFAR-10. `START_HERE.html` links to all of them. The same commit and the same build give the same
file.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import built_book
from jinja2 import Environment, FileSystemLoader
from notebooks.repository import run_git
from slides.build import build_slides

from resnet_lib.data import cifar10

ZIP = built_book.BUILD / "resnet-offline.zip"
TOP_FOLDER = "resnet-offline"
TEMPLATES = Path(__file__).parent / "templates" / "offline"
ZIP_EPOCH = 315532800  # s; 1980-01-01, the first date that a zip can store
DESCRIPTIONS = {  # of the parts of the zip
    "site": "the book as web pages",
    "slides": "slides of every chapter",
    "notebooks": "the chapters to run",
    "data": "CIFAR-10, checked by its SHA-256",
}


def read_commit_time():
    """Return the time of the commit in seconds since 1970, or 1980 without a repository."""
    return int(run_git(built_book.ROOT, "log", "-1", "--format=%ct") or ZIP_EPOCH)


def build_wheel(folder, root=built_book.ROOT):
    """Build the library's wheel into `folder`.

    It is built from a copy, because setuptools leaves files beside the sources.
    """
    with tempfile.TemporaryDirectory() as work:
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(root / name, work)
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(root / "resnet_lib", Path(work, "resnet_lib"), ignore=unwanted)
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index"]
        command = [*pip, "--no-build-isolation", "--wheel-dir", folder, work]
        environment = os.environ | {"SOURCE_DATE_EPOCH": str(read_commit_time())}
        subprocess.run(command, check=True, env=environment)
    (wheel,) = folder.glob("resnet_lib-*.whl")
    return wheel


def collect_files(folder, *, with_data=False):
    """Put all content of the zip into `folder`."""
    built_book.require_site()
    if with_data:
        try:
            cifar10.load_cifar10()  # fetched where it is missing, and its SHA-256 checked
        except cifar10.DataError as error:
            raise built_book.BuildError(error) from error
        (folder / "data" / "cifar10").mkdir(parents=True)
        for path in (cifar10.cache_folder() / "cifar10").glob("*.npy"):
            shutil.copy(path, folder / "data" / "cifar10")
    shutil.copytree(built_book.SITE, folder / "site")
    shutil.copytree(built_book.SITE / "colab", folder / "notebooks")
    build_slides(folder / "slides")
    wheel = build_wheel(folder)
    notebooks = sorted(path.name for path in (folder / "notebooks").iterdir())
    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    page = templates.get_template("START_HERE.html").render(
        wheel=wheel.name, notebooks=notebooks, with_data=with_data
    )
    (folder / "START_HERE.html").write_text(page, encoding="utf-8")


def write_zip(folder, target):
    """Write all files of `folder` in order and with one date, for a reproducible zip."""
    date = time.gmtime(read_commit_time())[:6]
    target.unlink(missing_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            member = zipfile.ZipInfo(f"{TOP_FOLDER}/{path.relative_to(folder).as_posix()}", date)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes())


def build_zip(target=ZIP, *, with_data=False):
    """Write the zip, and return `{part: bytes}` of its unpacked parts."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work, TOP_FOLDER)
        folder.mkdir()
        collect_files(folder, with_data=with_data)
        write_zip(folder, target)
        return {
            part.name: sum(
                path.stat().st_size for path in (part, *part.rglob("*")) if path.is_file()
            )
            for part in sorted(folder.iterdir())
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--with-data", action="store_true", help="put CIFAR-10 into it, 170 MB")
    parts = build_zip(with_data=parser.parse_args().with_data)
    for name, size in parts.items():
        print(f"{size / 1e6:7.1f} MB  {name:34} {DESCRIPTIONS.get(name, '')}".rstrip())
    print(f"{ZIP.stat().st_size / 1e6:7.1f} MB  _build/{ZIP.name}")


if __name__ == "__main__":
    built_book.run_command(main)
