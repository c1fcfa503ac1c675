"""``ntm-gym leaderboard verify``: what entries claim, computed again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ntm_gym.commands.progress import Progress
from ntm_gym.commands.threads import use_one_thread
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import find_entries, read_entry
from ntm_gym.leaderboard.references import References, play_references, read_references
from ntm_gym.leaderboard.verification import (
    first_difference,
    first_difference_in,
    play_again,
)


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
    for folder in args.entry or find_entries(args.board):
        entry = read_entry(folder)
        difference = _verify_entry(entry, folder, args)
        failed |= difference is not None
        print(f"{entry.name}, {entry.suite.name}: {difference or 'verified'}")
    for references in [] if args.entry else read_references(args.board):
        failed |= not _verify_references(references, args.episodes)
    return 1 if failed else 0


def _verify_entry(entry: Entry, folder: Path, args: argparse.Namespace) -> str | None:
    """Return the first difference that counts."""
    trusted = TRUSTED_NETWORKS | set(args.trust)
    found = []
    with Progress(entry.name, len(entry.runs) * len(entry.suite.points)) as progress:
        for run in entry.runs:
            fresh = play_again(
                entry, run, folder, args.episodes, trusted, args.agent, progress.advance
            )
            found.append(first_difference(run, fresh))
    return next(filter(None, found), None)


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
