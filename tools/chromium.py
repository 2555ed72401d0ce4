"""Find a Chromium or install one: `python tools/chromium.py`.

Tries an installed browser, then Playwright's download, then the system's package manager, because
some networks allow only one of them.
"""

import os
import shutil
import subprocess
import sys

# The first has no windows and menus, and opens a page in two thirds of the time.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome", "google-chrome-stable", "chrome"),
)
# Chromium refuses to start with a sandbox as root, as in most containers.
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def find_chromium():
    """Return the path of a Chromium on this machine, or None; `$CHROMIUM` comes first."""
    for name in filter(None, (os.environ.get("CHROMIUM"), *NAMES)):
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None


def install_chromium():
    """Try each installer until a Chromium is there, and return the last line of each output."""
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    installers = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get"):
        get = [*root, "apt-get"]
        installers.append([[*get, "update"], [*get, "install", "-y", "chromium-headless-shell"]])
        installers.append([[*get, "install", "-y", "chromium"]])
    if shutil.which("dnf"):
        installers.append([[*root, "dnf", "install", "-y", "chromium"]])
    if shutil.which("apk"):
        installers.append([[*root, "apk", "add", "chromium"]])
    if shutil.which("brew"):
        installers.append([["brew", "install", "--cask", "chromium"]])
    messages = []
    for commands in installers:
        for command in commands:
            print("trying:", " ".join(command), flush=True)
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=600)
                last_line = (done.stderr or done.stdout).strip().splitlines()[-1:]
            except (OSError, subprocess.TimeoutExpired) as error:
                last_line = [str(error)]
            messages.append(f"  {' '.join(command)}: {' '.join(last_line)}")
        if find_chromium():
            break
    return messages


if __name__ == "__main__":
    messages = [] if find_chromium() else install_chromium()
    path = find_chromium()
    if not path:
        sys.exit(
            "No Chromium was found, and none could be installed:\n"
            + "\n".join(messages)
            + "\nInstall one, or name it in the environment variable CHROMIUM"
        )
    print("Chromium:", path)
