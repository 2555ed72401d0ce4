"""What tests of every folder share."""

import pytest
from chromium import ARGUMENTS, find_chromium
from playwright.sync_api import sync_playwright


@pytest.fixture(scope="session")
def browser():
    path = find_chromium()
    assert path, "no Chromium: python tests/browser/chromium.py finds or installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()
