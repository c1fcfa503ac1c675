"""``ntm-gym leaderboard verify``: what entries claim, computed again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ntm_gym.commands import options
from ntm_gym.terminal import check_episodes, progress, use_one_thread

if TYPE_CHECKING:
    from ntm_gym.leaderboard.references import References


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("verify", help="recompute entries")
    parser.add_argument("entry", type=Path, nargs="*", help="folders; the board if none")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    options.add_board(parser)
    options.add_trust(parser)
    options.add_loader(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Recompute entries and say what differs."""
    from ntm_gym.leaderboard.board import check_against_board, read_board
    from ntm_gym.leaderboard.reading import read_entry
    from ntm_gym.leaderboard.references import read_references
    from ntm_gym.leaderboard.tables import format_claims
    from ntm_gym.leaderboard.verification import replay

    use_one_thread()
    failed = False
    check_episodes(args.episodes)
    entries = [(folder, read_entry(folder)) for folder in args.entry]
    for folder, entry in entries:
        check_against_board(folder, entry)
    for folder, entry in entries or read_board(args.board):
        trusted = options.trusted_networks(args)
        with progress(entry.name, len(entry.runs) * len(entry.suite.points)) as advance:
            difference = replay(
                entry, folder, args.episodes, trusted, args.agent, advance
            ).difference
        failed |= difference is not None
        print(format_claims(entry))
        print(f"{entry.name}, {entry.suite.name}: {difference or 'verified'}")
    for references in [] if args.entry else read_references(args.board):
        failed |= not _verify_references(references, args.episodes)
    return 1 if failed else 0


def _verify_references(references: References, episodes: int | None) -> bool:
    from ntm_gym.leaderboard.references import play_references
    from ntm_gym.leaderboard.verification import first_difference_in

    suite = references.suite
    with progress(suite.name, len(references.agents) * len(suite.points)) as advance:
        fresh = play_references(suite, episodes, advance)
    differences = {
        name: first_difference_in(points, fresh[name])
        for name, points in references.agents.items()
    }
    for name, difference in differences.items():
        print(f"{name}, {suite.name}: {difference or 'verified'}")
    return not any(differences.values())
