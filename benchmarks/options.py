"""Create the command line options that the sections share."""

import argparse
from pathlib import Path

from benchmarks.result_files import RESULTS_FOLDER


def create_parser(description):
    """Create a parser with the option `--results`; `description` is a module's docstring."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument(
        "--results", type=Path, default=RESULTS_FOLDER, help="folder of the results files"
    )
    return parser


def parse_positive_int(text):
    """Convert an option to a whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1; got {text!r}")
    return int(text)


def make_list_parser(convert):
    """Return a function that splits an option at its commas and converts each part."""

    def parse_list(text):
        try:
            return [convert(word) for word in text.split(",")]
        except ValueError as error:
            raise argparse.ArgumentTypeError(
                f"expected numbers with commas between them; got {text!r}"
            ) from error

    return parse_list
