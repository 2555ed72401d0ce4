"""Measure how many learners can work in a room at the same time."""

import sys

from benchmarks import ROOT

sys.path.append(str(ROOT / "deploy"))  # its modules are in no package
