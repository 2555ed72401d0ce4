"""Wait for what a widget announces to screen readers."""

import re

from playwright.sync_api import expect


def expect_announcement(widget, text, *, and_more=False):
    """Wait until the widget announces `text`, or a longer text that begins with it (`and_more`)."""
    pattern = re.compile(f"^{re.escape(text)}{'' if and_more else '$'}")
    expect(widget.locator(".rl-announcement")).to_have_text(pattern)
