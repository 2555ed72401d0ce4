"""Measure the library, the book and a room of learners, and write the tables of the README.

`python -m benchmarks.SECTION` in the root of the repository measures one section: `accuracy`,
`building`, `chapters`, `commands`, `depth`, `memory`, `overhead`, `room`, `site` or `throughput`.
Each section goes into `results/<machine>.json`. `python -m benchmarks.report` writes the tables.
"""

from pathlib import Path

ROOT = Path(__file__).parents[1]
