"""Seconds to build the papers' deepest nets, beside the article's own code in the same run.

    python benchmarks/build_deep_nets.py

builds each net in turn with this library and with the port of the article's listing that the
tests use as an oracle, and writes `build_deep_nets.json` next to this file. The ratio is the
figure to look at; the seconds belong to one machine.
"""

import json
import platform
import sys
import time
from pathlib import Path

import keras

HERE = Path(__file__).parent
sys.path.append(str(HERE.parent / "tests"))

from article_nets import article_v1, article_v2  # noqa: E402

from resnet_lib import resnet_v1, resnet_v2  # noqa: E402

NETS = (("v1", 1202, resnet_v1, article_v1), ("v2", 1001, resnet_v2, article_v2))


def seconds_to_build(builder, depth):
    keras.backend.clear_session()
    started = time.perf_counter()
    parameters = builder((32, 32, 3), depth).count_params()
    return time.perf_counter() - started, parameters


def main():
    # As it stands the article's code ends in a RecursionError at these depths.
    sys.setrecursionlimit(20_000)
    resnet_v1((32, 32, 3), 8)  # what the first net of a process pays once is not measured
    results = []
    for version, depth, ours, article in NETS:
        seconds, parameters = seconds_to_build(ours, depth)
        article_seconds, article_parameters = seconds_to_build(article, depth)
        assert parameters == article_parameters
        results.append(
            {
                "net": f"ResNet-{depth} {version}",
                "parameters": parameters,
                "seconds": round(seconds, 1),
                "article_seconds": round(article_seconds, 1),
                "ratio": round(seconds / article_seconds, 2),
            }
        )
        print(results[-1])
    record = {
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "device": f"CPU, {platform.machine()}",
        "results": results,
    }
    (HERE / "build_deep_nets.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
