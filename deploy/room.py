"""A room: the book in JupyterHub, for an instructor and some learners, on one machine.

    .venv-room/bin/python deploy/room.py open --learners 30
    .venv-room/bin/python deploy/room.py close | collect FOLDER | remove --yes

Runs as root, because each learner's server runs as a system user of their own. README.md beside
this file goes through a day with it.
"""

import argparse
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import asdict
from pathlib import Path

import accounts
import processes
from learner_server import RUNTIME
from settings import (
    NOTEBOOKS,
    NoRoomYet,
    Room,
    RoomError,
    check_address,
    check_ports,
    closed_to_others,
    load,
    ports_of_root,
)

LONGEST_SOCKET = 107  # characters, in Linux
SOCKET = f"kernel-{uuid.UUID(int=0)}-ipc-5"


def main():
    options = parser().parse_args()
    try:
        if os.geteuid() != 0:
            raise RoomError(
                "a room needs root: every learner's server runs as a user of their own, so that "
                "nobody reads another's files. Type  sudo make room  ; for yourself alone, make lab"
            )
        options.action(options)
    except RoomError as problem:
        raise SystemExit(f"room: {problem}") from None


def parser():
    whole = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = whole.add_subparsers(required=True, metavar="open | close | collect | remove")

    def action(name, do, words):
        one = actions.add_parser(name, help=words, description=words)
        one.add_argument("--folder", default=Room.folder, help="of the room (%(default)s)")
        one.set_defaults(action=do)
        return one

    one = action("open", open_room, "make the accounts that are missing, and start the hub")
    one.add_argument("--learners", type=int, default=0, help="how many accounts there shall be")
    one.add_argument("--data", help="cifar-10-python.tar.gz, where the network is not to be used")
    one.add_argument("--without-data", action="store_true", help="learners fetch their own, if any")
    one.add_argument("--without-tls", action="store_true", help="although the address is public")
    for setting, words in {
        "prefix": "of the accounts' names",
        "ip": "to listen on: 0.0.0.0 is every network of this machine, and asks for TLS",
        "port": "to listen on",
        "ssl_key": "the TLS key's file",
        "ssl_cert": "the TLS certificate's file, with its chain",
        "subdomain_host": "https://room.example.org: a domain for each learner below it",
        "idle_hours": "after which an unused server is stopped",
        "memory": "a hard limit for each learner, such as 2G; needs systemd",
        "cores": "the same of the processor, such as 1.5; needs systemd",
    }.items():
        default = getattr(Room, setting)
        flag = "--" + setting.replace("_", "-")
        said = f"{words} ({default})" if default else words
        kind = absolute if setting in ("ssl_key", "ssl_cert") else type(default)
        one.add_argument(flag, type=kind, default=default, help=said)
    action("close", close_room, "stop all servers, the hub and the proxy; accounts and files stay")
    one = action("collect", collect_work, "each learner's files as an archive")
    one.add_argument("into", help="folder for the archives")
    one = action("remove", remove_room, "close, and delete all accounts with their files")
    one.add_argument("--yes", action="store_true", help="really")
    return whole


def absolute(path):
    """For the proxy, which works elsewhere. Links stay: behind one lies a renewed certificate."""
    return path and os.path.abspath(path)


def open_room(options):
    """Start the hub in the foreground. Ctrl-C stops the hub alone; learners go on meanwhile."""
    folder = Path(options.folder).resolve()  # as /proc says of the processes that work in it
    chosen = {name: getattr(options, name) for name in asdict(Room()) if hasattr(options, name)}
    room = Room(**chosen | {"folder": str(folder)})
    check(room, options)
    ports = None
    try:
        before = load(folder)
        if before.prefix != room.prefix:
            raise RoomError(
                f"the accounts of the room in {folder} begin with {before.prefix!r}, and --prefix "
                f"is {room.prefix!r}; give --prefix {before.prefix}, or another --folder, or end "
                "that room with  room.py remove"
            )
        proxy = processes.running(before, "proxy")
        if proxy and address(before) != address(room):
            raise RoomError(f"this room is open at {before.url}; room.py close  it before it moves")
        # A proxy and servers that run know these two. Else others are chosen, as a service of this
        # machine may have got them since.
        if proxy or accounts.processes({user.pw_uid for user in accounts.of_room(before)}):
            ports = before.hub_port, before.proxy_port
    except NoRoomYet:
        pass
    hub_port, proxy_port = ports or ports_of_root(2, but=room.port)
    room = Room(**asdict(room) | {"hub_port": hub_port, "proxy_port": proxy_port})
    if processes.running(room, "hub"):
        raise RoomError("this room's hub runs already; room.py close  ends it")
    room.make_folders()
    if (closed := closed_to_others(room.homes)) is not None:
        raise RoomError(f"{closed} is closed to other users, and learners' homes lie below it")
    if not options.without_data:
        bring_data(room, options.data)
    room.save()
    new = accounts.add(room, options.learners)
    processes.stop_cullers(room)
    processes.start_proxy(room)
    print(f"The room is at {room.subdomain_host or room.url} (Ctrl-C stops the hub alone)")
    print(f"{len(new)} new accounts; all pass phrases: {room.private / accounts.SHEET}", flush=True)
    os.chdir(room.private)
    os.execve(sys.executable, processes.hub_command(), processes.hub_environment(room))


def address(room):
    """All that the proxy is told when it starts."""
    return room.ip, room.port, room.ssl_key, room.ssl_cert, room.subdomain_host


def check(room, options):
    """Raise `RoomError` for what would come out only when learners are waiting."""
    check_address(room, options.without_tls)
    check_ports()
    sockets = room.homes / room.teacher / RUNTIME / SOCKET
    if len(str(sockets)) > LONGEST_SOCKET:
        raise RoomError(
            f"{room.folder} makes the names of the kernels' sockets {len(str(sockets))} characters "
            f"long, and {LONGEST_SOCKET} are allowed; choose a shorter --folder or --prefix"
        )
    if not any(NOTEBOOKS.glob("*.ipynb")):
        raise RoomError("there are no notebooks to hand out; type  make book")
    if not shutil.which("node"):
        raise RoomError("the proxy needs node, 20 or newer")
    if (room.memory or room.cores) and not Path("/run/systemd/system").is_dir():
        raise RoomError("--memory and --cores are held by systemd, which does not run here")


def bring_data(room, source):
    """One CIFAR-10 for everybody: fetched, or taken from this machine."""
    if (room.data / "cifar10").is_dir():
        return
    words = ["data", *(["--from", source] if source else [])]
    command = [sys.executable, "-m", "resnet_lib", *words]
    told = os.environ | {"RESNET_LIB_CACHE": str(room.data), "TF_CPP_MIN_LOG_LEVEL": "2"}
    if subprocess.run(command, env=told).returncode:
        raise RoomError("no CIFAR-10 for the room; give --data PATH, or --without-data")
    for path in (room.data, *room.data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def close_room(options):
    room = load(options.folder)
    processes.stop(room, "hub")
    processes.stop_cullers(room)
    accounts.end_processes(accounts.of_room(room))
    processes.stop(room, "proxy")
    print("closed; accounts and files are as they were")


def collect_work(options):
    count = accounts.collect(load(options.folder), options.into)
    print(f"the files of {count} accounts: {options.into}")


def remove_room(options):
    room = load(options.folder)
    if not options.yes:
        raise RoomError(
            f"this deletes {len(accounts.of_room(room))} accounts with all their files; after "
            "room.py collect FOLDER  has brought them elsewhere, add --yes"
        )
    close_room(options)
    count = accounts.remove(room)
    shutil.rmtree(room.private)
    print(f"removed: {count} accounts; the data set stays in {room.data}")


if __name__ == "__main__":
    main()
