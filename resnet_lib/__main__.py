"""Run the commands `python -m resnet_lib train`, `record` and `data`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from resnet_lib.processor import lower_priority
from resnet_lib.record.record import record
from resnet_lib.runs.plan import PLAN_FILE, RUNS_FOLDER, describe_plan, read_plan, select
from resnet_lib.runs.recipes import RECIPES, recipe_called
from resnet_lib.runs.run import RECORDED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    options = build_parser().parse_args(arguments)
    # A user can correct these errors, so one line is enough. Other errors keep their trace.
    try:
        options.command(options)
    except (ValueError, OSError, RuntimeError) as problem:
        if type(problem).__module__.split(".")[0] not in ("builtins", "resnet_lib"):
            raise
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the same command goes on after the last whole epoch", file=sys.stderr)
        return 130
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the three commands and their options."""
    description = "The command line: `python -m resnet_lib train`, `record` and `data`."
    parser = argparse.ArgumentParser(prog="python -m resnet_lib", description=description)
    commands = parser.add_subparsers(required=True, metavar="command")

    train = commands.add_parser("train", help="train a net on CIFAR-10 and write its Run")
    train.set_defaults(command=train_net)
    train.add_argument("--version", default="v1", help="v1 (depth 6n+2) or v2 (depth 9n+2)")
    train.add_argument("--n", type=int, default=3, help="blocks in each of the three stages")
    train.add_argument("--shortcut", default="projection", help="projection, pad, none or highway")
    train.add_argument("--recipe", default="quick", choices=RECIPES)
    train.add_argument("--epochs", type=int, help="instead of the recipe's own")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--folder", help="where run.json and model.keras go; below runs/ by default")
    train.add_argument("--minutes", type=float, help="stop in time; the same command goes on")
    train.add_argument("--devices", default="one", help="one, or all: every GPU, of all machines")

    recorder = commands.add_parser(
        "record", help="make the runs and measurements of the book's plan"
    )
    recorder.set_defaults(command=record_runs)
    recorder.add_argument("--list", action="store_true", help="say what is done, what missing")
    recorder.add_argument("--only", default="*", metavar="PATTERN", help='of names, as "plain56*"')
    recorder.add_argument("--minutes", type=float, help="stop in time; the same command goes on")
    recorder.add_argument("--at-once", type=int, metavar="N", help="training runs side by side")
    recorder.add_argument("--idle", action="store_true", help="give way to all other programs")
    recorder.add_argument("--plan", type=Path, default=PLAN_FILE, help=argparse.SUPPRESS)
    recorder.add_argument("--into", type=Path, default=RECORDED, help=argparse.SUPPRESS)
    recorder.add_argument(
        "--runs", type=Path, default=RUNS_FOLDER, help="folder of those under way"
    )

    data = commands.add_parser("data", help="fetch CIFAR-10, check it, say where it lies")
    data.set_defaults(command=fetch_data)
    data.add_argument("--from", dest="source", metavar="PATH", help="take it from this machine")
    return parser


def train_net(options: argparse.Namespace) -> None:
    """Train a net, and print its name, machine, time and errors."""
    from resnet_lib.nets.spec import NetSpec
    from resnet_lib.training.train import train

    spec = NetSpec(options.version, options.n, options.shortcut)
    run = train(
        spec,
        recipe_called(options.recipe, options.epochs),
        seed=options.seed,
        folder=options.folder,
        minutes=options.minutes,
        devices=options.devices,
    )
    print(
        f"{run.model}, {run.parameters:,} parameters, recipe {run.recipe.name}, seed {run.seed}, "
        f"{run.backend} on {run.device}"
    )
    seconds = sum(run.history["seconds"])
    print(f"{run.status} after {run.epochs} of {run.recipe.epochs} epochs, {seconds:.0f} s")
    if run.status == "finished":
        print(f"training error {run.training_error:.2f} %, test error {run.test_error:.2f} %")
    elif run.status == "stopped":
        print("the same command goes on from there")
    print(f"in {options.folder or RUNS_FOLDER / run.name}")
    if run.status == "diverged":
        raise RuntimeError(f"{run.name} diverged: {run.note}")


def record_runs(options: argparse.Namespace) -> None:
    """Make the runs and measurements of the plan, or list their states."""
    if options.list:
        print(
            describe_plan(select(read_plan(options.plan), options.only), options.into, options.runs)
        )
        return
    if options.idle:
        lower_priority()
    record(
        only=options.only,
        minutes=options.minutes,
        at_once=options.at_once,
        plan=options.plan,
        recorded=options.into,
        runs=options.runs,
    )


def fetch_data(options: argparse.Namespace) -> None:
    """Fetch or import CIFAR-10, and describe it."""
    from resnet_lib.data import cifar10

    if options.source:
        cifar10.import_cifar10(options.source)
    print(cifar10.describe_cache())


if __name__ == "__main__":
    sys.exit(main())
