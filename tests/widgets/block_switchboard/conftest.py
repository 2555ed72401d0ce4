"""Open the BlockSwitchboard on a page that all tests of a file share.

Every test mounts the widget anew. Its worker's messages are watched, so that a test waits for the
net's answer. What else a click changes is drawn before the click returns.
"""

from functools import cache

import pytest
from reload_widget import reload_widget
from switchboard_page import (
    NAME,
    PATIENCE,
    WATCH,
    settled,
    whole_state,
)

from resnet_lib.widgets.net_in_page.weights_file import list_blocks


@pytest.fixture(scope="module")
def page_of(open_shared_page):
    """`page_of(scheme)`: the one page that is loaded from there."""

    def load(scheme):
        page = open_shared_page(NAME, scheme=scheme, prepare=WATCH)
        page.set_default_timeout(PATIENCE)
        return page

    return cache(load)


@pytest.fixture
def open_board(page_of):
    """`open_board(off=…, net=…, how={…})`: the widget in that state, once its net has spoken."""

    def open_board(*, off=(), scheme="http", page=None, ready=True, how=None, **traits):
        factors = off if hasattr(off, "keys") else dict.fromkeys(off, 0)
        blocks = list_blocks(9 if traits.get("net") == "ResNet-56" else 3)
        scales = [factors.get(name, 1) for name in blocks] if off else []
        page = page or page_of(scheme)
        page.evaluate("watchAnew()")
        state = whole_state() | {"scales": scales} | traits
        board = reload_widget(page, "block_switchboard", state, **(how or {}))
        if ready:
            board.scroll_into_view_if_needed()
            settled(board)
        return board

    return open_board
