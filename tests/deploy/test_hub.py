"""Check a running room: who logs in, who reads what, and what a killed hub leaves running."""

import os
import signal

import accounts
import processes
import psutil
import settings
from rooms import (
    TINY,
    needs_a_hub,
)
from waiting import wait_until

ROOT = settings.ROOT


@needs_a_hub
def test_nobody_gets_in_without_the_pass_phrase_of_their_own_account_in_the_room(opened):
    stranger = f"rt{os.getpid()}x"  # a user of this machine who is not of the room
    accounts.run_command("useradd", stranger)
    try:
        accounts.run_command("chpasswd", input=f"{stranger}:right-and-refused\n")
        for name, phrase in (
            (opened.first, "wrong"),
            (opened.first, opened.phrases[opened.second]),
            ("nobody-has-this-name", "wrong"),
            ("root", ""),
            (stranger, "right-and-refused"),
        ):
            client = opened.create_client(name)
            assert not client.log_in(phrase), name
            assert "/hub/login" in client.web.get("/hub/spawn").url.path
    finally:
        accounts.run_command("userdel", stranger)
    web = opened.create_client(opened.first).web
    assert web.get("/hub/signup").status_code == 404
    web.get("/hub/login")
    form = {"username": opened.first, "password": opened.phrases[opened.first]}
    answer = web.post("/hub/login", data=form)
    assert answer.status_code == 403, "a form from another page has no XSRF token"


@needs_a_hub
def test_hub_and_proxy_hear_this_machine_alone_and_secrets_are_roots(opened):
    for name in ("hub", "proxy"):
        process = psutil.Process(processes.find_process(opened.room, name))
        heard = [one for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
        assert heard
        assert {one.laddr.ip for one in heard} == {"127.0.0.1"}
    private = opened.room.private
    assert private.stat().st_mode & 0o777 == 0o700
    for name in ("cookie_secret", "proxy_token", "accounts.txt", "settings.json"):
        assert (private / name).stat().st_mode & 0o777 == 0o600, name
    assert (private / "cookie_secret").read_text() != (private / "proxy_token").read_text()
    assert len({*opened.phrases.values()}) == len(opened.phrases)
    assert not any(phrase in str(opened.command) for phrase in opened.phrases.values())
    assert not private.is_relative_to(ROOT)


@needs_a_hub
def test_a_learner_reads_and_writes_their_own_files_and_nobody_elses(opened, working):
    room = opened.room
    bind = "__import__('socket').socket().bind(('127.0.0.1', {}))"
    tried = {
        "the hub's place": bind.format(room.hub_port),
        "the proxy's place": bind.format(room.proxy_port),
        "another's home": f"os.listdir({str(room.homes / opened.second)!r})",
        "the secrets": f"os.listdir({str(room.private)!r})",
        "the data": f"open({str(room.data / 'cifar10' / 'x_test.npy')!r}, 'ab')",
        "beside the data": f"open({str(room.data / 'new')!r}, 'w')",
        "the library": f"open({str(ROOT / 'resnet_lib' / 'nets' / 'resnet.py')!r}, 'a')",
        "the server's Python": f"open({str(settings.VENV / 'new')!r}, 'w')",
        "the pass phrases": "open('/etc/shadow')",
        "the hub's environment": f"open('/proc/{opened.hub.pid}/environ')",
    }
    for what, code in tried.items():
        refused = f"import os\ntry: {code}\nexcept PermissionError: print('refused')"
        assert working.run_code(refused).strip() == "refused", what
    said = working.run_code(
        "print(os.getcwd(), oct(os.stat(os.path.expanduser('~')).st_mode & 0o777))"
    )
    assert said.split() == [str(room.homes / opened.first / "book"), "0o700"]
    working.run_code("open('mine', 'w').close()")
    assert working.run_code("print(oct(os.stat('mine').st_mode & 0o777))").strip() == "0o600"
    hashes = TINY.settings([])["ARRAY_SHA256"]
    said = working.run_code(
        "import warnings; warnings.simplefilter('error')\n"
        "from resnet_lib import load_cifar10\n"
        f"from resnet_lib.data import formats; formats.ARRAY_SHA256.update({hashes})\n"
        "(x, _), _ = load_cifar10(); x[0] = 0; print(x.shape)"
    )
    assert said.strip() == "(50, 32, 32, 3)", "the shared data set serves who cannot write to it"


@needs_a_hub
def test_a_learner_reaches_no_other_server_and_who_teaches_sees_and_stops_them(opened, working):
    address = f"{working.home}/api/contents"
    teacher, other = opened.log_in(opened.teacher), opened.log_in(opened.second)
    for client in (other, teacher):
        assert client.web.get(address).status_code in (403, 404)
    assert opened.create_client("nobody").web.get(address).status_code == 403
    for request in (("GET", "users"), ("DELETE", f"users/{opened.first}/server")):
        assert other.call_hub(*request).status_code in (403, 404)
    users = teacher.call_hub("GET", "users")
    assert users.status_code == 200
    assert opened.first in {user["name"] for user in users.json()}
    other.start_server()
    assert teacher.call_hub("DELETE", f"users/{opened.second}/server").status_code < 300


@needs_a_hub
def test_a_killed_hub_takes_no_kernel_and_no_file_with_it(opened, working):
    working.run_code("kept = 41; open('note', 'w').write('noted')")
    (culler,) = processes.list_cullers(opened.room)
    opened.hub.send_signal(signal.SIGKILL)
    opened.hub.wait()
    assert working.run_code("print(kept + 1)").strip() == "42"
    assert processes.list_cullers(opened.room) == [culler], "nobody has ended it"
    opened.start_hub()
    wait_until(lambda: len(processes.list_cullers(opened.room)) == 1)
    assert culler not in processes.list_cullers(opened.room)
    assert working.run_code("print(kept + 2)").strip() == "43"
    again = opened.log_in(opened.first)
    again.start_server()
    assert again.call_server("GET", "contents/book/note")["content"] == "noted"
    assert working.kernel in {one["id"] for one in again.call_server("GET", "kernels")}
