"""``ntm-gym envs``: what is registered, and what known agents score there."""

from __future__ import annotations

import argparse

from ntm_gym.evaluation.reference_scores import (
    SCORES,
    measure_scores,
    scores_table,
    spaces_table,
)
from ntm_gym.files import read_json
from ntm_gym.registration import ENVIRONMENTS


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("envs", help="list the registered environments")
    parser.add_argument(
        "--scores", action="store_true", help="play all reference agents (half a minute)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table with a line for each id."""
    if args.scores:
        print(scores_table(measure_scores(list(ENVIRONMENTS))))
    else:
        print(spaces_table(read_json(SCORES)))
    return 0
