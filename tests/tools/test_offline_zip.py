"""Use the zip of `make offline` without a network, in a folder whose name has a space."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from functools import cache
from unittest.mock import Mock

import built_book
import numpy as np
import offline_zip
import pytest
from tiny_cifar import TinyCifar

from resnet_lib.data import cifar10, formats

ROOT = built_book.ROOT
HELPERS = ROOT / "tests" / "helpers"
SETUP = """
import builtins, json, sys
builtins.display = print
cells = json.load(open(sys.argv[1], encoding="utf-8"))["cells"]
code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
names = {}
for source in code[:3]:
    exec(source, names)
print("from", names["resnet_lib"].__file__)
"""


@pytest.fixture(scope="module")
def tiny():
    """Make the library accept the tiny CIFAR-10 as the real one."""
    tiny = TinyCifar()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cifar10, "ARCHIVE_URLS", ())
        for name, hashed in tiny.settings([])["ARRAY_SHA256"].items():
            patch.setitem(formats.ARRAY_SHA256, name, hashed)
        yield tiny


@pytest.fixture(scope="module")
def unzipped(tiny, tmp_path_factory):
    """Build the zip, and return the folder into which it unpacks."""
    work = tmp_path_factory.mktemp("offline")
    (work / "cifar.tar.gz").write_bytes(tiny.archive)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESNET_LIB_CACHE", str(work / "cache"))
        cifar10.import_cifar10(work / "cifar.tar.gz")
        parts = offline_zip.build_zip(work / "all.zip", with_data=True)
    assert set(parts) >= {"site", "slides", "notebooks", "data", "START_HERE.html"}
    with zipfile.ZipFile(work / "all.zip") as archive:
        archive.extractall(work / "a memory stick")
    return work / "a memory stick" / offline_zip.TOP_FOLDER


@cache
def without_network():
    """Return the command prefix that cuts the network, or an empty list without permission."""
    prefix = ["unshare", "--net", "--map-root-user"]
    works = shutil.which("unshare") and not subprocess.run([*prefix, "true"], stderr=-3).returncode
    return prefix if works else []


@pytest.fixture
def python(tmp_path):
    """Make a Python that has the packages of this one, but not the book's library."""
    folder = tmp_path / "thin"
    venv.create(folder, symlinks=True)
    packages = folder / f"lib/python{sysconfig.get_python_version()}/site-packages"
    # Named in a .pth, whose own .pth files do not count: an editable install is not seen.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "python"


def run_python(python, *arguments, folder, **environment):
    command = [*without_network(), str(python), *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    kept |= {"PIP_NO_INDEX": "1", **environment}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


# ---------------------------------------------------------------- the zip


def test_the_same_files_pack_alike(tmp_path):
    for number in (1, 2):
        folder = tmp_path / f"{number}"
        for name in sorted(["b/x.txt", "a.txt"], reverse=number == 2):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            os.utime(folder / name, (number * 1e9, number * 1e9))
        offline_zip.write_zip(folder, tmp_path / f"{number}.zip")
    one, other = (tmp_path / f"{number}.zip" for number in (1, 2))
    assert one.read_bytes() == other.read_bytes()
    assert zipfile.ZipFile(one).namelist() == [
        f"{offline_zip.TOP_FOLDER}/{it}" for it in ("a.txt", "b/x.txt")
    ]


def test_the_page_to_start_from_leads_to_all_of_it_and_nothing_names_this_machine(unzipped):
    links = re.findall(r'(?:href|src)="([^"]+)"', (unzipped / "START_HERE.html").read_text())
    assert len(links) > 12
    assert all((unzipped / link).exists() for link in links), links
    notebooks = {path.name for path in built_book.list_chapters() if path.suffix == ".ipynb"}
    assert {path.name for path in (unzipped / "notebooks").iterdir()} == notebooks
    pages = [*unzipped.glob("*.html"), *unzipped.glob("slides/*.html")]
    for path in [*pages, *unzipped.rglob("data/*")]:
        assert path.name != "origin"
        if path.is_file():
            assert str(ROOT).encode() not in path.read_bytes(), path


# ---------------------------------------------------------------- in a browser


def test_site_and_slides_open_without_a_network(browser, unzipped):
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 720})
    asked = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    for link, widget in (("Read the book", "01_more_layers"), ("Show the slides", "More layers")):
        page.goto((unzipped / "START_HERE.html").as_uri())
        page.click(f"text={link}")
        page.click(f"a[href*='{widget}'] >> nth=-1" if "_" in widget else f"text={widget}")
        page.wait_for_selector(".rl-widget .rl", state="attached")
        page.wait_for_selector("mjx-container", state="attached")
    context.close()
    assert len(asked) > 20
    assert [url for url in asked if not url.startswith(("file:", "blob:", "data:"))] == []


# ---------------------------------------------------------------- in Python


def test_a_notebook_installs_the_library_from_the_zip_and_runs(unzipped, python):
    arguments = "-c", SETUP, "04_the_curves_that_made_resnet.ipynb"
    said = run_python(python, *arguments, folder=unzipped / "notebooks")
    assert "The book's library is installed." in said
    assert str(python.parents[1]) in said.splitlines()[-1]
    assert "installed" not in run_python(python, *arguments, folder=unzipped / "notebooks")


def test_the_commands_of_the_page_install_it_and_put_the_data_where_it_looks(
    unzipped, python, tiny, tmp_path
):
    page = (unzipped / "START_HERE.html").read_text()
    (wheel,) = unzipped.glob("*.whl")
    install = f"-m pip install --no-index --no-deps {wheel.name}"
    for command in (install, "-m resnet_lib data --from data"):
        assert f"python {command}" in page
    run_python(python, *install.split(), folder=unzipped)
    settings = json.dumps(tiny.settings([]))
    script = (
        f"import sys; sys.path.append({str(HELPERS)!r}); import json, tiny_cifar;"
        f"tiny_cifar.apply_settings(json.loads({settings!r}));"
        "from resnet_lib.__main__ import main; sys.exit(main(['data', '--from', 'data']))"
    )
    cache = tmp_path / "cache"
    said = run_python(python, "-c", script, folder=unzipped, RESNET_LIB_CACHE=str(cache))
    assert "50 training and 10 test images" in said
    kept = np.load(cache / "cifar10" / "x_train.npy")
    assert np.array_equal(kept, tiny.arrays["x_train"])


def test_damaged_data_do_not_get_into_the_zip(tiny, tmp_path, monkeypatch):
    monkeypatch.setenv("RESNET_LIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(
        cifar10, "download_from_npm", Mock(side_effect=cifar10.FetchError("no npm"))
    )
    (tmp_path / "cifar.tar.gz").write_bytes(tiny.archive)
    cifar10.import_cifar10(tmp_path / "cifar.tar.gz")
    np.save(tmp_path / "cache" / "cifar10" / "y_test.npy", np.zeros(10, "uint8"))
    (tmp_path / "zip").mkdir()
    with pytest.warns(UserWarning, match="damaged"), pytest.raises(built_book.BuildError):
        offline_zip.collect_files(tmp_path / "zip", with_data=True)
    assert not (tmp_path / "zip" / "data").exists()
