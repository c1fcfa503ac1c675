"""``ntm-gym leaderboard``: a file for each verb.

What needs an extra is imported when a verb runs: the commands start without any.
"""

from __future__ import annotations

import argparse

from ntm_gym.commands.leaderboard import overall, page, reference, run, show, submit, verify


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("leaderboard", help="run, show, verify and enter")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for verb in (run, show, overall, verify, submit, reference, page):
        verb.add_parser(verbs)
