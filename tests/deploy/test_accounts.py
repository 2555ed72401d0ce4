"""Check how accounts are made, how their files are collected, and how they are removed."""

import subprocess

import accounts
import pytest
import settings
from rooms import CHAPTER, list_archive, needs_root, read_slips, run_room

ROOT = settings.ROOT


def status(name):
    return accounts.run_command("passwd", "--status", name, stdout=subprocess.PIPE).split()[1]


@needs_root
def test_accounts_that_were_cut_off_anywhere_are_ready_after_another_try(room, monkeypatch):
    set_to, run = {}, accounts.run_command

    def cut_off_after(commands):
        left = iter(range(commands))

        def until_then(*words, **options):
            if next(left, None) is None:
                raise KeyboardInterrupt
            said = run(*words, **options)
            if words[0] == "chpasswd":
                name, phrase = options["input"].strip().split(":")
                set_to[name] = phrase
            return said

        monkeypatch.setattr(accounts, "run_command", until_then)

    for commands in range(20):
        cut_off_after(commands)
        try:
            accounts.add_accounts(room, 2)
            break
        except KeyboardInterrupt:
            continue
    monkeypatch.undo()
    assert commands > 5
    wanted = accounts.list_names(room, 2)
    assert {user.pw_name for user in accounts.list_users(room)} == {*wanted}
    assert [status(name) for name in wanted] == ["P", "P", "P"]
    assert read_slips(room) == [(name, set_to[name]) for name in wanted]
    for name in wanted:
        home = room.homes / name
        assert (home.owner(), home.stat().st_mode & 0o777) == (name, 0o700)
    assert accounts.add_accounts(room, 2) == []


@needs_root
def test_an_account_outside_the_group_is_taken_in_and_a_locked_one_stays_locked(room):
    teacher, first = accounts.add_accounts(room, 1)
    before = read_slips(room)
    accounts.run_command("gpasswd", "--delete", first, room.group)
    accounts.run_command("passwd", "--lock", teacher)
    assert accounts.add_accounts(room, 1) == [first]
    assert first in {user.pw_name for user in accounts.list_users(room)}
    assert status(teacher) == "L"
    assert read_slips(room) == before


@needs_root
def test_a_user_of_this_machine_is_not_made_a_learner(room):
    name = f"{room.prefix}01"
    accounts.run_command("useradd", name)
    try:
        with pytest.raises(settings.RoomError, match=f"a user {name} already"):
            accounts.add_accounts(room, 1)
    finally:
        accounts.run_command("userdel", name)
        accounts.run_command("groupdel", room.group)


def test_a_name_does_not_depend_on_how_many_there_are_and_sshd_denies_their_group():
    few, many = (accounts.list_names(settings.Room(), count) for count in (30, 100))
    assert many[:31] == few
    assert (many[1], many[-1]) == ("learner-01", "learner-100")
    told = f"`DenyGroups {settings.Room().group}`"
    assert told in (ROOT / "deploy" / "README.md").read_text()


@needs_root
def test_collected_work_gives_no_secret_away_and_a_closed_folder_stops_no_other(room, tmp_path):
    teacher, first, _ = names = accounts.add_accounts(room, 2)
    room.read_secret("cookie_secret")
    book, work = room.homes / first / "book", tmp_path / "work"
    book.mkdir()
    (book / CHAPTER).touch()
    (book / "trap").symlink_to(room.private)
    done = run_room("collect", work, "--folder", room.folder)
    assert done.returncode == 0, done.stderr
    archive = work / f"{first}.tar.gz"
    assert {"./book/trap", f"./book/{CHAPTER}"} <= {*list_archive(archive)}
    assert not any("cookie_secret" in member for member in list_archive(archive))
    assert [path.stat().st_mode & 0o777 for path in (work, archive)] == [0o700, 0o600]

    (room.homes / teacher / "closed").mkdir(mode=0o000)
    (room.homes / teacher / "open").touch()
    work.chmod(0o755)
    done = run_room("collect", work, "--folder", room.folder)
    assert done.returncode != 0
    assert "2 of 3 archives are whole" in done.stderr
    assert f"\n  {teacher}: tar: ./closed: " in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in work.iterdir()} == {f"{name}.tar.gz" for name in names}
    assert "./open" in list_archive(work / f"{teacher}.tar.gz")
    assert work.stat().st_mode & 0o777 == 0o755
