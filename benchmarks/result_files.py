"""Read, check and write the results file of each machine, `results/<machine>.json`.

A file has one section for each benchmark. A section says when it was measured, at which commit and
with which versions, so that it can be measured again without the others. Each section has `rows`.
A row holds the fields of its section, or an `error` that says why they are missing.
"""

import json
import re
from pathlib import Path

SCHEMA = 1  # raise it if a field changes its meaning
RESULTS_FOLDER = Path(__file__).parent / "results"
LIMITED_TO = "limited to "  # in a machine's name, before the vector instructions that it may use
MACHINE_FIELDS = {"name": str, "gpu": bool, "cpu": str, "cores": int, "instructions": str | None}
SECTION_FIELDS = {
    "date": str,
    "commit": str | None,
    "busy_before": float | None,
    "versions": dict,
    "rows": list,
}
ROW_FIELDS = {  # of each section, in a row without an error
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
# Older files lack these fields. Their rows are of training in one process, and of chapters with
# TensorFlow's own choice about oneDNN.
MACHINE_DEFAULTS = {"instructions": None}
ROW_DEFAULTS = {"task": "training", "layout": "one process", "seconds_without_onednn": None}


def format_machine(machine):
    """Return the machine's name with its processor.

    Two machines with equally many cores may differ by a factor of three.
    """
    cpu = "" if machine["cpu"] in machine["name"] else f" ({machine['cpu']})"
    return machine["name"] + cpu


def results_path(machine, folder=RESULTS_FOLDER):
    """Return the path of the machine's results file."""
    name = machine["name"] if machine["gpu"] else format_machine(machine)
    return Path(folder) / (re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-") + ".json")


def save_section(section, machine, content, folder=RESULTS_FOLDER):
    """Write `content` into its section of this machine's file, completely or not at all."""
    path = results_path(machine, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"schema": SCHEMA, "machine": machine}
    before = json.loads(path.read_text()) if path.exists() else {}
    known = before.get("machine", {})
    if before.get("schema") != SCHEMA or any(machine.get(name) != known[name] for name in known):
        before = {}  # of another machine with this name, or of an old schema
    sections = before | {section: content}
    record |= {name: sections[name] for name in ROW_FIELDS if name in sections}
    check_record(record, path)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n")
    unfinished.replace(path)
    print(f"written: {section} in {path.name}", flush=True)


def check_record(record, path):
    """Raise `ValueError` if the record does not have the fields of this schema."""

    def check_fields(values, fields, part):
        for name, kind in fields.items():
            if name not in values or not isinstance(values[name], kind):
                raise ValueError(
                    f"{path}, {part}: {name} must be {kind}; got {values.get(name)!r}; "
                    "measure again: make bench"
                )

    check_fields(record, {"schema": int, "machine": dict}, "record")
    if record["schema"] != SCHEMA:
        raise ValueError(f"{path} is of schema {record['schema']}; measure again: make bench")
    check_fields(MACHINE_DEFAULTS | record["machine"], MACHINE_FIELDS, "machine")
    for section in record.keys() - {"schema", "machine"}:
        if section not in ROW_FIELDS:
            sections = ", ".join(ROW_FIELDS)
            raise ValueError(f"{path}: there is no section {section!r}, only {sections}")
        check_fields(record[section], SECTION_FIELDS, section)
        for row in record[section]["rows"]:
            fields = {"error": str} if "error" in row else ROW_FIELDS[section]
            check_fields(ROW_DEFAULTS | row, fields, section)


def load_records(folder=RESULTS_FOLDER):
    """Load and check the record of every machine, those with a GPU last."""
    records = []
    for path in sorted(Path(folder).glob("*.json")):
        records.append(json.loads(path.read_text()))
        check_record(records[-1], path)
    return sorted(records, key=lambda record: record["machine"]["gpu"])
