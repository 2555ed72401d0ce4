"""Find the public address of the repository, and of the site that GitHub shows of it.

No extension is needed to ask git; `repository.url` of Jupyter Book is a fixed setting, which every
fork would have to edit. The module does not depend on Sphinx.
"""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import quote, urlsplit

BRANCH = "gh-pages"  # the site and its notebooks; the publishing workflow pushes there


def run_git(folder, *words):
    """Return what git prints, or None if it fails, is missing, or finds no repository."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True)
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def find_repository(folder, environment=os.environ):
    """Return the address from which anybody can clone the repository of `folder`, or None.

    `BOOK_REPOSITORY_URL` comes before the git remote. It goes into public pages: an ssh address
    becomes https, and a name, a password or a token in it is left out. Raises `ValueError` for a
    `BOOK_REPOSITORY_URL` that is no address.
    """
    told = environment.get("BOOK_REPOSITORY_URL", "").strip()
    remotes = (run_git(folder, "remote") or "").split()
    name = "origin" if "origin" in remotes else next(iter(remotes), None)
    address = told or (name and run_git(folder, "remote", "get-url", name))
    if not address:
        return None
    if public := to_public_address(address, folder):
        return public
    if not told:
        return None
    raise ValueError(
        f"BOOK_REPOSITORY_URL is {told!r}; expected an address that git can clone, such as "
        "https://github.com/owner/repository: set it so, or unset it"
    )


def to_public_address(address, folder="."):
    """Return `address` without secrets, as https or file://, or None if it is no address."""
    if (path := Path(folder, address)).exists():
        return path.resolve().as_uri()
    if "://" not in address:  # git@host:owner/repository.git
        address = re.sub(r"^(?:[^@/\s]+@)?([\w-]+(?:\.[\w-]+)+):/*", r"ssh://\1/", address)
    parts = urlsplit(address)
    path = quote(parts.path.rstrip("/"), safe="/%~")  # it stands within quotes in the setup cell
    if parts.scheme == "file":
        return f"file://{path}"
    if parts.scheme not in ("https", "http", "ssh", "git", "git+ssh") or not parts.hostname:
        return None
    if parts.scheme == "http" or (parts.scheme == "https" and parts.port):
        return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{path}"
    return f"https://{parts.hostname}{path}"  # an ssh port says nothing about https


def parse_github_address(address):
    """Return `(owner, repository)` of an address on GitHub, from which Colab opens, else None."""
    pattern = r"https?://(?:www\.)?github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?"
    found = re.fullmatch(pattern, address or "")
    return found.groups() if found else None


def find_site_address(address):
    """Return where GitHub shows the site of the repository at `address`, or None."""
    if not (names := parse_github_address(address)):
        return None
    owner, project = names
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if project.lower() == host else f"https://{host}/{project}/"


def describe_unpublished(folder):
    """Describe what of the library the notebooks' commit lacks, or return None."""
    commit = (run_git(folder, "rev-parse", "HEAD") or "")[:12]
    if run_git(folder, "status", "--porcelain", "--", "resnet_lib", "pyproject.toml"):
        return f"they install commit {commit}, without the edits in resnet_lib"
    if (
        run_git(folder, "remote")
        and run_git(folder, "branch", "--remotes", "--contains", "HEAD") == ""
    ):
        return f"they install commit {commit}, which is not pushed yet"
    return None
