"""What a widget says to screen readers, which it does once the reader has come to rest."""

import re

from playwright.sync_api import expect


def until_said(widget, text, *, and_more=False):
    """Wait until the widget's words are `text`, or begin with it if `and_more`."""
    pattern = re.compile(f"^{re.escape(text)}{'' if and_more else '$'}")
    expect(widget.locator(".rl-announcement")).to_have_text(pattern)
