"""The command line: `python -m resnet_lib train` and `python -m resnet_lib data`."""

import argparse
import sys
from dataclasses import replace

from resnet_lib.recipes import RECIPES


def main(arguments=None):
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    # What a user can mend is told in one line; anything else is our fault and keeps its trace.
    from resnet_lib.data import DataError

    try:
        options.command(options)
    except (ValueError, FileExistsError, FileNotFoundError, DataError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def parser():
    whole = argparse.ArgumentParser(prog="python -m resnet_lib", description=__doc__)
    commands = whole.add_subparsers(required=True, metavar="command")

    train = commands.add_parser("train", help="train a net on CIFAR-10 and write its Run")
    train.set_defaults(command=train_net)
    train.add_argument("--version", default="v1", help="v1 (depth 6n+2) or v2 (depth 9n+2)")
    train.add_argument("--n", type=int, default=3, help="blocks in each of the three stages")
    train.add_argument("--shortcut", default="projection", help="projection, pad, none or highway")
    train.add_argument("--recipe", default="quick", choices=RECIPES)
    train.add_argument("--epochs", type=int, help="instead of the recipe's own")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--folder", help="where run.json and model.keras go; below runs/ by default")

    data = commands.add_parser("data", help="fetch CIFAR-10, check it, say where it lies")
    data.set_defaults(command=fetch_data)
    data.add_argument("--from", dest="source", metavar="PATH", help="take it from this machine")
    return whole


def train_net(options):
    from resnet_lib.runs import NetSpec
    from resnet_lib.training import train

    recipe = RECIPES[options.recipe]
    if options.epochs is not None:
        recipe = replace(recipe, epochs=options.epochs)
    spec = NetSpec(options.version, options.n, options.shortcut)
    run = train(spec, recipe, seed=options.seed, folder=options.folder)
    print(
        f"{run.model}, {run.parameters:,} parameters, recipe {recipe.name}, "
        f"{recipe.epochs} epochs, seed {run.seed}, {run.backend} on {run.device}"
    )
    folder = options.folder or f"runs/{run.name}"
    history = run.history
    print(f"training error {history['error'][-1]:.2f} %, test error {run.test_error:.2f} %")
    print(f"{sum(history['seconds']):.0f} s; run.json and model.keras are in {folder}")


def fetch_data(options):
    from resnet_lib import data

    if options.source:
        data.import_cifar10(options.source)
    print(data.report())


if __name__ == "__main__":
    sys.exit(main())
