"""``ntm-paper train``: the paper's rows, several runs at once."""

from __future__ import annotations

import argparse

from ntm_paper.commands.running import add_training_options, finish
from ntm_paper.plan import PLAN, select
from ntm_paper.seeds import parse_seeds
from ntm_paper.sweep.jobs import make_job


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = subparsers.add_parser("train", help="train the paper's rows")
    add_training_options(parser)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="RECIPE",
        help=f"one of {', '.join(row.recipe for row in PLAN)}, or a pattern; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="one seed of the rows that train in minutes"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train the rows of the plan that are not finished."""
    rows = select(args.only, parse_seeds(args.seeds), args.quick)
    jobs = [
        make_job(args.runs, row.recipe, seed, 60 * row.minutes)
        for row, seeds in rows
        for seed in seeds
    ]
    return finish(args, jobs)
