"""Seconds to build the papers' deepest nets, beside the article's own code in the same run.

    python benchmarks/building.py [--depths V1,V2]

Builds ResNet v1 and v2 in turn with this library and with the port of the article's listing that
the tests use as an oracle. The ratio is the figure to look at.
"""

import os
import sys
import time
from pathlib import Path

import results

DEEPEST = [1202, 1001]  # v1: He et al. 2015; v2: He et al. 2016


def main():
    parser = results.parser(__doc__)
    parser.add_argument("--depths", type=results.list_of(int), default=DEEPEST)
    options = parser.parse_args()
    machine, measured, backend = results.probe()
    os.environ["KERAS_BACKEND"] = backend
    figures = {"backend": backend, "rows": compare(*options.depths)}
    results.save("building", machine, measured | figures, options.results)


def compare(v1_depth, v2_depth):
    sys.path.append(str(Path(__file__).parents[1] / "tests" / "helpers"))
    import keras
    from article_nets import article_v1, article_v2

    from resnet_lib import resnet_v1, resnet_v2

    def build(builder, depth):
        keras.backend.clear_session()
        started = time.perf_counter()
        parameters = builder((32, 32, 3), depth).count_params()
        return time.perf_counter() - started, parameters

    # As it stands the article's code ends in a RecursionError at these depths.
    sys.setrecursionlimit(20_000)
    resnet_v1((32, 32, 3), 8)  # what the first net of a process pays once is not measured
    rows = []
    for version, depth, ours, article in (
        ("v1", v1_depth, resnet_v1, article_v1),
        ("v2", v2_depth, resnet_v2, article_v2),
    ):
        seconds, parameters = build(ours, depth)
        article_seconds, article_parameters = build(article, depth)
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
