"""Check the pinned packages of the hub and of its proxy."""

import json
import re

import settings

ROOT = settings.ROOT


def pinned(path):
    """`{package: version}` of what every Python gets; hashes may follow."""
    return dict(re.findall(r"^([^\s=]+)==([^\s;]+)(?: \\)?$", path.read_text(), re.MULTILINE))


def test_hub_and_book_agree_on_every_package_that_both_have():
    hub, book = (pinned(ROOT / name / "requirements.txt") for name in ("deploy", "."))
    assert "jupyterhub" in hub
    assert {name: version for name, version in hub.items() if name in book} == {
        name: version for name, version in book.items() if name in hub
    }


def test_the_lock_of_the_proxy_names_no_registry():
    lock = json.loads((ROOT / "deploy" / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    wanted = json.loads((ROOT / "deploy" / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in one and "integrity" in one for one in packages.values())
