"""Check how the processes of a room are found and ended."""

import signal
import subprocess
import sys

import processes
import settings


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
