"""``ntm-gym leaderboard overall``: compare agents over all tasks."""

from __future__ import annotations

import argparse

from ntm_gym.commands import options
from ntm_gym.evaluation.aggregates import BOOTSTRAP_SEED, RESAMPLES
from ntm_gym.markdown import format_markdown


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("overall", help="compare over all tasks")
    options.add_board(parser)
    options.add_baseline(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print how agents stand over all the tasks that they have entered."""
    from ntm_gym.leaderboard.board import read_board
    from ntm_gym.leaderboard.references import read_references
    from ntm_gym.leaderboard.standings import rank
    from ntm_gym.leaderboard.tables import format_interval

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
