"""Measure the seconds and the memory of learners who work in a room at the same time.

    python -m benchmarks.room [--learners 1,5,10,20,30] [--chapters NAME,NAME]

All learners log in, start a server and run a chapter at the same time, over HTTP and websockets as
a browser does. At the end, while all kernels of a chapter are running, the hub is killed and
started again. Then every kernel is asked for a variable, and every server for a saved file. The
section opens a room of its own with system users of its own, and removes both. It needs root, Linux
and a built book.
"""

import os
import tempfile
from pathlib import Path

from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser
from benchmarks.result_files import save_section
from benchmarks.room.loaded_room import LoadedRoom
from benchmarks.room.memory_use import read_total_memory

# One that imports no TensorFlow, and the heaviest of those that do and train nothing. The section
# `memory` measures every chapter, with one learner and without a hub.
CHAPTERS = ["04_the_curves_that_made_resnet", "09_inside_a_trained_resnet"]


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--learners", type=make_list_parser(int), default=[1, 5, 10, 20, 30])
    parser.add_argument("--chapters", type=make_list_parser(str), default=CHAPTERS)
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("only root may create the system users of a room: start this as root")
    machine, header, _ = probe_machine()
    with tempfile.TemporaryDirectory(prefix="resnet-room-") as folder:
        Path(folder).chmod(0o755)
        room = LoadedRoom(folder, max(options.learners))
        try:
            room.open()
            rows = list(room.measure_loads(options.chapters, sorted(options.learners)))
            restart = room.measure_restart()
        finally:
            room.remove()
    content = {
        "memory_mib": read_total_memory(),
        "versions": header["versions"] | room.find_versions(),
        "rows": rows,
        "restart": restart,
    }
    save_section("room", machine, header | content, options.results)


if __name__ == "__main__":
    main()
