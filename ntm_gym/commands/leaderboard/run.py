"""``ntm-gym leaderboard run``: play all entries and compare."""

from __future__ import annotations

import argparse

from ntm_gym.commands import options
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.terminal import progress, use_one_thread


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("run", help="play all entries and compare")
    options.add_board(parser)
    options.add_trust(parser)
    options.add_suite(parser)
    parser.add_argument(
        "--episodes", type=int, default=100, help="episodes a point; 100 by default"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play every entry on a sample of the suite, compare, and print the tables."""
    from ntm_gym.leaderboard.board import read_board
    from ntm_gym.leaderboard.references import play_references
    from ntm_gym.leaderboard.tables import Row, format_tables
    from ntm_gym.leaderboard.verification import replay

    use_one_thread()
    suite = find_suite(args.suite)
    board = [(path, entry) for path, entry in read_board(args.board) if entry.suite == suite]
    players = sum(len(entry.runs) for _, entry in board) + len(REFERENCE_AGENTS)
    verdicts = []
    with progress("playing", players * len(suite.points)) as advance:
        references = play_references(suite, args.episodes, advance)
        rows = [Row.of_reference(name, results.points) for name, results in references.items()]
        for folder, entry in board:
            replayed = replay(
                entry, folder, args.episodes, options.trusted_networks(args), on_point=advance
            )
            rows.append(Row.of(entry, [results.points for results in replayed.results]))
            verdicts.append((entry, replayed.difference))
    print(f"Suite {suite.name!r}, the first {args.episodes} of {suite.num_episodes} episodes")
    print(format_tables(rows, suite))
    print()
    for entry, difference in verdicts:
        print(f"{entry.name}: {difference or 'verified'}")
    return 1 if any(difference for _, difference in verdicts) else 0
