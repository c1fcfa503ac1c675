"""``ntm-gym leaderboard``: run, show, verify and enter."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from ntm_gym.commands import leaderboard_page, leaderboard_verify
from ntm_gym.commands.evaluate import print_tables, reference_row
from ntm_gym.commands.progress import Progress
from ntm_gym.commands.threads import use_one_thread
from ntm_gym.evaluation.aggregates import BOOTSTRAP_SEED, RESAMPLES
from ntm_gym.evaluation.loading import (
    TRUSTED_NETWORKS,
)
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.suites import SUITES, find_suite
from ntm_gym.leaderboard.board import read_board
from ntm_gym.leaderboard.fields import TRACKS
from ntm_gym.leaderboard.references import play_references, read_references, write_references
from ntm_gym.leaderboard.standings import rank
from ntm_gym.leaderboard.submission import check_folder_name, submit
from ntm_gym.leaderboard.tables import Row, format_claims, format_interval
from ntm_gym.leaderboard.verification import replay
from ntm_gym.markdown import format_markdown


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

    loading = argparse.ArgumentParser(add_help=False)
    loading.add_argument(
        "--agent",
        metavar="PACKAGE.MODULE:FACTORY",
        help="makes an agent of a checkpoint and the trusted names; its code will be run; by "
        "default the installed one",
    )

    play = verbs.add_parser("run", help="play all entries and compare", parents=[everywhere])
    play.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    play.add_argument("--episodes", type=int, default=100, help="episodes a point")
    play.set_defaults(run=run_board)

    show = verbs.add_parser("show", help="print what the entries say", parents=[everywhere])
    show.add_argument("--suite", help=f"one of {', '.join(SUITES)}; all by default")
    show.set_defaults(run=show_board)

    overall = verbs.add_parser("overall", help="compare over all tasks", parents=[everywhere])
    overall.add_argument("--baseline", default="LSTM", help="name of an agent, or its start")
    overall.set_defaults(run=compare_over_tasks)

    leaderboard_verify.add_parser(verbs, [everywhere, loading])

    enter = verbs.add_parser("submit", help="make an entry", parents=[everywhere, loading])
    enter.add_argument("checkpoints", type=Path, nargs="+", help="one .safetensors a seed")
    enter.add_argument("--name", required=True, help="what the table calls the agent")
    enter.add_argument("--folder", required=True, help="what its folder is called")
    enter.add_argument("--track", choices=TRACKS, default="supervised")
    enter.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    add_about_options(enter)
    enter.add_argument(
        "--half", action="store_true", help="keep weights in half precision, if as good"
    )
    enter.set_defaults(run=submit_entry)

    reference = verbs.add_parser(
        "reference", help="enter floor and ceiling on all suites", parents=[everywhere]
    )
    reference.set_defaults(run=enter_references)

    leaderboard_page.add_parser(verbs, [everywhere, loading])


def run_board(args: argparse.Namespace) -> int:
    """Play every entry on a sample of the suite, compare, and print the tables."""
    use_one_thread()
    suite = find_suite(args.suite)
    board = [(path, entry) for path, entry in read_board(args.board) if entry.suite == suite]
    players = sum(len(entry.runs) for _, entry in board) + len(REFERENCE_AGENTS)
    verdicts = []
    with Progress("playing", players * len(suite.points)) as progress:
        references = play_references(suite, args.episodes, progress.advance)
        rows = [reference_row(name, results) for name, results in references.items()]
        for folder, entry in board:
            replayed = replay(
                entry, folder, args.episodes, _trusted(args), on_point=progress.advance
            )
            rows.append(Row.of(entry, [results.points for results in replayed.results]))
            verdicts.append((entry, replayed.difference))
    print(f"Suite {suite.name!r}, the first {args.episodes} of {suite.num_episodes} episodes")
    print_tables(rows, suite)
    print()
    for entry, difference in verdicts:
        print(f"{entry.name}: {difference or 'verified'}")
    return 1 if any(difference for _, difference in verdicts) else 0


def show_board(args: argparse.Namespace) -> int:
    """Print the tables of what the entries say, without playing."""
    entries = [entry for _, entry in read_board(args.board)]
    references = read_references(args.board)
    judged = {entry.suite for entry in entries} | {each.suite for each in references}
    wanted = judged if args.suite is None else {find_suite(args.suite)} & judged
    if not wanted:
        raise ValueError(f"no entry in {args.board} is of suite {args.suite!r}")
    for suite in (suite for suite in SUITES.values() if suite in wanted):
        print(f"\nSuite {suite.name!r}, {suite.num_episodes:,} episodes a point")
        rows = [
            Row(name, None, None, [points])
            for each in references
            if each.suite == suite
            for name, points in each.agents.items()
        ]
        rows += [Row.of(entry) for entry in entries if entry.suite == suite]
        print_tables(rows, suite)
        print()
        for entry in entries:
            if entry.suite == suite:
                print(format_claims(entry))
    return 0


def compare_over_tasks(args: argparse.Namespace) -> int:
    """Print how agents stand over all the tasks that they have entered."""
    entries = [entry for _, entry in read_board(args.board)]
    standings = rank(entries, args.baseline, read_references(args.board))
    head = ["agent", "track", "tasks", "normalized score", f"beats {args.baseline}"]
    lines = [
        [
            standing.name,
            standing.track,
            ", ".join(standing.suites),
            format_interval(standing.score),
            "-" if standing.improvement is None else format_interval(standing.improvement),
        ]
        for standing in standings
    ]
    print(format_markdown([head, *lines]))
    print(
        "\nNormalized score: interquartile mean over runs and tasks, by wrong bits at all "
        "points; 1 is the oracle, 0 a coin.\nBeats: probability that a run beats one of the "
        "baseline on the same task.\n95 % intervals: stratified bootstrap over runs, "
        f"{RESAMPLES:,} resamples, seed {BOOTSTRAP_SEED}."
    )
    return 0


def enter_references(args: argparse.Namespace) -> int:
    """Evaluate the reference agents in full on every suite and write their files."""
    use_one_thread()
    for suite in SUITES.values():
        with Progress(suite.name, len(REFERENCE_AGENTS) * len(suite.points)) as progress:
            results = play_references(suite, on_point=progress.advance)
        print(f"entered: {write_references(args.board, suite, results)}")
    return 0


def submit_entry(args: argparse.Namespace) -> int:
    """Evaluate checkpoints in full and write an entry, whole or not at all."""
    use_one_thread()
    suite = find_suite(args.suite)
    check_folder_name(args.folder)
    target = args.board / args.track / args.folder
    about = read_about(args) | {"name": args.name}
    plays = len(args.checkpoints) * (2 if args.half else 1)
    with Progress("evaluating", len(suite.points) * plays) as progress:
        entry = submit(
            target,
            args.checkpoints,
            suite,
            about,
            _trusted(args),
            args.agent,
            progress.advance,
            args.half,
        )
    print(f"entered: {target}")
    if entry.missing_seeds:
        print(f"without training seeds {', '.join(map(str, entry.missing_seeds))}: noted in it")
    return 0


def add_about_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whose an entry is; `read_about` reads them."""
    parser.add_argument("--authors", required=True, help="who made it")
    parser.add_argument("--link", default="", help="where it is described")
    parser.add_argument("--licence", default="MIT", help="of code and weights; MIT by default")
    parser.add_argument("--commit", help="of the training code; git's HEAD by default")


def read_about(args: argparse.Namespace) -> dict[str, str]:
    """Return what the options of `add_about_options` say, ready for an entry."""
    about: dict[str, str] = {n: getattr(args, n) for n in ("authors", "link", "licence")}
    return about | {"commit": _head() if args.commit is None else args.commit}


def _head() -> str:
    """Return git's HEAD, or nothing outside a repository."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=True,
            encoding="utf-8",
            errors="replace",
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _trusted(args: argparse.Namespace) -> frozenset[str]:
    return TRUSTED_NETWORKS | set(args.trust)
