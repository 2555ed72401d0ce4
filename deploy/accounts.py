"""Make, collect and remove the learners' accounts, which are system users.

The system itself then keeps one learner from another's files. The login shell refuses, and learners
log in through the hub; the instructor denies what sshd allows besides a shell. A learner is a
member of the room's system group with a home in the room's folder. Other members of the group are
never touched.
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

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"  # no two letters that look alike
SHEET = "accounts.txt"


def add_accounts(room, learners):
    """Make the missing accounts of `learners` and the teacher, and return their names.

    An account keeps its pass phrase. The phrase is set last, so that the command can be repeated
    after an interruption: an account without a phrase is completed, with the phrase of the sheet
    if there is one.
    """
    run_command("groupadd", "--force", room.group)
    wanted = list_names(room, learners)
    taken = [name for name in wanted if is_user(name) and find_home(name) != room.homes / name]
    if taken:
        raise RoomError(f"this machine has a user {taken[0]} already; choose another --prefix")
    ready = {user.pw_name for user in list_users(room) if has_pass_phrase(user.pw_name)}
    new = [name for name in wanted if name not in ready]
    for name in new:
        make_user(room, name)
        run_command("chpasswd", input=f"{name}:{get_pass_phrase(room, name)}\n")
    return new


def list_names(room, learners):
    """List the names of the accounts; the name of a learner does not depend on their number."""
    return [room.teacher, *(f"{room.prefix}{number:02d}" for number in range(1, learners + 1))]


def make_user(room, name):
    """Make a user with a home and without a pass phrase, or complete one."""
    home = room.homes / name
    if is_user(name):
        run_command("usermod", "--append", "--groups", room.group, name)
    else:
        run_command(
            "useradd", "--user-group", "--groups", room.group, "--no-create-home",
            "--home-dir", home, "--shell", shutil.which("nologin") or "/usr/sbin/nologin", name,
        )  # fmt: skip
    user = pwd.getpwnam(name)
    home.mkdir(mode=0o700, exist_ok=True)
    os.chown(home, user.pw_uid, user.pw_gid)


def get_pass_phrase(room, name):
    """Return the pass phrase of `name` from the sheet (mode 600), where a missing one is added.

    A phrase has to be on the sheet before it is set, because nobody could read it afterwards.
    """
    sheet = room.private / SHEET
    kept = sheet.read_text() if sheet.exists() else "The room's accounts. Cut, and hand out.\n"
    written = re.search(rf"^name +{re.escape(name)}\npass phrase +(\S+)$", kept, re.MULTILINE)
    if written:
        return written[1]
    chosen = make_pass_phrase()
    write_private(sheet, f"{kept}\n{'-' * 60}\nname         {name}\npass phrase  {chosen}\n")
    return chosen


def has_pass_phrase(name):
    """Return whether a pass phrase was ever set; one after a "!" is locked and stays locked."""
    shadow = run_command("getent", "shadow", name, stdout=subprocess.PIPE)
    return shadow.split(":")[1].strip("!*") != ""


def make_pass_phrase():
    """Make four random words, such as "bokat-mifud-ruvel-dasig": 60 random bits, easy to type."""
    pattern = (CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS)
    words = ("".join(map(secrets.choice, pattern)) for _ in range(4))
    return "-".join(words)


def list_users(room):
    """List the room's users: members of its group with a home in its folder."""
    try:
        members = grp.getgrnam(room.group).gr_mem
    except KeyError:
        return []
    users = [pwd.getpwnam(name) for name in members if is_user(name)]
    return [user for user in users if Path(user.pw_dir) == room.homes / user.pw_name]


def find_home(name):
    """Return the home folder of a user."""
    return Path(pwd.getpwnam(name).pw_dir)


def is_user(name):
    """Return whether this machine has a user `name`."""
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def collect_homes(room, folder):
    """Pack each learner's home without hidden files into `folder`/NAME.tar.gz; return the number.

    The learner's user reads the home, so that a link to a file of root reveals nothing. A home that
    cannot be read completely does not stop the others; `RoomError` names it at the end.
    """
    folder = Path(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    command = ["tar", "--create", "--gzip", "--exclude=./.*", "."]
    users = list_users(room)
    incomplete = []
    for user in users:
        with private_file(folder / f"{user.pw_name}.tar.gz", "wb") as archive:
            try:
                run_command(
                    *command, stdout=archive, cwd=user.pw_dir,
                    user=user.pw_uid, group=user.pw_gid, extra_groups=[],
                )  # fmt: skip
            except (RoomError, OSError) as problem:
                first = str(problem).splitlines()[0].removeprefix("tar: ")
                incomplete.append(f"{user.pw_name}: {first}")
    if incomplete:
        raise RoomError(
            f"in {folder} {len(users) - len(incomplete)} of {len(users)} archives are whole. "
            "Something is missing in those of\n  " + "\n  ".join(incomplete) + "\nA file that "
            "changed meanwhile is there after another  collect ; one that its owner cannot read, "
            "after a chmod"
        )
    return len(users)


def remove_accounts(room):
    """End the learners' processes, delete the users with their homes, and return their number."""
    users = list_users(room)
    end_processes(users)
    for user in users:
        run_command("userdel", "--remove", user.pw_name)
    if users:
        run_command("groupdel", room.group)
    return len(users)


def end_processes(users, patience=10):
    """End every process of these users with SIGTERM, and after `patience` seconds with SIGKILL."""
    uids = {user.pw_uid for user in users}
    for signal_number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, patience)):
        deadline = time.monotonic() + seconds
        for pid in list_processes(uids):
            with suppress(ProcessLookupError):  # it ended meanwhile
                os.kill(pid, signal_number)
        while list_processes(uids) and time.monotonic() < deadline:
            time.sleep(0.2)


def list_processes(uids):
    """List the ids of all processes of these user ids that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            ended = folder.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"
            if folder.stat().st_uid in uids and not ended:
                found.append(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def run_command(*command, **options):
    """Run a command, and return its output; a failure is a `RoomError`."""
    done = subprocess.run(
        [*map(str, command)], text=True, **{"stdout": subprocess.DEVNULL} | options,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    if done.returncode:
        raise RoomError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
