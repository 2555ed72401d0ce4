"""The learners' accounts: system users, so that the system itself keeps one from another's files.

Their login shell refuses, and they get in through the hub; what sshd allows besides a shell is for
the instructor to deny. Who is one of them is asked of the system's group, and a user of this
machine that merely got into that group is never touched.
"""

import grp
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from settings import RoomError, private_file, write_private

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"  # no letter that is taken for another
SHEET = "accounts.txt"


def add(room, learners):
    """Make the accounts that are missing, up to `learners` and the teacher's; returns their names.

    Whoever has a pass phrase keeps it. It is set last, and the same command goes on where it was
    cut off: an account without one is made ready, with the phrase of its slip if there is one.
    """
    run("groupadd", "--force", room.group)
    wanted = names(room, learners)
    taken = [name for name in wanted if exists(name) and home_of(name) != room.homes / name]
    if taken:
        raise RoomError(f"this machine has a user {taken[0]} already; choose another --prefix")
    ready = {user.pw_name for user in of_room(room) if has_phrase(user.pw_name)}
    new = [name for name in wanted if name not in ready]
    for name in new:
        make(room, name)
        run("chpasswd", input=f"{name}:{slip(room, name)}\n")
    return new


def names(room, learners):
    """Of the accounts; that of a learner does not depend on how many there are."""
    return [room.teacher, *(f"{room.prefix}{number:02d}" for number in range(1, learners + 1))]


def make(room, name):
    """A user with a home and without a pass phrase; or what is missing of one."""
    home = room.homes / name
    if exists(name):
        run("usermod", "--append", "--groups", room.group, name)
    else:
        run(
            "useradd", "--user-group", "--groups", room.group, "--no-create-home",
            "--home-dir", home, "--shell", shutil.which("nologin") or "/usr/sbin/nologin", name,
        )  # fmt: skip
    user = pwd.getpwnam(name)
    home.mkdir(mode=0o700, exist_ok=True)
    os.chown(home, user.pw_uid, user.pw_gid)


def slip(room, name):
    """The pass phrase on the slip of this name, which is added to the sheet, mode 600, if need be.

    A phrase that works without a slip would be known to nobody, so this comes first.
    """
    sheet = room.private / SHEET
    kept = sheet.read_text() if sheet.exists() else "The room's accounts. Cut, and hand out.\n"
    written = re.search(rf"^name +{re.escape(name)}\npass phrase +(\S+)$", kept, re.MULTILINE)
    if written:
        return written[1]
    chosen = phrase()
    write_private(sheet, f"{kept}\n{'-' * 60}\nname         {name}\npass phrase  {chosen}\n")
    return chosen


def has_phrase(name):
    """Whether a pass phrase was ever set. One behind a "!" was locked by somebody, and stays so."""
    shadow = run("getent", "shadow", name, stdout=subprocess.PIPE)
    return shadow.split(":")[1].strip("!*") != ""


def phrase():
    """Four made-up words, such as "bokat-mifud-ruvel-dasig": 60 random bits, easy to type."""
    pattern = (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS)
    words = ("".join(map(secrets.choice, pattern)) for _ in range(4))
    return "-".join(words)


def of_room(room):
    """The room's users: members of its group whose home lies in its folder."""
    try:
        members = grp.getgrnam(room.group).gr_mem
    except KeyError:
        return []
    users = [pwd.getpwnam(name) for name in members if exists(name)]
    return [user for user in users if Path(user.pw_dir) == room.homes / user.pw_name]


def home_of(name):
    return Path(pwd.getpwnam(name).pw_dir)


def exists(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def collect(room, folder):
    """Each learner's home as `folder`/NAME.tar.gz, hidden files left out; returns how many.

    Read as the learner: a link that somebody has laid to a file of root's gives nothing away. A
    home that cannot be read as a whole stops no other; `RoomError` names it at the end.
    """
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["tar", "--create", "--gzip", "--exclude=./.*", "."]
    users = of_room(room)
    torn = []
    for user in users:
        with private_file(folder / f"{user.pw_name}.tar.gz", "wb") as archive:
            try:
                run(
                    *command, stdout=archive, cwd=user.pw_dir,
                    user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                )  # fmt: skip
            except (RoomError, OSError) as problem:
                first = str(problem).splitlines()[0].removeprefix("tar: ")
                torn.append(f"{user.pw_name}: {first}")
    if torn:
        raise RoomError(
            f"in {folder} {len(users) - len(torn)} of {len(users)} archives are whole. Something "
            "is missing in those of\n  " + "\n  ".join(torn) + "\nA file that changed meanwhile "
            "is there after another  collect ; one that its owner cannot read, after a chmod"
        )
    return len(users)


def remove(room):
    """End what the learners run, and delete them with their homes; returns how many."""
    users = of_room(room)
    end_processes(users)
    for user in users:
        run("userdel", "--remove", user.pw_name)
    if users:
        run("groupdel", room.group)
    return len(users)


def end_processes(users, patience=10):
    """End every process of these users: politely, and after `patience` seconds for certain."""
    uids = {user.pw_uid for user in users}
    for how, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        deadline = time.monotonic() + seconds
        for pid in processes(uids):
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, how)
        while processes(uids) and time.monotonic() < deadline:
            time.sleep(0.2)


def processes(uids):
    """The ids of all processes of these user ids that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ended = folder.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if folder.stat().st_uid in uids and not ended:
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def run(*command, **options):
    done = subprocess.run(
        [*map(str, command)], text=True, **{"stdout": subprocess.DEVNULL} | options,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode:
        raise RoomError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
