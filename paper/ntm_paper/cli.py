"""The command ``ntm-paper``: train the paper's rows and put them beside the paper."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from ntm_gym.cli import OneLineParser
from ntm_paper.commands import (
    collect,
    compare,
    examine,
    extrapolate,
    figures,
    second_machine,
    train,
    variants,
)

_VERBS = (train, variants, examine, collect, figures, extrapolate, compare, second_machine)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0; 1 if a run failed; 2 after a user's error; 130 if interrupted.
    """
    parser = OneLineParser(
        prog="ntm-paper", description="Reproduce Graves, Wayne, Danihelka 2014."
    )
    subparsers = parser.add_subparsers(required=True, metavar="VERB")
    for verb in _VERBS:
        verb.add_parser(subparsers)
    args = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(args.run(args))
    except (ValueError, OSError) as error:
        print(f"ntm-paper: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("ntm-paper: stopped; call it again to continue", file=sys.stderr)
        return 130


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
