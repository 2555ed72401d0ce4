"""Check which ports, addresses and options a room accepts."""

import os
import socket

import install
import pytest
import settings
from rooms import needs_a_room, needs_root, run_room

ROOT = settings.ROOT


@needs_root
def test_ports_of_root_are_free_and_no_two_alike(monkeypatch):
    first, second = settings.choose_root_ports(2, excluding=None)
    monkeypatch.setattr(settings, "ROOT_PORTS", range(min(first, second), max(first, second) + 1))
    monkeypatch.setattr(settings, "is_reserved_port", lambda port: port not in (first, second))
    assert {*settings.choose_root_ports(2, excluding=None)} == {first, second}
    assert settings.choose_root_ports(1, excluding=first) == [second]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert settings.choose_root_ports(1, excluding=None) == [second]
        with pytest.raises(settings.RoomError, match=r"need 2 ports .* and 1 can be bound"):
            settings.choose_root_ports(2, excluding=None)


def test_a_machine_whose_users_may_bind_any_port_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "FIRST_UNPRIVILEGED_PORT", tmp_path / "start")
    settings.check_ports()  # an old kernel has no such file, and holds to 1024
    settings.FIRST_UNPRIVILEGED_PORT.write_text("1024\n")
    settings.check_ports()
    settings.FIRST_UNPRIVILEGED_PORT.write_text("0\n")
    with pytest.raises(settings.RoomError, match=r"from 0 on.*sysctl .*port_start=1024"):
        settings.check_ports()


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_public_address_asks_for_tls_and_a_wrong_one_is_explained(ip):
    for wrong, message in (
        ({"ip": ip}, r"--ssl-key.*--without-tls"),
        ({"ip": "somewhere"}, "got 'somewhere'"),
        ({"ssl_key": __file__}, "belong together"),
        ({"ssl_key": "/no/key", "ssl_cert": __file__}, "/no/key"),
    ):
        with pytest.raises(settings.RoomError, match=message):
            settings.check_address(settings.Room(**wrong))
    settings.check_address(settings.Room(ip=ip), without_tls=True)
    settings.check_address(settings.Room(ip=ip, ssl_key=__file__, ssl_cert=__file__))


@needs_a_room
def test_what_cannot_be_done_is_told_in_a_line(room):
    taken = ("open", "--folder", room.folder, "--prefix", "other-", "--without-data")
    for words, message in (
        (("open", "--ip", "0.0.0.0"), "without TLS"),
        (("open", "--folder", "/srv/" + 60 * "x"), "shorter --folder"),
        (("remove", "--folder", "/no/room"), "no room has been opened"),
        (("open", "--ssl-key", "key", "--ssl-cert", "cert"), f"{os.getcwd()}/key: there is no"),
        (taken, f"give --prefix {room.prefix}"),  # it was opened with other names
    ):
        done = run_room(*words)
        assert done.returncode != 0, words
        assert message in done.stderr
        assert "Traceback" not in done.stderr
    assert settings.load_room(room.folder) == room


@needs_root
def test_without_root_a_room_is_not_opened_at_all():
    try:
        python = install.find_shared_python()
    except settings.RoomError as problem:
        pytest.skip(f"{problem}")
    if closed := settings.find_closed_folder(ROOT):
        pytest.skip(f"{closed} is closed to other users")
    nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    done = run_room("open", python=python, cwd="/", **nobody)
    assert done.returncode != 0
    assert "a room needs root" in done.stderr
