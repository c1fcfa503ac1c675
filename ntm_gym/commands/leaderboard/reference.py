"""``ntm-gym leaderboard reference``: enter floor and ceiling on all suites."""

from __future__ import annotations

import argparse

from ntm_gym.commands import options
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.terminal import progress, use_one_thread


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = verbs.add_parser("reference", help="enter floor and ceiling on all suites")
    options.add_board(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate the reference agents in full on every suite and write their files."""
    from ntm_gym.leaderboard.references import play_references, write_references

    use_one_thread()
    for suite in suites.SUITES.values():
        with progress(suite.name, len(REFERENCE_AGENTS) * len(suite.points)) as advance:
            results = play_references(suite, on_point=advance)
        print(f"entered: {write_references(args.board, suite, results)}")
    return 0
