"""What a room is: its folder, its address, and who may come in. Read by every other file here."""

import ipaddress
import json
import os
import random
import secrets
import socket
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv-room"  # made by install.py
NOTEBOOKS = ROOT / "_build" / "html" / "colab"  # made by `make book`
PORTS = range(600, 1024)  # root alone may bind them, as long as the next file says 1024
FIRST_FOR_ALL = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class RoomError(Exception):
    """Why a room cannot be opened, and how to mend it; said without a traceback."""


class NoRoomYet(RoomError):
    """No room has been opened in a folder."""


@dataclass(frozen=True)
class Room:
    """A room's settings, kept in its folder so that a hub that starts again finds the same."""

    folder: str = "/var/lib/resnet-room"  # on this machine's own disk, and nowhere in the book
    prefix: str = "learner-"  # the accounts are learner-01, learner-02, …
    ip: str = "127.0.0.1"
    port: int = 8000
    hub_port: int = 0  # on 127.0.0.1, and of PORTS; chosen when the room is opened
    proxy_port: int = 0  # of the proxy's own interface, also on 127.0.0.1
    ssl_key: str = ""
    ssl_cert: str = ""
    subdomain_host: str = ""  # "https://room.example.org": every learner has a domain of their own
    idle_hours: float = 4.0  # after which an unused server is stopped; files stay
    memory: str = ""  # "2G": a hard limit for each learner, which systemd holds
    cores: float = 0.0  # the same of the processor

    @property
    def private(self):
        """Root's own: secrets, the hub's database, the list of pass phrases, logs."""
        return Path(self.folder) / "hub"

    @property
    def homes(self):
        return Path(self.folder) / "homes"

    @property
    def data(self):
        """CIFAR-10, one copy for everybody, which no learner can write to."""
        return Path(self.folder) / "data"

    @property
    def group(self):
        """The system group whose members, and nobody else, may log in."""
        return f"{self.prefix}room"

    @property
    def teacher(self):
        """The account that may see who is there, and start and stop servers."""
        return f"{self.prefix}teacher"

    @property
    def url(self):
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"http{'s' if self.ssl_cert else ''}://{host}:{self.port}"

    def make_folders(self):
        for folder, mode in (
            (Path(self.folder), 0o755),
            (self.private, 0o700),
            (self.homes, 0o755),
            (self.data, 0o755),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(mode)

    def secret(self, name):
        """A secret of this room: 32 random bytes in hexadecimal, made once, readable by root."""
        path = self.private / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text()

    def save(self):
        write_private(self.private / "settings.json", json.dumps(asdict(self), indent=1) + "\n")


def load(folder):
    """The room that was opened in `folder`."""
    path = Path(folder) / "hub" / "settings.json"
    if not path.exists():
        raise NoRoomYet(f"no room has been opened in {folder}; type  make room LEARNERS=30")
    return Room(**json.loads(path.read_text()))


def write_private(path, text):
    """Put `text` into `path`, as a `private_file`."""
    with private_file(path, "w") as file:
        file.write(text)


@contextmanager
def private_file(path, mode):
    """Opened to be written: at no moment readable by another user, and at `path` once complete.

    It is a new file, so nobody has laid a link there that leads to another.
    """
    unfinished = Path(f"{path}.unfinished")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), mode) as file:
        yield file
    unfinished.replace(path)


def free_port():
    """For visitors. Any user may bind it, so hub and proxy have `ports_of_root` between them."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def ports_of_root(count, but):
    """`count` different free ports that root alone may bind, and `but` is none of them.

    A learner who could bind the hub's port while the hub is down would be sent everybody's login,
    and at the proxy's port the hub's token.
    """
    found = []
    for port in random.sample(PORTS, len(PORTS)):
        with suppress(OSError), socket.socket() as one:
            if port != but and not has_a_name(port):
                one.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == count:
            return found
    raise RoomError(
        f"hub and proxy need {count} ports from {PORTS.start} to {PORTS.stop - 1}, and "
        f"{len(found)} can be bound; end a service that has one (ss -tln lists them)"
    )


def has_a_name(port):
    """Whether /etc/services knows a service that may want this port later."""
    try:
        return bool(socket.getservbyport(port, "tcp"))
    except OSError:
        return False


def check_ports():
    """Raise `RoomError` where this machine lets every user bind the ports of root."""
    first = int(FIRST_FOR_ALL.read_text()) if FIRST_FOR_ALL.exists() else PORTS.stop
    if first < PORTS.stop:
        raise RoomError(
            f"every user of this machine may bind ports from {first} on, so a learner could take "
            f"the hub's place and read pass phrases; {PORTS.stop} is expected. Type  sysctl "
            f"net.ipv4.ip_unprivileged_port_start={PORTS.stop}"
        )


def check_address(room, without_tls=False):
    """Raise `RoomError` where pass phrases would cross a network in the clear."""
    try:
        local = ipaddress.ip_address(room.ip).is_loopback
    except ValueError:
        raise RoomError(f"--ip must be an address such as 0.0.0.0; got {room.ip!r}") from None
    if bool(room.ssl_key) != bool(room.ssl_cert):
        raise RoomError("--ssl-key and --ssl-cert belong together; got one of them")
    for path in filter(None, (room.ssl_key, room.ssl_cert)):
        if not Path(path).is_file():
            raise RoomError(f"{path}: there is no such file")
    if not (local or room.ssl_cert or without_tls):
        raise RoomError(
            f"{room.ip} is open to the network, and without TLS everybody in it can read the pass "
            "phrases. Give --ssl-key and --ssl-cert; or leave --ip at 127.0.0.1, with a reverse "
            "proxy that speaks https before it; or, where the network is yours alone, --without-tls"
        )


def closed_to_others(path):
    """The first folder above `path`, or `path` itself, that other users cannot read; else None."""
    path = Path(path).resolve()
    for place in (*reversed(path.parents), path):
        wanted = 0o001 if place != path else 0o005 if place.is_dir() else 0o004
        if place.stat().st_mode & wanted != wanted:
            return place
    return None
