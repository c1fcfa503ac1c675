"""``ntm-paper extrapolate``: entries on episodes longer than the paper's."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from ntm_gym.evaluation.agent import SequenceAgent
from ntm_gym.evaluation.loading import load_checkpoint_agent
from ntm_gym.leaderboard.board import read_board
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.terminal import progress, use_one_thread
from ntm_paper.extrapolation import CHALLENGES, extrapolate
from ntm_paper.extrapolation_records import (
    ExtrapolationRecord,
    ExtrapolationRun,
    extrapolation_table,
    read_record,
    write_record,
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser(
        "extrapolate", help="evaluate entries on episodes longer than the paper's"
    )
    parser.add_argument(
        "--board",
        type=Path,
        default=Path("leaderboard"),
        help="folder of the entries; leaderboard by default",
    )
    parser.add_argument("--only", default="*", metavar="FOLDER", help="entries, as a pattern")
    parser.add_argument("--out", type=Path, required=True, help="folder for the records")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, keep the records, and print them."""
    use_one_thread()
    tried = [
        (folder, entry)
        for folder, entry in read_board(args.board)
        if entry.suite.name in CHALLENGES
        and entry.memory_size is not None
        and entry.track == "supervised"
        and fnmatch(folder.name, args.only)
    ]
    if not tried:
        print(f"no entry {args.only} in {args.board} has a memory to try")
    records = []
    with progress("evaluating") as advance:
        for folder, entry in tried:
            path = args.out / f"{folder.name}.json"
            known = read_record(path) if path.exists() else None
            record = try_entry(folder, entry, known, args.episodes, advance)
            write_record(path, record)
            records.append(record)
    if records:
        print(extrapolation_table(records))
    return 0


def try_entry(
    folder: Path,
    entry: Entry,
    known: ExtrapolationRecord | None,
    episodes: int | None,
    on_point: Callable[[str], None],
) -> ExtrapolationRecord:
    """Evaluate every run of an entry whose weights have not been before.

    Args:
        folder: Of the entry.
        entry: The entry.
        known: What was found before.
        episodes: Episodes a point; all if None.
        on_point: Called with each point's label when the point is done.
    """
    challenge = CHALLENGES[entry.suite.name]
    count = challenge.suite.num_episodes if episodes is None else episodes
    before: dict[str, ExtrapolationRun] = {}
    if known is not None and known.episodes == count:
        before = {run.sha256: run for run in known.runs}
    runs = []
    for claim in entry.runs:
        if claim.sha256 not in before:
            agent = load_checkpoint_agent(folder / claim.checkpoint)
            assert isinstance(agent, SequenceAgent)
            points = extrapolate(agent, challenge, episodes, on_point)
            before[claim.sha256] = ExtrapolationRun(claim.train_seed, claim.sha256, points)
        runs.append(before[claim.sha256])
    return ExtrapolationRecord(entry.name, entry.suite.name, count, runs)
