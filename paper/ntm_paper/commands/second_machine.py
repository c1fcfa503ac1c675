"""``ntm-paper second-machine``: by how much entries differ on this machine, as records."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.leaderboard.board import find_entries
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.verification import replay
from ntm_gym.terminal import check_episodes, progress, use_one_thread
from ntm_paper.second_machine import differences_in, write_report


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = subparsers.add_parser(
        "second-machine", help="record by how much entries differ on this machine"
    )
    parser.add_argument("entry", type=Path, nargs="*", help="folders; the board if none")
    parser.add_argument("--board", type=Path, default=Path("leaderboard"), help="the entries")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.add_argument("--out", type=Path, required=True, help="folder for a file an entry")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play entries again, write the differences, and say which count.

    Returns:
        Exit code: 0, or 1 if an entry differs by more than verification allows.
    """
    use_one_thread()
    failed = False
    check_episodes(args.episodes)
    for folder in args.entry or find_entries(args.board):
        entry = read_entry(folder)
        with progress(entry.name, len(entry.runs) * len(entry.suite.points)) as advance:
            replayed = replay(entry, folder, args.episodes, on_point=advance)
        by_seed = {
            run.train_seed: differences_in(run.points, found)
            for run, found in zip(entry.runs, replayed.results, strict=True)
        }
        write_report(args.out, folder.name, by_seed)
        failed |= replayed.difference is not None
        print(f"{entry.name}, {entry.suite.name}: {replayed.difference or 'verified'}")
    return 1 if failed else 0
