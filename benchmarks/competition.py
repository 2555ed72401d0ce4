"""The rounds of `throughput.py`: the contestants take turns, and their rates become rows."""

import statistics
import sys
from contextlib import ExitStack, closing

import results
from results import TASKS
from teams import Failed, Team, cores_of

PEER = "torch-eager"  # the ratios are to this one


def compete(contestants, layout, setting, cores=None):
    """The rows of one layout, one for each contestant and task.

    A contestant that fails leaves the reason in its rows, and the others go on. `cores` defaults to
    the cores that the layout takes.
    """
    entries = [Entry(contestant, layout) for contestant in contestants]
    entries = [entry for entry in entries if entry.rounds]
    with ExitStack() as stack:
        for entry in entries:
            stack.enter_context(closing(entry))
            entry.attempt(entry.start, setting, cores, len(entries))
        for number in range(1, setting.rounds + 1):
            for task in TASKS:
                for entry in entries:
                    entry.attempt(entry.turn, task, number)
        for entry in entries:
            entry.attempt(entry.end)
    rows = [row for entry in entries for row in entry.rows()]
    for row in rows:
        if "error" not in row:
            same = results.select(rows, row["task"], layout)
            row["ratio"] = results.ratio(same, row["name"], PEER)
    return rows


class Entry:
    """A contestant in one layout, from its start to its rows."""

    def __init__(self, contestant, layout):
        self.contestant, self.layout = contestant, layout
        self.rounds = {task: [] for task in TASKS if contestant.takes_part(task, layout)}
        self.team, self.figures, self.error = None, {}, None

    def attempt(self, step, *arguments):
        """Take a step, unless an earlier one failed. A failure ends all processes of this entry."""
        if self.error is None:
            try:
                step(*arguments)
            except Failed as problem:
                self.error = str(problem)
                self.say(problem, file=sys.stderr)
                self.close()

    def start(self, setting, cores, contestants):
        cores = cores or cores_of(self.layout, contestants)
        self.team = Team(self.contestant, setting, cores)
        self.figures["seconds_to_first_step"] = round(self.team.start(), 1)
        if "inference" in self.rounds:
            self.team.turn("inference")  # the first one compiles
        self.say(f"first step {self.figures['seconds_to_first_step']} s")

    def turn(self, task, number):
        if task in self.rounds:
            rate = round(self.team.turn(task), 1)
            self.rounds[task].append(rate)
            self.say(f"{task}, round {number}: {rate:,} images/s")

    def end(self):
        self.figures |= self.team.end()

    def close(self):
        if self.team:
            self.team.close()

    def rows(self):
        one = self.contestant
        about = {"name": one.name, "label": one.label, "batch_size": one.batch_size}
        for task, rounds in self.rounds.items():
            row = about | {"task": task, "layout": self.layout}
            if self.error is not None:
                yield row | {"error": self.error}
            else:
                rate = statistics.median(rounds)
                yield row | self.figures | {"rounds": rounds, "images_per_second": rate}

    def say(self, words, file=sys.stdout):
        print(f"{self.layout}, {self.contestant.name}: {words}", file=file, flush=True)
