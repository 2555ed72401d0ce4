"""Check the statistics and the table of the benchmark of a room."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import room
import table


def test_the_95th_percentile_is_a_value_that_was_measured():
    values = [*range(20, 0, -1)]
    assert room.spread(values, 0.95) == 19
    assert room.spread([3.0], 0.95) == 3.0


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
