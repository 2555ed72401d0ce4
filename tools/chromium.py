"""Find a Chromium, or install one: `python tools/chromium.py` does what it takes.

An existing browser first, then Playwright's own download, then the system's package manager: on
some networks only one of the three can be had.
"""

import os
import shutil
import subprocess
import sys

# The first is the same engine without windows and menus: a page opens in two thirds of the time.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "chrome"),
)
# No sandbox: as root, as in most containers, Chromium refuses to start with one.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find_chromium():
    """Path of a Chromium on this machine, or None. The environment's `CHROMIUM` goes first."""
    for name in filter(None, (os.environ.get("CHROMIUM"), *NAMES)):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install_chromium():
    """Try each way in turn until a Chromium is there; returns what each one said."""
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    ways = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get"):
        get = [*root, "apt-get"]
        ways.append([[*get, "update"], [*get, "install", "-y", "chromium-headless-shell"]])
        ways.append([[*get, "install", "-y", "chromium"]])
    if shutil.which("dnf"):
        ways.append([[*root, "dnf", "install", "-y", "chromium"]])
    if shutil.which("apk"):
        ways.append([[*root, "apk", "add", "chromium"]])
    if shutil.which("brew"):
        ways.append([["brew", "install", "--cask", "chromium"]])
    said = []
    for commands in ways:
        for command in commands:
            print("trying:", " ".join(command), flush=True)
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=600)
                words = (done.stderr or done.stdout).strip().splitlines()[-1:]
            except (OSError, subprocess.TimeoutExpired) as problem:
                words = [str(problem)]
            said.append(f"  {' '.join(command)}: {' '.join(words)}")
        if find_chromium():
            break
    return said


if __name__ == "__main__":
    said = [] if find_chromium() else install_chromium()
    if not (found := find_chromium()):
        sys.exit(
            "The browser tests need a Chromium and none could be had:\n"
            + "\n".join(said)
            + "\nInstall one, or name it in the environment variable CHROMIUM"
        )
    print("Chromium:", found)
