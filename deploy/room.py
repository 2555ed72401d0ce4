"""Open, close and remove a room: the book in JupyterHub on one machine.

    .venv-room/bin/python deploy/room.py open --learners 30
    .venv-room/bin/python deploy/room.py close | collect FOLDER | remove --yes

Runs as root, because each learner's server runs as a system user of its own. README.md describes a
day with a room.
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
from learner_server import RUNTIME_FOLDER
from settings import (
    NOTEBOOKS,
    NoRoomError,
    Room,
    RoomError,
    check_address,
    check_ports,
    choose_root_ports,
    find_closed_folder,
    load_room,
)

MAX_SOCKET_PATH = 107  # characters, in Linux
SOCKET_NAME = f"kernel-{uuid.UUID(int=0)}-ipc-5"


def main():
    options = make_parser().parse_args()
    try:
        if os.geteuid() != 0:
            raise RoomError(
                "a room needs root: every learner's server runs as a user of their own, so that "
                "nobody reads another's files. Type  sudo make room  ; for yourself alone, make lab"
            )
        options.action(options)
    except RoomError as problem:
        raise SystemExit(f"room: {problem}") from None


def make_parser():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(required=True, metavar="open | close | collect | remove")

    def add_action(name, function, description):
        action = actions.add_parser(name, help=description, description=description)
        action.add_argument("--folder", default=Room.folder, help="of the room (%(default)s)")
        action.set_defaults(action=function)
        return action

    add_open_options(
        add_action("open", open_room, "make the accounts that are missing, and start the hub")
    )
    add_action(
        "close", close_room, "stop all servers, the hub and the proxy; accounts and files stay"
    )
    collect = add_action("collect", collect_work, "each learner's files as an archive")
    collect.add_argument("into", help="folder for the archives")
    remove = add_action("remove", remove_room, "close, and delete all accounts with their files")
    remove.add_argument("--yes", action="store_true", help="really")
    return parser


def add_open_options(parser):
    """Add the options of `room.py open`: how to fill the room, and the settings of a `Room`."""
    add = parser.add_argument
    add("--learners", type=int, default=0, help="how many accounts there shall be")
    add("--data", help="cifar-10-python.tar.gz, where the network is not to be used")
    add("--without-data", action="store_true", help="learners fetch their own, if any")
    add("--without-tls", action="store_true", help="although the address is public")
    for setting, description in {
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
        text = f"{description} ({default})" if default else description
        kind = make_absolute if setting in ("ssl_key", "ssl_cert") else type(default)
        add(flag, type=kind, default=default, help=text)


def make_absolute(path):
    """Make a path absolute for the proxy, which works elsewhere, but follow no link.

    A renewed certificate is another file behind the same link.
    """
    return path and os.path.abspath(path)


def open_room(options):
    """Start the hub in the foreground. Ctrl-C stops only the hub; learners go on meanwhile."""
    folder = Path(options.folder).resolve()  # as /proc names the working folder of a process
    chosen = {name: getattr(options, name) for name in asdict(Room()) if hasattr(options, name)}
    room = Room(**chosen | {"folder": str(folder)})
    check_room(room, options)
    hub_port, proxy_port = find_ports_in_use(room) or choose_root_ports(2, excluding=room.port)
    room = Room(**asdict(room) | {"hub_port": hub_port, "proxy_port": proxy_port})
    if processes.find_process(room, "hub"):
        raise RoomError("this room's hub runs already; room.py close  ends it")
    room.make_folders()
    if (closed := find_closed_folder(room.homes)) is not None:
        raise RoomError(f"{closed} is closed to other users, and learners' homes lie below it")
    if not options.without_data:
        fetch_data(room, options.data)
    room.save()
    new = accounts.add_accounts(room, options.learners)
    processes.stop_cullers(room)
    processes.start_proxy(room)
    print(f"The room is at {room.subdomain_host or room.url} (Ctrl-C stops the hub alone)")
    print(f"{len(new)} new accounts; all pass phrases: {room.private / accounts.SHEET}", flush=True)
    os.chdir(room.private)
    command, environment = processes.make_hub_command(), processes.make_hub_environment(room)
    os.execve(sys.executable, command, environment)


def find_ports_in_use(room):
    """Return the ports of hub and proxy that running processes of this room know, or None.

    Otherwise other ports are chosen, because a service of this machine may have got the old ones.
    Raises `RoomError` if the room in this folder has another prefix, or is open elsewhere.
    """
    try:
        before = load_room(room.folder)
    except NoRoomError:
        return None
    if before.prefix != room.prefix:
        raise RoomError(
            f"the accounts of the room in {room.folder} begin with {before.prefix!r}, and --prefix "
            f"is {room.prefix!r}; give --prefix {before.prefix}, or another --folder, or end "
            "that room with  room.py remove"
        )
    proxy = processes.find_process(before, "proxy")
    if proxy and list_proxy_options(before) != list_proxy_options(room):
        raise RoomError(f"this room is open at {before.url}; room.py close  it before it moves")
    users = accounts.list_users(before)
    if proxy or accounts.list_processes({user.pw_uid for user in users}):
        return before.hub_port, before.proxy_port
    return None


def list_proxy_options(room):
    """List the settings that the proxy gets when it starts."""
    return room.ip, room.port, room.ssl_key, room.ssl_cert, room.subdomain_host


def check_room(room, options):
    """Raise `RoomError` for problems that would appear only when learners are waiting."""
    check_address(room, options.without_tls)
    check_ports()
    socket_path = room.homes / room.teacher / RUNTIME_FOLDER / SOCKET_NAME
    length = len(str(socket_path))
    if length > MAX_SOCKET_PATH:
        raise RoomError(
            f"{room.folder} makes the names of the kernels' sockets {length} characters "
            f"long, and {MAX_SOCKET_PATH} are allowed; choose a shorter --folder or --prefix"
        )
    if not any(NOTEBOOKS.glob("*.ipynb")):
        raise RoomError("there are no notebooks to hand out; type  make book")
    if not shutil.which("node"):
        raise RoomError("the proxy needs node, 20 or newer")
    if (room.memory or room.cores) and not Path("/run/systemd/system").is_dir():
        raise RoomError("--memory and --cores are held by systemd, which does not run here")


def fetch_data(room, source):
    """Put one CIFAR-10 for everybody into the room, from the network or from the file `source`."""
    if (room.data / "cifar10").is_dir():
        return
    arguments = ["data", *(["--from", source] if source else [])]
    command = [sys.executable, "-m", "resnet_lib", *arguments]
    environment = os.environ | {"RESNET_LIB_CACHE": str(room.data), "TF_CPP_MIN_LOG_LEVEL": "2"}
    if subprocess.run(command, env=environment).returncode:
        raise RoomError("no CIFAR-10 for the room; give --data PATH, or --without-data")
    for path in (room.data, *room.data.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def close_room(options):
    room = load_room(options.folder)
    processes.stop_process(room, "hub")
    processes.stop_cullers(room)
    accounts.end_processes(accounts.list_users(room))
    processes.stop_process(room, "proxy")
    print("closed; accounts and files are as they were")


def collect_work(options):
    count = accounts.collect_homes(load_room(options.folder), options.into)
    print(f"the files of {count} accounts: {options.into}")


def remove_room(options):
    room = load_room(options.folder)
    if not options.yes:
        raise RoomError(
            f"this deletes {len(accounts.list_users(room))} accounts with all their files; after "
            "room.py collect FOLDER  has brought them elsewhere, add --yes"
        )
    close_room(options)
    count = accounts.remove_accounts(room)
    shutil.rmtree(room.private)
    print(f"removed: {count} accounts; the data set stays in {room.data}")


if __name__ == "__main__":
    main()
