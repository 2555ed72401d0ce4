"""Check the statistics, the table and the limit of memory of the benchmark of a room."""

from benchmarks.report.section_tables import format_room
from benchmarks.room import loaded_room
from benchmarks.room.loaded_room import LoadedRoom, compute_quantile


def test_the_95th_percentile_is_a_value_that_was_measured():
    values = [*range(20, 0, -1)]
    assert compute_quantile(values, 0.95) == 19
    assert compute_quantile([3.0], 0.95) == 3.0


def test_the_table_says_what_was_measured_and_what_did_not_fit():
    row = {"chapter": "01", "learners": 5, "errors": 1, "problems": ["x"], "memory_mib": 1234}
    row |= {"log_in": [0.1, 0.2], "server": [1.0, 2.0], "run": [3.0, 4.0]}
    rows = [row, {"chapter": "01", "learners": 30, "error": "30 do not fit"}]
    restart = {"learners": 5, "while_down": 4, "seconds": 2.5}
    restart |= {"connections": 5, "variables": 5, "files": 5}
    text = format_room({"rows": rows, "restart": restart})
    assert "| 01 | 5 | 0.1 / 0.2 | 1.0 / 2.0 | 3.0 / 4.0 | 1,234 | 1 |" in text
    assert "| 01 | 30 | failed: 30 do not fit |  |  |  |  |" in text
    assert "During this time 4 of 5 kernels answered" in text


class SimulatedRoom(LoadedRoom):
    """A room whose learners need 300 MiB each. It notes how many came, and when it was emptied."""

    def __init__(self):
        super().__init__("nowhere", 30)
        self.events = []

    def measure_load(self, chapter, count):
        self.clients = self.working = [object()] * count
        self.events.append(count)
        return {"memory_mib": 300}

    def empty(self):
        self.events.append("empty")
        self.clients, self.working = [], []


def test_learners_who_do_not_fit_are_not_tried_and_the_others_stay(monkeypatch):
    monkeypatch.setattr(loaded_room, "read_free_memory", lambda: 4096)
    room = SimulatedRoom()
    rows = list(room.measure_loads(["01"], [1, 10, 30]))
    reason = "9,000 MiB are needed, 3,072 are free"
    assert [row.get("error") for row in rows] == [None, None, reason]
    assert room.events == ["empty", 1, "empty", 10]
    assert len(room.working) == 10, "those whose kernels are checked after the restart"
