"""Measure the seconds to build the papers' deepest nets, with this library and the article's code.

    python -m benchmarks.building [--depths V1,V2]

Each net is built with this library and then with the port of the article's listing that the tests
use as an oracle. Compare machines by the ratio of the two, not by the seconds.
"""

import os
import sys
import time

from benchmarks import ROOT
from benchmarks.machine import probe_machine
from benchmarks.options import create_parser, make_list_parser
from benchmarks.result_files import save_section

DEEPEST_NETS = [1202, 1001]  # v1: He et al. 2015; v2: He et al. 2016


def main():
    parser = create_parser(__doc__)
    parser.add_argument("--depths", type=make_list_parser(int), default=DEEPEST_NETS)
    options = parser.parse_args()
    machine, header, backend = probe_machine()
    os.environ["KERAS_BACKEND"] = backend
    content = {"backend": backend, "rows": measure_nets(*options.depths)}
    save_section("building", machine, header | content, options.results)


def measure_nets(v1_depth, v2_depth):
    """Build both nets with both libraries, and return a row for each net."""
    sys.path.append(str(ROOT / "tests" / "helpers"))
    import keras
    from article_nets import article_v1, article_v2

    from resnet_lib import resnet_v1, resnet_v2

    def measure_build(builder, depth):
        keras.backend.clear_session()
        started = time.perf_counter()
        parameters = builder((32, 32, 3), depth).count_params()
        return time.perf_counter() - started, parameters

    # With Python's own limit the article's code ends in a RecursionError at these depths.
    sys.setrecursionlimit(20_000)
    resnet_v1((32, 32, 3), 8)  # do not measure what only the first net of a process costs
    rows = []
    for version, depth, builder, article_builder in (
        ("v1", v1_depth, resnet_v1, article_v1),
        ("v2", v2_depth, resnet_v2, article_v2),
    ):
        seconds, parameters = measure_build(builder, depth)
        article_seconds, article_parameters = measure_build(article_builder, depth)
        if parameters != article_parameters:
            raise ValueError(f"the article's net has {article_parameters:,} parameters")
        rows.append(
            {
                "net": f"ResNet-{depth} {version}",
                "parameters": parameters,
                "seconds": round(seconds, 1),
                "article_seconds": round(article_seconds, 1),
                "ratio": round(seconds / article_seconds, 2),
            }
        )
        print(rows[-1], flush=True)
    return rows


if __name__ == "__main__":
    main()
