"""``ntm-paper collect``: leaderboard entries of the recipes' finished runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.leaderboard.about import add_about_options, read_about
from ntm_gym.terminal import progress, use_one_thread
from ntm_paper.collection import collect


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = subparsers.add_parser("collect", help="make entries of the recipes' runs")
    parser.add_argument("--board", type=Path, required=True, help="folder of the entries")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="TASK/NETWORK/seed-N")
    parser.add_argument("--only", default="*", metavar="RECIPE", help="a recipe or a pattern")
    add_about_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make entries of all recipes that have finished runs, and say which."""
    use_one_thread()
    found = False
    with progress("evaluating") as advance:
        for folder, entry in collect(
            args.runs, args.board, read_about(args), args.only, advance
        ):
            found = True
            what = "has these runs already" if entry is None else f"{len(entry.runs)} runs"
            print(f"{folder}: {what}")
    if not found:
        raise ValueError(f"no finished run of a recipe {args.only!r} in {args.runs}")
    return 0
