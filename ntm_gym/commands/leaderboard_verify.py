"""``ntm-gym leaderboard verify``: what entries claim, computed again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ntm_gym.commands.progress import Progress
from ntm_gym.commands.threads import use_one_thread
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS
from ntm_gym.leaderboard.board import check_against_board, read_board
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.references import References, play_references, read_references
from ntm_gym.leaderboard.tables import format_claims
from ntm_gym.leaderboard.verification import first_difference_in, replay


def add_parser(
    verbs: argparse._SubParsersAction[argparse.ArgumentParser],
    parents: Sequence[argparse.ArgumentParser],
) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("verify", help="recompute entries", parents=list(parents))
    parser.add_argument("entry", type=Path, nargs="*", help="folders; the board if none")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.set_defaults(run=verify_entries)


def verify_entries(args: argparse.Namespace) -> int:
    """Recompute entries and say what differs."""
    use_one_thread()
    failed = False
    check_episodes(args.episodes)
    entries = [(folder, read_entry(folder)) for folder in args.entry]
    for folder, entry in entries:
        check_against_board(folder, entry)
    for folder, entry in entries or read_board(args.board):
        trusted = TRUSTED_NETWORKS | set(args.trust)
        with Progress(entry.name, len(entry.runs) * len(entry.suite.points)) as progress:
            difference = replay(
                entry, folder, args.episodes, trusted, args.agent, progress.advance
            ).difference
        failed |= difference is not None
        print(format_claims(entry))
        print(f"{entry.name}, {entry.suite.name}: {difference or 'verified'}")
    for references in [] if args.entry else read_references(args.board):
        failed |= not _verify_references(references, args.episodes)
    return 1 if failed else 0


def check_episodes(episodes: int | None) -> None:
    """Check how many episodes a point are to be played, before anything is read.

    Args:
        episodes: The option; None for all.

    Raises:
        ValueError: If it is none.
    """
    if episodes is not None and episodes < 1:
        raise ValueError(f"--episodes must be at least 1, not {episodes}")


def _verify_references(references: References, episodes: int | None) -> bool:
    suite = references.suite
    with Progress(suite.name, len(references.agents) * len(suite.points)) as progress:
        fresh = play_references(suite, episodes, progress.advance)
    differences = {
        name: first_difference_in(points, fresh[name])
        for name, points in references.agents.items()
    }
    for name, difference in differences.items():
        print(f"{name}, {suite.name}: {difference or 'verified'}")
    return not any(differences.values())
