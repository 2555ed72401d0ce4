"""Define, save and check the settings of a room, for all other modules here."""

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
ROOT_PORTS = range(600, 1024)  # only root may bind them if the next file says 1024
FIRST_UNPRIVILEGED_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


class RoomError(Exception):
    """Say why a room cannot be opened and how to fix it; shown without a traceback."""


class NoRoomError(RoomError):
    """Say that no room has been opened in a folder."""


@dataclass(frozen=True)
class Room:
    """Hold the settings of a room, which its folder stores for the next start of the hub."""

    folder: str = "/var/lib/resnet-room"  # on a local disk, and not inside the book
    prefix: str = "learner-"  # the accounts are learner-01, learner-02, …
    ip: str = "127.0.0.1"
    port: int = 8000
    hub_port: int = 0  # on 127.0.0.1, one of ROOT_PORTS, chosen when the room opens
    proxy_port: int = 0  # of the proxy's interface, as hub_port
    ssl_key: str = ""
    ssl_cert: str = ""
    subdomain_host: str = ""  # "https://room.example.org": every learner has a subdomain
    idle_hours: float = 4.0  # after which an unused server is stopped; files stay
    memory: str = ""  # "2G": a hard limit for each learner, set by systemd
    cores: float = 0.0  # a hard limit of the processor

    @property
    def private(self):
        """The folder of root: secrets, the hub's database, pass phrases and logs."""
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

    def read_secret(self, name):
        """Read a secret of the room, or make one: 32 random bytes in hexadecimal."""
        path = self.private / name
        if not path.exists():
            write_private(path, secrets.token_hex(32))
        return path.read_text()

    def save(self):
        write_private(self.private / "settings.json", json.dumps(asdict(self), indent=1) + "\n")


def load_room(folder):
    """Load the settings of the room in `folder`."""
    path = Path(folder) / "hub" / "settings.json"
    if not path.exists():
        raise NoRoomError(f"no room has been opened in {folder}; type  make room LEARNERS=30")
    return Room(**json.loads(path.read_text()))


def write_private(path, text):
    """Write `text` to `path` through a `private_file`."""
    with private_file(path, "w") as file:
        file.write(text)


@contextmanager
def private_file(path, mode):
    """Open a file that no other user can read at any moment; it is at `path` once complete.

    It is a new file, so that it follows no link that a user put there.
    """
    unfinished = Path(f"{path}.unfinished")
    unfinished.unlink(missing_ok=True)
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), mode) as file:
        yield file
    unfinished.replace(path)


def find_free_port():
    """Find a free port for visitors; hub and proxy use `choose_root_ports` between them."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def choose_root_ports(count, excluding):
    """Choose `count` different free ports that only root may bind, none of them `excluding`.

    A learner who could bind the hub's port while the hub is down would receive every login, and at
    the proxy's port the hub's token.
    """
    found = []
    for port in random.sample(ROOT_PORTS, len(ROOT_PORTS)):
        with suppress(OSError), socket.socket() as one:
            if port != excluding and not is_reserved_port(port):
                one.bind(("127.0.0.1", port))
                found.append(port)
        if len(found) == count:
            return found
    raise RoomError(
        f"hub and proxy need {count} ports from {ROOT_PORTS.start} to {ROOT_PORTS.stop - 1}, and "
        f"{len(found)} can be bound; end a service that has one (ss -tln lists them)"
    )


def is_reserved_port(port):
    """Return whether /etc/services assigns this port to a service."""
    try:
        return bool(socket.getservbyport(port, "tcp"))
    except OSError:
        return False


def check_ports():
    """Raise `RoomError` if this machine lets every user bind the ports of root."""
    first = (
        int(FIRST_UNPRIVILEGED_PORT.read_text())
        if FIRST_UNPRIVILEGED_PORT.exists()
        else ROOT_PORTS.stop
    )
    if first < ROOT_PORTS.stop:
        raise RoomError(
            f"every user of this machine may bind ports from {first} on, so a learner could take "
            f"the hub's place and read pass phrases; {ROOT_PORTS.stop} is expected. Type  sysctl "
            f"net.ipv4.ip_unprivileged_port_start={ROOT_PORTS.stop}"
        )


def check_address(room, without_tls=False):
    """Raise `RoomError` if pass phrases would cross a network unencrypted."""
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


def find_closed_folder(path):
    """Return the first of `path` and the folders above it that other users cannot read, or None."""
    path = Path(path).resolve()
    for place in (*reversed(path.parents), path):
        wanted = 0o001 if place != path else 0o005 if place.is_dir() else 0o004
        if place.stat().st_mode & wanted != wanted:
            return place
    return None
