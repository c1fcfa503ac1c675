"""``ntm-gym leaderboard show``: print what the entries say."""

from __future__ import annotations

import argparse

from ntm_gym.commands import options
from ntm_gym.evaluation import suites


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("show", help="print what the entries say")
    options.add_board(parser)
    parser.add_argument("--suite", help=f"one of {', '.join(suites.SUITES)}; all by default")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the tables of what the entries say, without playing."""
    from ntm_gym.leaderboard.board import read_board
    from ntm_gym.leaderboard.references import read_references
    from ntm_gym.leaderboard.tables import Row, format_claims, format_tables

    entries = [entry for _, entry in read_board(args.board)]
    references = read_references(args.board)
    judged = {entry.suite for entry in entries} | {each.suite for each in references}
    wanted = judged if args.suite is None else {suites.find_suite(args.suite)} & judged
    if not wanted:
        raise ValueError(f"no entry in {args.board} is of suite {args.suite!r}")
    for suite in (suite for suite in suites.SUITES.values() if suite in wanted):
        print(f"\nSuite {suite.name!r}, {suite.num_episodes:,} episodes a point")
        rows = [
            Row.of_reference(name, points)
            for each in references
            if each.suite == suite
            for name, points in each.agents.items()
        ]
        rows += [Row.of(entry) for entry in entries if entry.suite == suite]
        print(format_tables(rows, suite))
        print()
        for entry in entries:
            if entry.suite == suite:
                print(format_claims(entry))
    return 0
