"""Start and stop the processes of a room: the proxy, the hub behind it, and the culler.

The proxy is not a child of the hub, as JupyterHub's documentation advises: while the hub is down,
learners keep their connections and their kernels. The culler stops unused servers and is a child of
the hub.
"""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

from settings import ROOT, RoomError

CONFIG = Path(__file__).parent / "jupyterhub_config.py"
CULLER = "jupyterhub_idle_culler"
PROXY = ROOT / "deploy/node_modules/configurable-http-proxy/bin/configurable-http-proxy"


def start_proxy(room):
    """Start the proxy unless it runs; raises `RoomError` if it does not start."""
    if find_process(room, "proxy"):
        return
    hub = f"http://127.0.0.1:{room.hub_port}"
    command = [
        *("node", PROXY, "--ip", room.ip, "--port", room.port),
        *("--api-ip", "127.0.0.1", "--api-port", room.proxy_port),
        *("--default-target", hub, "--error-target", f"{hub}/hub/error"),
    ]
    if room.ssl_cert:
        command += ["--ssl-key", room.ssl_key, "--ssl-cert", room.ssl_cert]
    if room.subdomain_host:
        command += ["--host-routing"]
    log = room.private / "proxy.log"
    environment = os.environ | {"CONFIGPROXY_AUTH_TOKEN": room.read_secret("proxy_token")}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*map(str, command)], stdout=output, stderr=output, start_new_session=True,
            cwd=room.private, env=environment,
        )  # fmt: skip
    (room.private / "proxy.pid").write_text(str(process.pid))
    wait_for_proxy(room, process, log)


def wait_for_proxy(room, process, log, seconds=30):
    """Return when the proxy answers; raises `RoomError` if it ends or does not answer in time."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{room.proxy_port}/api/routes",
        headers={"Authorization": f"token {room.read_secret('proxy_token')}"},
    )
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return urllib.request.urlopen(request, timeout=5).close()
        except OSError:
            time.sleep(0.2)
    last = log.read_text(errors="replace").strip().splitlines()[-3:]
    raise RoomError("the proxy did not start:\n  " + "\n  ".join(last))


def make_hub_command():
    return [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)]


def make_hub_environment(room):
    return os.environ | {"RESNET_ROOM": room.folder}


def find_process(room, name):
    """Return the process id of the room's `"hub"` or `"proxy"`, or None."""
    try:
        pid = int((room.private / f"{name}.pid").read_text())
        folder = os.readlink(f"/proc/{pid}/cwd")
    except (OSError, ValueError):
        return None
    # Another process may have the number by now; its working folder is another one.
    return pid if folder == str(room.private) else None


def list_cullers(room):
    """List the ids of the cullers of this room's hub and of its killed hubs."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            words = folder.joinpath("cmdline").read_bytes().split(b"\0")
            # A hub's services work in the hub's folder, which is closed to all but root.
            if CULLER.encode() in words and os.readlink(folder / "cwd") == str(room.private):
                found.append(int(folder.name))
    return found


def stop_process(room, name):
    """End the room's `"hub"` or `"proxy"`."""
    end_processes(lambda: filter(None, [find_process(room, name)]))


def stop_cullers(room):
    """End the cullers of the room, because a killed hub leaves its culler running."""
    end_processes(lambda: list_cullers(room))


def end_processes(still_running, seconds=20):
    """End the processes that `still_running()` lists: SIGTERM first, SIGKILL after `seconds`."""
    deadline = time.monotonic() + seconds
    while pids := [*still_running()]:
        for pid in pids:
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
        time.sleep(0.3)
