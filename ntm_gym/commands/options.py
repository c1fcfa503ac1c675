"""Options that several verbs have."""

from __future__ import annotations

import argparse
from pathlib import Path

from ntm_gym.evaluation import suites
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add the networks that a user trusts; `trusted_networks` reads them."""
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="PACKAGE.MODULE:FACTORY",
        help="a network that checkpoints may name besides ours; its code will be run",
    )


def trusted_networks(args: argparse.Namespace) -> frozenset[str]:
    """Return the networks that checkpoints may name."""
    return TRUSTED_NETWORKS | set(args.trust)


def add_board(parser: argparse.ArgumentParser) -> None:
    """Add where the entries are."""
    parser.add_argument(
        "--board",
        type=Path,
        default=Path("leaderboard"),
        help="folder of the entries; leaderboard by default",
    )


def add_loader(parser: argparse.ArgumentParser) -> None:
    """Add what makes agents of checkpoints."""
    parser.add_argument(
        "--agent",
        metavar="PACKAGE.MODULE:FACTORY",
        help="makes an agent of a checkpoint and the trusted names; its code will be run; "
        "the installed one by default",
    )


def add_suite(parser: argparse.ArgumentParser) -> None:
    """Add the suite that agents are judged on."""
    parser.add_argument(
        "--suite", default="copy", help=f"one of {', '.join(suites.SUITES)}; copy by default"
    )


def add_baseline(parser: argparse.ArgumentParser) -> None:
    """Add whom the agents are compared with."""
    parser.add_argument(
        "--baseline", default="LSTM", help="name of an agent, or its start; LSTM by default"
    )
