"""What a widget says to screen readers, which it does once the reader has come to rest."""

from playwright.sync_api import expect

PATIENCE = 10_000  # ms


def until_said(widget, text):
    """Wait until the widget's words contain `text`."""
    expect(widget.locator(".rl-words")).to_contain_text(text, timeout=PATIENCE)
