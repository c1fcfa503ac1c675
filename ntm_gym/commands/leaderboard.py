"""``ntm-gym leaderboard``: run, show, verify and enter."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from ntm_gym.commands.evaluate import (
    make_reference_agent,
    print_tables,
    reference_agent_names,
    reference_row,
)
from ntm_gym.commands.progress import Progress
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import SUITES, find_suite
from ntm_gym.files import read_json
from ntm_gym.leaderboard.entries import (
    TRACKS,
    Entry,
    Run,
    find_entries,
    hash_file,
    read_entry,
    write_entry,
)
from ntm_gym.leaderboard.table import Row
from ntm_gym.leaderboard.verification import (
    TRUSTED_NETWORKS,
    first_difference,
    load_agent,
    play_again,
)


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("leaderboard", help="run, show, verify and enter")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--board", type=Path, default=Path("leaderboard"))
    everywhere.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="PACKAGE.MODULE:FACTORY",
        help="a network that checkpoints may name; its code will be run",
    )

    play = verbs.add_parser("run", help="play all entries and compare", parents=[everywhere])
    play.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    play.add_argument("--episodes", type=int, default=100, help="episodes a point")
    play.set_defaults(run=run_board)

    show = verbs.add_parser("show", help="print what the entries say", parents=[everywhere])
    show.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    show.set_defaults(run=show_board)

    verify = verbs.add_parser("verify", help="recompute entries", parents=[everywhere])
    verify.add_argument("entry", type=Path, nargs="*", help="folders; all entries if none")
    verify.add_argument("--episodes", type=int, help="episodes a point; all by default")
    verify.set_defaults(run=verify_entries)

    submit = verbs.add_parser("submit", help="make an entry", parents=[everywhere])
    submit.add_argument("checkpoints", type=Path, nargs="+", help="one .safetensors a seed")
    submit.add_argument("--name", required=True, help="what the table calls the agent")
    submit.add_argument("--folder", required=True, help="what its folder is called")
    submit.add_argument("--track", choices=TRACKS, default="supervised")
    submit.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    submit.add_argument("--authors", required=True)
    submit.add_argument("--link", default="")
    submit.add_argument("--licence", default="MIT")
    submit.set_defaults(run=submit_entry)


def run_board(args: argparse.Namespace) -> int:
    """Play every entry on a sample of the suite, compare, and print the tables."""
    suite = find_suite(args.suite)
    folders = find_entries(args.board)
    entries = [(folder, read_entry(folder)) for folder in folders]
    entries = [(folder, entry) for folder, entry in entries if entry.suite == suite]
    steps = sum(len(entry.runs) for _, entry in entries) + len(reference_agent_names())
    rows, verdicts = [], []
    with Progress("playing", steps * len(suite.points)) as progress:
        for name in reference_agent_names():
            agent = make_reference_agent(name, suite.points[0].make_task())
            results = evaluate(agent, suite, args.episodes, on_point=progress.advance)
            rows.append(reference_row(name, results))
        for folder, entry in entries:
            fresh = [
                play_again(entry, run, folder, args.episodes, _trusted(args), progress.advance)
                for run in entry.runs
            ]
            rows.append(_row(entry, [results.points for results in fresh]))
            differences = [
                first_difference(run, results)
                for run, results in zip(entry.runs, fresh, strict=True)
            ]
            verdicts.append((entry, next(filter(None, differences), None)))
    print(f"Suite {suite.name!r}, the first {args.episodes} of {suite.num_episodes} episodes")
    print_tables(rows, suite)
    print()
    for entry, difference in verdicts:
        print(f"{entry.name}: {difference or 'verified'}")
    return 1 if any(difference for _, difference in verdicts) else 0


def show_board(args: argparse.Namespace) -> int:
    """Print the tables of what the entries say, without playing."""
    suite = find_suite(args.suite)
    entries = [read_entry(folder) for folder in find_entries(args.board)]
    rows = [
        _row(entry, [run.points for run in entry.runs])
        for entry in entries
        if entry.suite == suite
    ]
    print_tables(rows, suite)
    return 0


def verify_entries(args: argparse.Namespace) -> int:
    """Recompute entries and say what differs."""
    failed = False
    for folder in args.entry or find_entries(args.board):
        entry = read_entry(folder)
        with Progress(entry.name, len(entry.runs) * len(entry.suite.points)) as progress:
            differences = [
                first_difference(
                    run,
                    play_again(
                        entry, run, folder, args.episodes, _trusted(args), progress.advance
                    ),
                )
                for run in entry.runs
            ]
        difference = next(filter(None, differences), None)
        failed |= difference is not None
        print(f"{entry.name}: {difference or 'verified'}")
    return 1 if failed else 0


def submit_entry(args: argparse.Namespace) -> int:
    """Evaluate checkpoints in full and write an entry, whole or not at all."""
    suite = find_suite(args.suite)
    target = args.board / args.track / args.folder
    if target.exists():
        raise ValueError(f"{target} must not exist yet; choose another --folder")
    descriptions = [read_json(path.with_suffix(".json")) for path in args.checkpoints]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".entry-", dir=target.parent) as partial:
        folder = Path(partial) / args.folder
        folder.mkdir()
        runs = []
        with Progress("evaluating", len(suite.points) * len(args.checkpoints)) as progress:
            for path, description in zip(args.checkpoints, descriptions, strict=True):
                agent = load_agent(path, _trusted(args))
                results = evaluate(agent, suite, on_point=progress.advance)
                seed = description["train_seed"]
                copied = folder / f"seed-{seed}.safetensors"
                shutil.copyfile(path, copied)
                shutil.copyfile(path.with_suffix(".json"), copied.with_suffix(".json"))
                runs.append(Run(seed, copied.name, hash_file(copied), results.points))
        entry = Entry(
            args.name,
            args.track,
            args.authors,
            args.link,
            args.licence,
            descriptions[0]["parameters"],
            descriptions[0]["sequences"],
            suite,
            tuple(runs),
        )
        write_entry(folder, entry)
        read_entry(folder)
        folder.rename(target)
    print(f"entered: {target}")
    return 0


def _trusted(args: argparse.Namespace) -> frozenset[str]:
    return TRUSTED_NETWORKS | set(args.trust)


def _row(entry: Entry, runs: list[dict[str, PointResult]]) -> Row:
    return Row(entry.name, entry.parameters, entry.sequences, runs)
