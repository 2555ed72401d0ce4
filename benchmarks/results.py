"""The results file of this machine: `results/<machine>.json`, one section a benchmark.

Sections are measured by programs of their own and each says when, at which commit and with which
versions, so that one can be measured again without the others. Each has `rows`; a row holds its
section's figures, or an `error` that says why there are none.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

SCHEMA = 1  # raise it when a figure changes its meaning
RESULTS = Path(__file__).parent / "results"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX"}
TASKS = ("training", "inference")
LAYOUTS = ("one process", "side by side")
VIEWS = tuple(product(TASKS, LAYOUTS))  # of the section `throughput`
LIMITED = "limited to "  # in the name of a machine, before the vector instructions it may use
MACHINE = {"name": str, "gpu": bool, "cpu": str, "cores": int, "instructions": str | None}
MEASURED = {
    "date": str,
    "commit": str | None,
    "busy_before": float | None,
    "versions": dict,
    "rows": list,
}
ROWS = {  # section: what a row without an error holds
    "commands": {"command": str, "seconds": list, "peak_mib": int},
    "throughput": {
        **{"name": str, "label": str, "batch_size": int, "parameters": int, "device": str},
        **{"seconds_to_first_step": float, "rounds": list, "images_per_second": float},
        **{"ratio": float | None, "versions": dict, "task": str, "layout": str},
    },
    "accuracy": {"epochs": int, "seed": int, "accuracy": float, "seconds": float},
    "depth": {
        **{"depth": int, "parameters": int, "seconds_to_first_step": float},
        **{"seconds_per_step": float, "memory_mib": int},
    },
    "overhead": {"backend": str, "path": str, "microseconds_per_step": float},
    "building": {
        **{"net": str, "parameters": int, "seconds": float, "article_seconds": float},
        **{"ratio": float},
    },
    "chapters": {"chapter": str, "seconds": float, "seconds_without_onednn": float | None},
    "memory": {  # most of the kernel, and with what it starts; of it pages of libraries
        **{"chapter": str, "kernel_mib": int, "peak_mib": int, "shared_mib": int},
    },
    "room": {  # seconds of a step: the median over the learners, and the 95th percentile
        **{"chapter": str, "learners": int, "errors": int, "problems": list, "memory_mib": int},
        **{"log_in": list, "server": list, "run": list},
    },
    "site": {
        **{"page": str, "kind": str, "kilobytes": int, "requests": int},
        **{"desk": dict | None, "phone": dict | None},  # Lighthouse's scores, where it was asked
    },
}
# What older files leave out, which stay readable: they are of training in one process, and of
# chapters with oneDNN as TensorFlow chose.
OLDER_MACHINE = {"instructions": None}
OLDER_ROW = {"task": "training", "layout": "one process", "seconds_without_onednn": None}
LONGEST_REASON = 300  # characters
PROBE = """
import json
from resnet_lib import machine
print(json.dumps([machine.has_gpu(), machine.device_name(), machine.source_commit(),
                  machine.backend_versions()]))
"""


def parser(description):
    options = argparse.ArgumentParser(description=description.splitlines()[0])
    options.add_argument(
        "--results", type=Path, default=RESULTS, help="folder of the results files"
    )
    return options


def whole_number(text):
    """For argparse: a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1; got {text!r}")
    return int(text)


def list_of(convert):
    """For argparse: values with commas between them."""

    def values(text):
        try:
            return [convert(word) for word in text.split(",")]
        except ValueError as problem:
            raise argparse.ArgumentTypeError(
                f"expected numbers with commas between them; got {text!r}"
            ) from problem

    return values


def probe():
    """`(machine, measured, backend)`: whose results file, and what a section begins with.

    `backend` is for what is measured with one alone: `KERAS_BACKEND` or TensorFlow, where it sees
    the GPU, or where none does.
    """
    busy = busy_share()
    wished = os.environ.get("KERAS_BACKEND")
    backends = sorted(BACKENDS, key=lambda name: name != wished)
    seen = {backend: answer for backend in backends if (answer := ask(backend))}
    if not seen:
        raise SystemExit("neither TensorFlow nor JAX starts here; try: make bench")
    backend = max(seen, key=lambda name: seen[name][0])
    gpu, device, commit, versions = seen[backend]
    for _, _, _, others in seen.values():
        versions = others | versions
    cores = os.cpu_count()
    machine = {
        "name": f"{device}, {cores} cores" if gpu else device,
        "gpu": gpu,
        "cpu": cpu_name(),
        "cores": cores,
        "instructions": vector_instructions(),
    }
    if is_busy(busy):
        print(f"note: other work takes {busy:.0%} of this machine; the figures will suffer from it")
    measured = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit,
        "busy_before": busy,
        "versions": versions,
    }
    return machine, measured, backend


def ask(backend):
    """What a backend says of this machine, in a process of its own: TensorFlow keeps the GPU."""
    answer = run_child(["-c", PROBE], backend)
    return None if answer.returncode else json.loads(answer.stdout.splitlines()[-1])


def run_child(arguments, backend, **options):
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "2"}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, **options)


def reason(written, status):
    """Why a program failed, in one line: the last exception it names, else its last line."""
    lines = [line.rstrip() for line in written.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]+(Error|Exception|NotFound)\b", line)]
    found = named or lines
    return found[-1][:LONGEST_REASON] if found else f"ended with status {status}"


def busy_share(seconds=2):
    """Which part of the cores' time others take now, 0 to 1; None on systems that do not tell."""

    def look():
        fields = list(map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9]))
        return sum(fields), fields[3] + fields[4]  # all, and idle or waiting for a disk

    try:
        before = look()
        time.sleep(seconds)
        everything, idle = (now - then for now, then in zip(look(), before, strict=True))
        return round(1 - idle / everything, 2)
    except OSError:
        return None


def is_busy(share):
    return share is not None and share > 0.15


def cpu_name():
    """The processor's model, as its maker writes it, without the marks."""
    name = platform.processor() or platform.machine()
    try:
        name = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())[1]
    except (OSError, TypeError):  # no Linux, or a processor that does not say
        if sys.platform == "darwin":
            command = ["sysctl", "-n", "machdep.cpu.brand_string"]
            name = subprocess.run(command, capture_output=True, text=True).stdout or name
    return " ".join(re.sub(r"\((R|TM)\)", "", name).split())


def vector_instructions():
    """ "AVX2", "AVX512" or "AVX512 with VNNI"; None where the system does not tell."""
    try:
        flags = re.search(r"^flags\s*:(.+)", Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1]
    except (OSError, TypeError):  # no Linux, or no x86
        return None
    names = {"avx512_vnni": "AVX512 with VNNI", "avx512f": "AVX512", "avx2": "AVX2"}
    return next((name for flag, name in names.items() if flag in flags.split()), None)


def select(rows, task, layout):
    """The rows of `throughput` for one of the `TASKS` in one of the `LAYOUTS`."""
    wished = {"task": task, "layout": layout}
    return [row for row in rows if (OLDER_ROW | row).items() >= wished.items()]


def ratio(rows, name, peer):
    """How many times as fast `name` is as `peer`: the median over the rounds; None without both."""
    rounds = {row["name"]: row["rounds"] for row in rows if "error" not in row}
    if name not in rounds or peer not in rounds:
        return None
    pairs = zip(rounds[name], rounds[peer], strict=True)
    return round(statistics.median(mine / its for mine, its in pairs), 2)


def machine_name(machine):
    """With its processor: two machines of as many cores may differ by a factor of three."""
    cpu = "" if machine["cpu"] in machine["name"] else f" ({machine['cpu']})"
    return machine["name"] + cpu


def processor(machine):
    """ "AMD EPYC, 2 cores, AVX512 with VNNI": what differs between two machines with CPUs."""
    _, limited, instructions = machine["name"].partition(LIMITED)
    told = (limited + instructions) or (OLDER_MACHINE | machine)["instructions"]
    return ", ".join(filter(None, [machine["cpu"], f"{machine['cores']} cores", told]))


def file_of(machine, folder=RESULTS):
    name = machine["name"] if machine["gpu"] else machine_name(machine)
    return Path(folder) / (re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") + ".json")


def save(section, machine, figures, folder=RESULTS):
    """Put `figures` into their section of this machine's file, whole or not at all."""
    path = file_of(machine, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"schema": SCHEMA, "machine": machine}
    before = json.loads(path.read_text()) if path.exists() else {}
    known = before.get("machine", {})
    if before.get("schema") != SCHEMA or any(machine.get(name) != known[name] for name in known):
        before = {}  # of another machine with this name, or of a schema that is gone
    sections = before | {section: figures}
    record |= {name: sections[name] for name in ROWS if name in sections}
    check(record, path)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    unfinished.replace(path)
    print(f"written: {section} in {path.name}", flush=True)


def check(record, path):
    """Raise `ValueError` for a record that is not of this schema."""

    def need(found, fields, where):
        for name, kind in fields.items():
            if name not in found or not isinstance(found[name], kind):
                raise ValueError(
                    f"{path}, {where}: {name} must be {kind}; got {found.get(name)!r}; "
                    "measure again: make bench"
                )

    need(record, {"schema": int, "machine": dict}, "record")
    if record["schema"] != SCHEMA:
        raise ValueError(f"{path} is of schema {record['schema']}; measure again: make bench")
    need(OLDER_MACHINE | record["machine"], MACHINE, "machine")
    for section in record.keys() - {"schema", "machine"}:
        if section not in ROWS:
            raise ValueError(f"{path}: there is no section {section!r}, only {', '.join(ROWS)}")
        need(record[section], MEASURED, section)
        for row in record[section]["rows"]:
            need(OLDER_ROW | row, {"error": str} if "error" in row else ROWS[section], section)


def load_all(folder=RESULTS):
    """Every machine's record, checked, GPUs after CPUs."""
    records = []
    for path in sorted(Path(folder).glob("*.json")):
        records.append(json.loads(path.read_text()))
        check(records[-1], path)
    return sorted(records, key=lambda record: record["machine"]["gpu"])
