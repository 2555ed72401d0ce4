"""Run the rounds of all contestants in turn, and turn their rates into rows."""

import statistics
import sys
from contextlib import ExitStack, closing

from benchmarks.throughput.process_groups import ContestantError, ProcessGroup, choose_cores
from benchmarks.throughput.rates import BASELINE, TASKS, compute_ratio, select_rows


def measure_contestants(contestants, layout, settings, cores=None):
    """Measure all contestants in one layout, and return a row for each contestant and task.

    If a contestant fails, its rows contain the reason, and the others continue. `cores` defaults to
    the cores that the layout uses.
    """
    entries = [Entry(contestant, layout) for contestant in contestants]
    entries = [entry for entry in entries if entry.rounds]
    with ExitStack() as stack:
        for entry in entries:
            stack.enter_context(closing(entry))
            entry.attempt(entry.start, settings, cores, len(entries))
        for number in range(1, settings.rounds + 1):
            for task in TASKS:
                for entry in entries:
                    entry.attempt(entry.run_round, task, number)
        for entry in entries:
            entry.attempt(entry.end)
    rows = [row for entry in entries for row in entry.make_rows()]
    for row in rows:
        if "error" not in row:
            peers = select_rows(rows, row["task"], layout)
            row["ratio"] = compute_ratio(peers, row["name"], BASELINE)
    return rows


class Entry:
    """A contestant in one layout: its processes, its rates and, if it fails, its error."""

    def __init__(self, contestant, layout):
        self.contestant, self.layout = contestant, layout
        self.rounds = {task: [] for task in TASKS if contestant.takes_part(task, layout)}
        self.group, self.values, self.error = None, {}, None

    def attempt(self, step, *arguments):
        """Take a step, unless an earlier one failed. A failure ends all processes of this entry."""
        if self.error is None:
            try:
                step(*arguments)
            except ContestantError as error:
                self.error = str(error)
                self.log(error, file=sys.stderr)
                self.close()

    def start(self, settings, cores, num_contestants):
        cores = cores or choose_cores(self.layout, num_contestants)
        self.group = ProcessGroup(self.contestant, settings, cores)
        self.values["seconds_to_first_step"] = round(self.group.wait_until_ready(), 1)
        if "inference" in self.rounds:
            self.group.measure_rate("inference")  # the first one compiles
        self.log(f"first step {self.values['seconds_to_first_step']} s")

    def run_round(self, task, number):
        if task in self.rounds:
            rate = round(self.group.measure_rate(task), 1)
            self.rounds[task].append(rate)
            self.log(f"{task}, round {number}: {rate:,} images/s")

    def end(self):
        self.values |= self.group.end()

    def close(self):
        if self.group:
            self.group.close()

    def make_rows(self):
        """Yield a row for each task."""
        one = self.contestant
        header = {"name": one.name, "label": one.label, "batch_size": one.batch_size}
        for task, rounds in self.rounds.items():
            row = header | {"task": task, "layout": self.layout}
            if self.error is not None:
                yield row | {"error": self.error}
            else:
                rate = statistics.median(rounds)
                yield row | self.values | {"rounds": rounds, "images_per_second": rate}

    def log(self, text, file=sys.stdout):
        print(f"{self.layout}, {self.contestant.name}: {text}", file=file, flush=True)
