"""A room in JupyterHub: who gets in, who can read what, and what a hub that dies leaves alone.

The room is a real one, with system users of its own, which are removed at the end. It needs root,
node, and .venv-room, which `make test` installs.
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
import time
from pathlib import Path

import chapters
import nbformat
import notebooks
import numpy as np
import psutil
import pytest
import yaml
from exercises import is_tagged, solution, source_of
from tiny_cifar import TinyCifar
from traitlets.config.loader import PyFileConfigLoader

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))
sys.path.append(str(Path(__file__).parents[1] / "deploy"))

import accounts
import learner
import processes
import room as load_test  # of benchmarks/; deploy/room.py is run, not imported
import settings
import table
from visitor import Visitor

ROOT = settings.ROOT
PYTHON = settings.VENV / "bin" / "python"
TINY = TinyCifar()
CHAPTER = "01_more_layers_more_error.ipynb"


def why_not():
    """Why no room can be opened here, or None."""
    if os.geteuid() != 0:
        return "a room needs root"
    if not shutil.which("node"):
        return "a room needs node"
    if not (PYTHON.exists() and processes.PROXY.exists()):
        return "JupyterHub is not installed: python deploy/install.py says why"
    try:
        settings.check_ports()
    except settings.RoomError as problem:
        return str(problem)
    if (closed := settings.closed_to_others(ROOT)) is not None:
        return f"{closed} is closed to other users, who would read the book from below it"
    return None


needs_a_room = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def room_py(*words, **options):
    command = [PYTHON, ROOT / "deploy" / "room.py", *words]
    return subprocess.run([*map(str, command)], capture_output=True, text=True, **options)


class OpenRoom:
    def __init__(self, folder):
        self.folder, port = folder, settings.free_port()
        words = ("--folder", folder, "--prefix", f"rt{os.getpid()}-", "--learners", 2)
        command = [PYTHON, ROOT / "deploy/room.py", "open", *words, "--port", port]
        self.command = [*map(str, command), "--without-data"]
        self.start_hub()
        self.room = settings.load(folder)
        sheet = (self.room.private / accounts.SHEET).read_text()
        self.phrases = dict(re.findall(r"name +(\S+)\npass phrase +(\S+)", sheet))
        self.teacher, self.first, self.second = self.phrases

    def start_hub(self):
        log = Path(self.folder, "hub.log")
        before = log.read_text().count("JupyterHub is now running") if log.exists() else 0
        with log.open("ab") as output:
            self.hub = subprocess.Popen(self.command, stdout=output, stderr=output)
        while log.read_text().count("JupyterHub is now running") == before:
            if self.hub.poll() is not None:
                pytest.fail(log.read_text()[-2000:])
            time.sleep(0.2)

    def visitor(self, name):
        return Visitor(self.room.url, name)

    def inside(self, name):
        """A visitor who has logged in."""
        visitor = self.visitor(name)
        assert visitor.log_in(self.phrases[name])
        return visitor

    def close(self):
        done = room_py("remove", "--folder", self.folder, "--yes")
        assert done.returncode == 0, done.stderr
        self.hub.wait(timeout=60)
        there = f"{self.room.folder}/"
        assert not [
            one for one in psutil.process_iter(["cwd"]) if (one.info["cwd"] or "").startswith(there)
        ]


@pytest.fixture(scope="module")
def opened():
    # Not tmp_path: learners have to reach their homes, and pytest's folders are closed to them.
    with tempfile.TemporaryDirectory(prefix="room-", dir="/tmp") as around:
        Path(around).chmod(0o755)
        folder, link = Path(around, "room"), Path(around, "link")
        link.symlink_to(folder)  # what runs in a room is found through a link as well
        data = Path(folder, "data", "cifar10")
        data.mkdir(parents=True)
        for name, array in TINY.arrays.items():
            np.save(data / f"{name}.npy", array)
        one = OpenRoom(link)
        yield one
        one.close()
        assert not [user for user in one.phrases if accounts.exists(user)]


@pytest.fixture(scope="module")
def working(opened):
    """The first learner, in a chapter with a kernel."""
    visitor = opened.inside(opened.first)
    visitor.start_server()
    assert "apputils-extension:announcements" in visitor.web.get(f"{visitor.home}/lab").text
    visitor.open_chapter(f"book/{CHAPTER}")
    return visitor


# ---------------------------------------------------------------- who gets in


@needs_a_room
def test_nobody_is_turned_away_since_others_start_at_the_same_time(opened, monkeypatch):
    monkeypatch.setenv("RESNET_ROOM", str(opened.folder))
    config = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "deploy")).load_config()
    assert config.JupyterHub.concurrent_spawn_limit == 0, "no limit; a number answers with a 429"


@needs_a_room
def test_nobody_gets_in_without_the_pass_phrase_of_their_own_account(opened):
    for name, phrase in (
        (opened.first, "wrong"),
        (opened.first, opened.phrases[opened.second]),
        ("nobody-has-this-name", "wrong"),
        ("root", ""),
    ):
        visitor = opened.visitor(name)
        assert not visitor.log_in(phrase), name
        assert "/hub/login" in visitor.web.get("/hub/spawn").url.path
    assert opened.visitor(opened.first).web.get("/hub/signup").status_code == 404


@needs_a_room
def test_a_user_of_this_machine_who_is_not_of_the_room_stays_outside(opened):
    name = f"rt{os.getpid()}x"
    accounts.run("useradd", name)
    try:
        accounts.run("chpasswd", input=f"{name}:right-and-refused\n")
        visitor = opened.visitor(name)
        assert not visitor.log_in("right-and-refused")
        assert "/hub/login" in visitor.web.get("/hub/spawn").url.path
    finally:
        accounts.run("userdel", name)


@needs_a_room
def test_a_form_from_another_page_is_refused(opened):
    web = opened.visitor(opened.first).web
    web.get("/hub/login")
    form = {"username": opened.first, "password": opened.phrases[opened.first]}
    assert web.post("/hub/login", data=form).status_code == 403


@needs_a_room
def test_hub_and_proxy_hear_this_machine_alone(opened):
    for name in ("hub", "proxy"):
        process = psutil.Process(processes.running(opened.room, name))
        heard = [one for one in process.net_connections() if one.status == psutil.CONN_LISTEN]
        assert heard
        assert {one.laddr.ip for one in heard} == {"127.0.0.1"}


@needs_a_room
def test_secrets_are_roots_alone_and_no_two_alike(opened):
    private = opened.room.private
    assert private.stat().st_mode & 0o777 == 0o700
    for name in ("cookie_secret", "proxy_token", "accounts.txt", "settings.json"):
        assert (private / name).stat().st_mode & 0o777 == 0o600, name
    assert (private / "cookie_secret").read_text() != (private / "proxy_token").read_text()
    assert len({*opened.phrases.values()}) == len(opened.phrases)
    assert not any(phrase in str(opened.command) for phrase in opened.phrases.values())
    assert not private.is_relative_to(ROOT)


# ---------------------------------------------------------------- accounts


@pytest.fixture
def accounts_only(tmp_path):
    """A room that is not opened."""
    room = settings.Room(folder=str(tmp_path), prefix=f"ra{os.getpid()}-")
    room.make_folders()
    yield room
    accounts.remove(room)


def slips(room):
    sheet = (room.private / accounts.SHEET).read_text()
    return re.findall(r"name +(\S+)\npass phrase +(\S+)", sheet)


def status(name):
    return accounts.run("passwd", "--status", name, stdout=subprocess.PIPE).split()[1]


@needs_a_room
def test_accounts_that_were_cut_off_anywhere_are_ready_after_another_try(
    accounts_only, monkeypatch
):
    set_to, run = {}, accounts.run

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

        monkeypatch.setattr(accounts, "run", until_then)

    for commands in range(20):
        cut_off_after(commands)
        try:
            accounts.add(accounts_only, 2)
            break
        except KeyboardInterrupt:
            continue
    monkeypatch.undo()
    assert commands > 5
    wanted = accounts.names(accounts_only, 2)
    assert {user.pw_name for user in accounts.of_room(accounts_only)} == {*wanted}
    assert [status(name) for name in wanted] == ["P", "P", "P"]
    assert slips(accounts_only) == [(name, set_to[name]) for name in wanted]
    for name in wanted:
        home = accounts_only.homes / name
        assert (home.owner(), home.stat().st_mode & 0o777) == (name, 0o700)
    assert accounts.add(accounts_only, 2) == []


@needs_a_room
def test_an_account_outside_the_group_is_taken_in_and_a_locked_one_stays_locked(accounts_only):
    teacher, first = accounts.add(accounts_only, 1)
    before = slips(accounts_only)
    accounts.run("gpasswd", "--delete", first, accounts_only.group)
    accounts.run("passwd", "--lock", teacher)
    assert accounts.add(accounts_only, 1) == [first]
    assert first in {user.pw_name for user in accounts.of_room(accounts_only)}
    assert status(teacher) == "L"
    assert slips(accounts_only) == before


@needs_a_room
def test_a_user_of_this_machine_is_not_made_a_learner(accounts_only):
    name = f"{accounts_only.prefix}01"
    accounts.run("useradd", name)
    try:
        with pytest.raises(settings.RoomError, match=f"a user {name} already"):
            accounts.add(accounts_only, 1)
    finally:
        accounts.run("userdel", name)
        accounts.run("groupdel", accounts_only.group)


def test_the_group_that_sshd_is_told_to_deny_is_the_rooms():
    told = f"`DenyGroups {settings.Room().group}`"
    assert told in (ROOT / "deploy" / "README.md").read_text()


def test_a_name_does_not_depend_on_how_many_there_are():
    few, many = (accounts.names(settings.Room(), count) for count in (30, 100))
    assert many[:31] == few
    assert many[1] == "learner-01"
    assert many[-1] == "learner-100"


@needs_a_room
def test_a_room_is_not_opened_again_with_other_names(opened):
    done = room_py("open", "--folder", opened.folder, "--prefix", "other-", "--without-data")
    assert done.returncode != 0
    assert f"give --prefix {opened.room.prefix}" in done.stderr
    assert settings.load(opened.folder) == opened.room


# ---------------------------------------------------------------- who can read what


@needs_a_room
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


@needs_a_room
def test_a_learner_does_not_reach_anothers_server(opened, working):
    address = f"{working.home}/api/contents"
    for name in (opened.second, opened.teacher):
        assert opened.inside(name).web.get(address).status_code in (403, 404)
    assert opened.visitor("nobody").web.get(address).status_code == 403


@needs_a_room
def test_the_shared_data_set_serves_a_learner_who_cannot_write_to_it(opened, working):
    hashes = TINY.settings([])["SHA256"]
    said = working.run(
        "import warnings; warnings.simplefilter('error')\n"
        f"from resnet_lib import cifar_files, load_cifar10; cifar_files.SHA256.update({hashes})\n"
        "(x, _), _ = load_cifar10(); x[0] = 0; print(x.shape)"
    )
    assert said.strip() == "(50, 32, 32, 3)"


# ---------------------------------------------------------------- nothing is lost


@needs_a_room
def test_a_killed_hub_takes_no_kernel_and_no_file_with_it(opened, working):
    working.run("kept = 41; open('note', 'w').write('noted')")
    (culler,) = processes.cullers(opened.room)
    opened.hub.send_signal(signal.SIGKILL)
    opened.hub.wait()
    assert working.run("print(kept + 1)").strip() == "42"
    assert processes.cullers(opened.room) == [culler], "nobody has ended it"
    opened.start_hub()
    assert len(processes.cullers(opened.room)) == 1
    assert culler not in processes.cullers(opened.room)
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
    learner.give(source, home)
    assert {path.name: path.read_text() for path in home.iterdir()} == {
        "a.ipynb": "edited",
        "b.ipynb": "new",
    }


@needs_a_room
def test_collected_work_holds_the_files_and_gives_no_secret_away(opened, working, tmp_path):
    trap = f"os.path.lexists('trap') or os.symlink({str(opened.room.private)!r}, 'trap')"
    working.run(f"import os; {trap}")
    done = room_py("collect", tmp_path / "work", "--folder", opened.folder)
    assert done.returncode == 0, done.stderr
    archive = tmp_path / "work" / f"{opened.first}.tar.gz"
    listed = subprocess.run(["tar", "tf", archive], capture_output=True, text=True).stdout
    assert f"./book/{CHAPTER}" in listed
    assert "book/trap" in listed
    assert "cookie_secret" not in listed
    assert archive.parent.stat().st_mode & 0o777 == 0o700
    assert archive.stat().st_mode & 0o777 == 0o600


@needs_a_room
def test_a_home_that_cannot_be_read_stops_no_other_and_no_folder_is_closed(opened, tmp_path):
    home = opened.room.homes / opened.teacher
    (home / "closed").mkdir(mode=0o000)
    (home / "open").touch()
    tmp_path.chmod(0o755)
    try:
        done = room_py("collect", tmp_path, "--folder", opened.folder)
    finally:
        (home / "closed").rmdir()
    assert done.returncode != 0
    assert "2 of 3 archives are whole" in done.stderr
    assert f"\n  {opened.teacher}: tar: ./closed: " in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {f"{one}.tar.gz" for one in opened.phrases}
    torn = ["tar", "tf", tmp_path / f"{opened.teacher}.tar.gz"]
    assert "./open" in subprocess.run(torn, capture_output=True, text=True, check=True).stdout
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@needs_a_room
def test_who_teaches_sees_and_stops_servers_and_a_learner_does_not(opened, working):
    users = opened.inside(opened.teacher).ask_hub("GET", "users")
    assert users.status_code == 200
    assert opened.first in {user["name"] for user in users.json()}
    stop = f"users/{opened.first}/server"
    assert opened.inside(opened.teacher).ask_hub("DELETE", stop).status_code < 300
    other = opened.inside(opened.second)
    assert {other.ask_hub(*one).status_code for one in (("GET", "users"), ("DELETE", stop))} <= {
        403,
        404,
    }


# ---------------------------------------------------------------- what is refused


@needs_a_room
def test_ports_of_root_are_free_and_no_two_alike(monkeypatch):
    first, second = settings.ports_of_root(2, but=None)
    monkeypatch.setattr(settings, "PORTS", range(min(first, second), max(first, second) + 1))
    monkeypatch.setattr(settings, "has_a_name", lambda port: port not in (first, second))
    assert {*settings.ports_of_root(2, but=None)} == {first, second}
    assert settings.ports_of_root(1, but=first) == [second]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first))
        assert settings.ports_of_root(1, but=None) == [second]
        with pytest.raises(settings.RoomError, match=r"need 2 ports .* and 1 can be bound"):
            settings.ports_of_root(2, but=None)


def test_a_machine_whose_users_may_bind_any_port_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "FIRST_FOR_ALL", tmp_path / "start")
    settings.check_ports()  # an old kernel has no such file, and holds to 1024
    settings.FIRST_FOR_ALL.write_text("1024\n")
    settings.check_ports()
    settings.FIRST_FOR_ALL.write_text("0\n")
    with pytest.raises(settings.RoomError, match=r"from 0 on.*sysctl .*port_start=1024"):
        settings.check_ports()


@pytest.mark.parametrize("ip", ["0.0.0.0", "::", "192.168.1.5"])
def test_a_public_address_asks_for_tls(ip):
    room = settings.Room(ip=ip)
    with pytest.raises(settings.RoomError, match=r"--ssl-key.*--without-tls"):
        settings.check_address(room)
    settings.check_address(room, without_tls=True)
    settings.check_address(settings.Room(ip=ip, ssl_key=__file__, ssl_cert=__file__))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"ip": "somewhere"}, "got 'somewhere'"),
        ({"ssl_key": __file__}, "belong together"),
        ({"ssl_key": "/no/key", "ssl_cert": __file__}, "/no/key"),
    ],
)
def test_a_wrong_address_is_explained(wrong, message):
    with pytest.raises(settings.RoomError, match=message):
        settings.check_address(settings.Room(**wrong))


@needs_a_room
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("open", "--ip", "0.0.0.0"), "without TLS"),
        (("open", "--folder", "/srv/" + 60 * "x"), "shorter --folder"),
        (("remove", "--folder", "/no/room"), "no room has been opened"),
        (("open", "--ssl-key", "key", "--ssl-cert", "cert"), f"{os.getcwd()}/key: there is no"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(words, message):
    done = room_py(*words)
    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cullers_of_a_room_are_ended_and_no_other_rooms(tmp_path):
    rooms = [settings.Room(folder=str(tmp_path / name)) for name in ("one", "other")]
    command = [sys.executable, "-c", "import time; time.sleep(60)", processes.CULLER]
    running = []
    for room in rooms:
        room.make_folders()
        running.append(subprocess.Popen(command, cwd=room.private))
    try:
        assert processes.cullers(rooms[0]) == [running[0].pid]
        processes.stop_cullers(rooms[0])
        assert running[0].wait(timeout=10) == -signal.SIGTERM
        assert processes.cullers(rooms[1]) == [running[1].pid]
    finally:
        for one in running:
            one.kill()
            one.wait()


def test_a_process_that_ends_before_it_is_told_to_is_no_failure(monkeypatch):
    gone = subprocess.Popen(["true"])
    gone.wait()
    monkeypatch.setattr(processes, "running", lambda *_, found=[None, gone.pid]: found.pop())
    processes.stop(settings.Room(), "hub")


@needs_a_room
def test_without_root_a_room_is_not_opened_at_all():
    done = room_py("open", user="nobody", group="nogroup", extra_groups=[], cwd="/")
    assert done.returncode != 0
    assert "a room needs root" in done.stderr


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
    lines = path.read_text().splitlines()
    return dict(line.split("==") for line in lines if "==" in line and ";" not in line)


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


def test_scripts_are_shell_that_parses_and_can_be_run():
    script = ROOT / ".binder" / "postBuild"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_binder_hands_out_notebooks_to_be_solved_without_a_build(tmp_path, monkeypatch):
    """The script as it stands, in a clone without a build; the library is installed already."""
    monkeypatch.setattr(chapters, "BUILD", tmp_path / "nothing was built")
    script = (ROOT / ".binder" / "postBuild").read_text()
    assert "PYTHONPATH=book/_ext python tools/notebooks.py notebooks\n" in script
    files = [path for path in chapters.files() if path.suffix == ".ipynb"]
    written = notebooks.write(tmp_path / "notebooks")
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
                assert not any(solution(source_of(stub)) in cell.source for stub in stubs)


def test_a_link_of_a_notebook_leads_to_a_file_where_no_site_is_published(tmp_path):
    places = notebooks.addresses(tmp_path, None)
    assert places["02_the_residual_block"] == "02_the_residual_block.ipynb"
    assert (tmp_path / places["glossary"]).samefile(ROOT / "book" / "glossary.md")
    site = "https://owner.github.io/book/"
    assert notebooks.addresses(tmp_path, site)["glossary"] == f"{site}book/glossary.html"


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


def test_whoever_teaches_may_do_the_same_in_a_cluster_as_in_a_room(tmp_path, monkeypatch):
    room = settings.Room(folder=str(tmp_path))
    room.make_folders()
    room.save()
    monkeypatch.setenv("RESNET_ROOM", room.folder)
    config = PyFileConfigLoader("jupyterhub_config.py", path=str(ROOT / "deploy")).load_config()
    here = next(role for role in config.JupyterHub.load_roles if role["name"] == "teacher")
    values = yaml.safe_load((ROOT / "deploy/kubernetes/values.yaml").read_text())
    assert values["hub"]["loadRoles"] == {"teacher": {"scopes": here["scopes"], "users": []}}
    assert not any(scope.startswith(("access:", "admin:")) for scope in here["scopes"])
