"""A room in JupyterHub: who gets in, who can read what, and what a hub that dies leaves alone.

Accounts are real system users, which are removed at the end, and need root. Tests of a hub open a
real room, which also needs node and .venv-room; `make test-all` installs it and runs them.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import built_book
import export_notebooks
import nbformat
import numpy as np
import psutil
import pytest
import yaml
from notebooks.exercises import extract_solution, is_tagged, join_source
from tiny_cifar import TinyCifar
from traitlets.config.loader import PyFileConfigLoader
from waiting import wait_until

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
sys.path.append(str(Path(__file__).parents[2] / "deploy"))

import accounts
import install
import learner_server
import processes
import room as load_test  # of benchmarks/; deploy/room.py is run, not imported
import settings
import table
from visitor import Visitor

ROOT = settings.ROOT
OF_ROOM = settings.VENV / "bin" / "python"
TINY = TinyCifar()
CHAPTER = "01_more_layers_more_error.ipynb"
RUNNING = "JupyterHub is now running"


def why_no_room():
    """Why this machine can have no room, or None."""
    if os.geteuid() != 0:
        return "a room needs root"
    if not shutil.which("node"):
        return "a room needs node"
    try:
        return settings.check_ports()
    except settings.RoomError as problem:
        return f"{problem}"


def why_no_hub():
    """Why no hub can be started here, or None."""
    if not (OF_ROOM.exists() and processes.PROXY.exists()):
        return "JupyterHub is not installed: make test-all does, or deploy/install.py says why not"
    if closed := settings.find_closed_folder(ROOT):
        return f"{closed} is closed to other users, who would read the book from below it"
    return why_no_room()


def skip_for(reason):
    return pytest.mark.skipif(reason is not None, reason=f"{reason}")


needs_root = skip_for(None if os.geteuid() == 0 else "system users need root")
needs_a_room = skip_for(why_no_room())


def needs_a_hub(test):
    return pytest.mark.slow(skip_for(why_no_hub())(test))


def room_py(*words, python=sys.executable, **options):
    """A command of deploy/room.py, which needs no package until it starts the hub."""
    command = [python, ROOT / "deploy" / "room.py", *words]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


def slips(room):
    """Name and pass phrase of each account, in their order."""
    sheet = (room.private / accounts.SHEET).read_text()
    return re.findall(r"name +(\S+)\npass phrase +(\S+)", sheet)


def members_of(archive):
    return subprocess.check_output(["tar", "tf", archive], text=True).splitlines()


@contextmanager
def open_folder():
    """Not tmp_path: learners have to reach their homes, and pytest's folders are closed to them."""
    with tempfile.TemporaryDirectory(prefix="room-", dir="/tmp") as around:
        Path(around).chmod(0o755)
        yield Path(around)


class OpenRoom:
    def __init__(self, folder):
        self.folder, port = folder, settings.find_free_port()
        words = ("--folder", folder, "--prefix", f"rt{os.getpid()}-", "--learners", 2)
        command = [OF_ROOM, ROOT / "deploy/room.py", "open", *words, "--port", port]
        self.command = [*map(str, command), "--without-data"]
        self.start_hub()
        self.room = settings.load_room(folder)
        self.phrases = dict(slips(self.room))
        self.teacher, self.first, self.second = self.phrases

    def start_hub(self):
        log = Path(self.folder, "hub.log")
        with log.open("ab") as output:
            before = log.read_text().count(RUNNING)
            self.hub = subprocess.Popen(self.command, stdout=output, stderr=output)

        def is_up():
            assert self.hub.poll() is None, log.read_text()[-2000:]
            return log.read_text().count(RUNNING) > before

        wait_until(is_up, seconds=600)

    def visitor(self, name):
        return Visitor(self.room.url, name)

    def inside(self, name):
        """A visitor who has logged in."""
        visitor = self.visitor(name)
        assert visitor.log_in(self.phrases[name])
        return visitor

    def close(self):
        done = room_py("remove", "--folder", self.folder, "--yes", python=OF_ROOM)
        assert done.returncode == 0, done.stderr
        self.hub.wait(timeout=600)
        there = f"{self.room.folder}/"
        assert not [
            one for one in psutil.process_iter(["cwd"]) if (one.info["cwd"] or "").startswith(there)
        ]


@pytest.fixture(scope="module")
def opened():
    with open_folder() as around:
        folder, link = around / "room", around / "link"
        link.symlink_to(folder)  # what runs in a room is found through a link as well
        data = folder / "data" / "cifar10"
        data.mkdir(parents=True)
        for name, array in TINY.arrays.items():
            np.save(data / f"{name}.npy", array)
        one = OpenRoom(link)
        yield one
        one.close()
        assert not [user for user in one.phrases if accounts.is_user(user)]


@pytest.fixture(scope="module")
def working(opened):
    """The first learner, in a chapter with a kernel."""
    visitor = opened.inside(opened.first)
    visitor.start_server()
    assert "apputils-extension:announcements" in visitor.web.get(f"{visitor.home}/lab").text
    visitor.open_chapter(f"book/{CHAPTER}")
    return visitor


@pytest.fixture
def room():
    """A room that is not opened."""
    with open_folder() as folder:
        room = settings.Room(folder=str(folder), prefix=f"ra{os.getpid()}-")
        room.make_folders()
        room.save()
        yield room
        accounts.remove_accounts(room)


# ---------------------------------------------------------------- who gets in


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
            visitor = opened.visitor(name)
            assert not visitor.log_in(phrase), name
            assert "/hub/login" in visitor.web.get("/hub/spawn").url.path
    finally:
        accounts.run_command("userdel", stranger)
    web = opened.visitor(opened.first).web
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


# ---------------------------------------------------------------- accounts


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
    assert slips(room) == [(name, set_to[name]) for name in wanted]
    for name in wanted:
        home = room.homes / name
        assert (home.owner(), home.stat().st_mode & 0o777) == (name, 0o700)
    assert accounts.add_accounts(room, 2) == []


@needs_root
def test_an_account_outside_the_group_is_taken_in_and_a_locked_one_stays_locked(room):
    teacher, first = accounts.add_accounts(room, 1)
    before = slips(room)
    accounts.run_command("gpasswd", "--delete", first, room.group)
    accounts.run_command("passwd", "--lock", teacher)
    assert accounts.add_accounts(room, 1) == [first]
    assert first in {user.pw_name for user in accounts.list_users(room)}
    assert status(teacher) == "L"
    assert slips(room) == before


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


# ---------------------------------------------------------------- who can read what


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
        "the library": f"open({str(ROOT / 'resnet_lib' / 'resnet.py')!r}, 'a')",
        "the server's Python": f"open({str(settings.VENV / 'new')!r}, 'w')",
        "the pass phrases": "open('/etc/shadow')",
        "the hub's environment": f"open('/proc/{opened.hub.pid}/environ')",
    }
    for what, code in tried.items():
        refused = f"import os\ntry: {code}\nexcept PermissionError: print('refused')"
        assert working.run(refused).strip() == "refused", what
    said = working.run("print(os.getcwd(), oct(os.stat(os.path.expanduser('~')).st_mode & 0o777))")
    assert said.split() == [str(room.homes / opened.first / "book"), "0o700"]
    working.run("open('mine', 'w').close()")
    assert working.run("print(oct(os.stat('mine').st_mode & 0o777))").strip() == "0o600"
    hashes = TINY.settings([])["ARRAY_SHA256"]
    said = working.run(
        "import warnings; warnings.simplefilter('error')\n"
        "from resnet_lib import load_cifar10\n"
        f"from resnet_lib.data import formats; formats.ARRAY_SHA256.update({hashes})\n"
        "(x, _), _ = load_cifar10(); x[0] = 0; print(x.shape)"
    )
    assert said.strip() == "(50, 32, 32, 3)", "the shared data set serves who cannot write to it"


@needs_a_hub
def test_a_learner_reaches_no_other_server_and_who_teaches_sees_and_stops_them(opened, working):
    address = f"{working.home}/api/contents"
    teacher, other = opened.inside(opened.teacher), opened.inside(opened.second)
    for visitor in (other, teacher):
        assert visitor.web.get(address).status_code in (403, 404)
    assert opened.visitor("nobody").web.get(address).status_code == 403
    for request in (("GET", "users"), ("DELETE", f"users/{opened.first}/server")):
        assert other.ask_hub(*request).status_code in (403, 404)
    users = teacher.ask_hub("GET", "users")
    assert users.status_code == 200
    assert opened.first in {user["name"] for user in users.json()}
    other.start_server()
    assert teacher.ask_hub("DELETE", f"users/{opened.second}/server").status_code < 300


# ---------------------------------------------------------------- nothing is lost


@needs_a_hub
def test_a_killed_hub_takes_no_kernel_and_no_file_with_it(opened, working):
    working.run("kept = 41; open('note', 'w').write('noted')")
    (culler,) = processes.list_cullers(opened.room)
    opened.hub.send_signal(signal.SIGKILL)
    opened.hub.wait()
    assert working.run("print(kept + 1)").strip() == "42"
    assert processes.list_cullers(opened.room) == [culler], "nobody has ended it"
    opened.start_hub()
    wait_until(lambda: len(processes.list_cullers(opened.room)) == 1)
    assert culler not in processes.list_cullers(opened.room)
    assert working.run("print(kept + 2)").strip() == "43"
    again = opened.inside(opened.first)
    again.start_server()
    assert again.ask("GET", "contents/book/note")["content"] == "noted"
    assert working.kernel in {one["id"] for one in again.ask("GET", "kernels")}


def test_a_notebook_that_is_there_is_never_replaced(tmp_path):
    source, home = tmp_path / "source", tmp_path / "book"
    source.mkdir()
    for name in ("a.ipynb", "b.ipynb"):
        (source / name).write_text("new")
    home.mkdir()
    (home / "a.ipynb").write_text("edited")
    learner_server.copy_notebooks(source, home)
    found = {path.name: path.read_text() for path in home.iterdir()}
    assert found == {"a.ipynb": "edited", "b.ipynb": "new"}


@needs_root
def test_collected_work_gives_no_secret_away_and_a_closed_folder_stops_no_other(room, tmp_path):
    teacher, first, _ = names = accounts.add_accounts(room, 2)
    room.read_secret("cookie_secret")
    book, work = room.homes / first / "book", tmp_path / "work"
    book.mkdir()
    (book / CHAPTER).touch()
    (book / "trap").symlink_to(room.private)
    done = room_py("collect", work, "--folder", room.folder)
    assert done.returncode == 0, done.stderr
    archive = work / f"{first}.tar.gz"
    assert {"./book/trap", f"./book/{CHAPTER}"} <= {*members_of(archive)}
    assert not any("cookie_secret" in member for member in members_of(archive))
    assert [path.stat().st_mode & 0o777 for path in (work, archive)] == [0o700, 0o600]

    (room.homes / teacher / "closed").mkdir(mode=0o000)
    (room.homes / teacher / "open").touch()
    work.chmod(0o755)
    done = room_py("collect", work, "--folder", room.folder)
    assert done.returncode != 0
    assert "2 of 3 archives are whole" in done.stderr
    assert f"\n  {teacher}: tar: ./closed: " in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in work.iterdir()} == {f"{name}.tar.gz" for name in names}
    assert "./open" in members_of(work / f"{teacher}.tar.gz")
    assert work.stat().st_mode & 0o777 == 0o755


# ---------------------------------------------------------------- what is refused


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
        done = room_py(*words)
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
    done = room_py("open", python=python, cwd="/", **nobody)
    assert done.returncode != 0
    assert "a room needs root" in done.stderr


def test_the_cullers_of_a_room_are_ended_and_no_other_rooms(tmp_path):
    rooms = [settings.Room(folder=str(tmp_path / name)) for name in ("one", "other")]
    command = [sys.executable, "-c", "import time; time.sleep(3600)", processes.CULLER]
    running = []
    for room in rooms:
        room.make_folders()
        running.append(subprocess.Popen(command, cwd=room.private))
    try:
        assert processes.list_cullers(rooms[0]) == [running[0].pid]
        processes.stop_cullers(rooms[0])
        assert running[0].wait(timeout=600) == -signal.SIGTERM
        assert processes.list_cullers(rooms[1]) == [running[1].pid]
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_a_process_that_ends_before_it_is_told_to_is_no_failure(monkeypatch):
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr(processes, "find_process", lambda *_, found=[None, gone.pid]: found.pop())
    processes.stop_process(settings.Room(), "hub")


# ---------------------------------------------------------------- what a load test tells


def test_the_95th_percentile_is_a_value_that_was_measured():
    values = [*range(20, 0, -1)]
    assert load_test.spread(values, 0.95) == 19
    assert load_test.spread([3.0], 0.95) == 3.0


def test_the_table_says_what_was_measured_and_what_did_not_fit():
    row = {"chapter": "01", "learners": 5, "errors": 1, "problems": ["x"], "memory_mib": 1234}
    row |= {"log_in": [0.1, 0.2], "server": [1.0, 2.0], "run": [3.0, 4.0]}
    rows = [row, {"chapter": "01", "learners": 30, "error": "30 do not fit"}]
    restart = {"learners": 5, "while_down": 4, "seconds": 2.5}
    restart |= {"connections": 5, "variables": 5, "files": 5}
    said = table.room({"rows": rows, "restart": restart})
    assert "| 01 | 5 | 0.1 / 0.2 | 1.0 / 2.0 | 3.0 / 4.0 | 1,234 | 1 |" in said
    assert "| 01 | 30 | failed: 30 do not fit |  |  |  |  |" in said
    assert "During this time 4 of 5 kernels answered" in said


# ---------------------------------------------------------------- what lies beside it


def pinned(path):
    """`{package: version}` of what every Python gets; hashes may follow."""
    return dict(re.findall(r"^([^\s=]+)==([^\s;]+)(?: \\)?$", path.read_text(), re.MULTILINE))


def test_hub_and_book_agree_on_every_package_that_both_have():
    hub, book = (pinned(ROOT / name / "requirements.txt") for name in ("deploy", "."))
    assert "jupyterhub" in hub
    assert {name: version for name, version in hub.items() if name in book} == {
        name: version for name, version in book.items() if name in hub
    }


def test_the_lock_of_the_proxy_names_no_registry():
    lock = json.loads((ROOT / "deploy" / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    wanted = json.loads((ROOT / "deploy" / "package.json").read_text())["dependencies"]
    for name, version in wanted.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    assert all("resolved" not in one and "integrity" in one for one in packages.values())


def test_binder_hands_out_notebooks_to_be_solved_without_a_build(tmp_path, monkeypatch):
    """The script as it stands, in a clone without a build; the library is installed already."""
    monkeypatch.setattr(built_book, "BUILD", tmp_path / "nothing was built")
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)
    assert "PYTHONPATH=book/_ext python tools/export_notebooks.py notebooks\n" in script.read_text()
    files = [path for path in built_book.list_chapters() if path.suffix == ".ipynb"]
    written = export_notebooks.write_notebooks(tmp_path / "notebooks")
    assert [path.name for path in written] == [path.name for path in files]
    for path, chapter in zip(written, files, strict=True):
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        text = "\n".join(cell.source for cell in notebook.cells)
        cells = json.loads(chapter.read_bytes())["cells"]
        stubs = [cell for cell in cells if is_tagged(cell, "exercise")]
        assert "BEGIN SOLUTION" not in text
        assert text.count("Show the solution") >= len(stubs) > 0
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert not any(extract_solution(join_source(stub)) in cell.source for stub in stubs)


def test_a_link_of_a_notebook_leads_to_a_file_where_no_site_is_published(tmp_path):
    places = export_notebooks.find_addresses(tmp_path, None)
    assert places["02_the_residual_block"] == "02_the_residual_block.ipynb"
    assert (tmp_path / places["glossary"]).samefile(ROOT / "book" / "glossary.md")
    site = "https://owner.github.io/book/"
    assert (
        export_notebooks.find_addresses(tmp_path, site)["glossary"] == f"{site}book/glossary.html"
    )


def test_binder_builds_what_is_pinned_here(monkeypatch):
    app = pytest.importorskip("repo2docker.app", reason="no jupyter-repo2docker").Repo2Docker()
    monkeypatch.chdir(ROOT)
    packs = (pack(app.base_image) for pack in app.buildpacks)
    build = next(pack for pack in packs if pack.detect())
    build.platform = "linux/amd64"
    assert type(build).__name__ == "PythonBuildPack"
    assert build.python_version == "3.11"
    dockerfile = build.render()
    assert 'install --no-cache-dir -r ".binder/requirements.txt"' in dockerfile
    assert "RUN ./.binder/postBuild" in dockerfile
    assert (ROOT / ".binder" / "requirements.txt").read_text() == "-r ../requirements.txt\n"


KNOWN = {  # of the chart's own schema, which allows nothing else: values.schema.yaml
    "hub": "config loadRoles concurrentSpawnLimit activeServerLimit networkPolicy",
    "proxy": "https",
    "singleuser": "image cmd defaultUrl startTimeout allowPrivilegeEscalation memory cpu storage "
    "extraEnv cloudMetadata networkPolicy profileList",
    "cull": "enabled every timeout maxAge users",
    "prePuller": "hook continuous",
}


def test_the_charts_values_are_of_its_schema_and_let_nobody_in():
    values = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert {name: {*section} for name, section in values.items()} == {
        name: {*words.split()} for name, words in KNOWN.items()
    }
    config = values["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] not in ("dummy", "native")
    assert config["Authenticator"] == {
        "allow_all": False,
        "allow_existing_users": False,
        "allowed_users": [],
    }
    assert "admin_access" not in config["JupyterHub"], "deprecated; an admin has all scopes anyway"
    assert "secret" not in config["GitHubOAuthenticator"]
    assert values["hub"]["concurrentSpawnLimit"] >= 30, "a room presses Start at the same time"
    learners = values["singleuser"]
    assert all(one["readOnly"] for one in learners["storage"]["extraVolumeMounts"])
    claim, job = yaml.safe_load_all((ROOT / "deploy/kubernetes/data.yaml").read_text())
    (volume,) = learners["storage"]["extraVolumes"]
    assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    (fetch,) = job["spec"]["template"]["spec"]["containers"]
    assert fetch["image"] == "{name}:{tag}".format(**learners["image"])


def test_a_room_turns_nobody_away_and_has_the_teacher_of_a_cluster(room, monkeypatch):
    monkeypatch.setenv("RESNET_ROOM", room.folder)
    loader = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "deploy"))
    hub = loader.load_config().JupyterHub
    assert hub.concurrent_spawn_limit == 0, "no limit; with a number, the next gets a 429"
    here = next(role for role in hub.load_roles if role["name"] == "teacher")
    values = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert values["hub"]["loadRoles"] == {"teacher": {"scopes": here["scopes"], "users": []}}
    assert not any(scope.startswith(("access:", "admin:")) for scope in here["scopes"])
