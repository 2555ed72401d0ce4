"""Share one open room among the tests of a file, and give a test a room of its own."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[2] / "deploy"))

import accounts
import settings
from rooms import (
    CHAPTER,
    TINY,
    OpenRoom,
    open_folder,
)


@pytest.fixture(scope="module")
def opened():
    """An open room, reached through a link."""
    with open_folder() as parent:
        folder, link = parent / "room", parent / "link"
        link.symlink_to(folder)  # what runs in a room is found through a link as well
        data = folder / "data" / "cifar10"
        data.mkdir(parents=True)
        for name, array in TINY.arrays.items():
            np.save(data / f"{name}.npy", array)
        one = OpenRoom(link)
        yield one
        one.close()
        assert not [user for user in one.phrases if accounts.is_user(user)]


@pytest.fixture(scope="module")
def working(opened):
    """The first learner, in a chapter with a kernel."""
    client = opened.log_in(opened.first)
    client.start_server()
    assert "apputils-extension:announcements" in client.web.get(f"{client.home}/lab").text
    client.open_chapter(f"book/{CHAPTER}")
    return client


@pytest.fixture
def room():
    """A room that is not opened."""
    with open_folder() as folder:
        room = settings.Room(folder=str(folder), prefix=f"ra{os.getpid()}-")
        room.make_folders()
        room.save()
        yield room
        accounts.remove_accounts(room)
