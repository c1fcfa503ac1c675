"""The command ``ntm-paper``: train the paper's rows and put them beside the paper."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType

from ntm_gym.terminal import OneLineParser, run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0; 1 if a run failed; 2 after a user's error; 130 if interrupted, and called
        again it goes on.
    """
    return run_command(
        "ntm-paper", lambda: _run_verb(arguments), "stopped; called again, it goes on"
    )


def _run_verb(arguments: Sequence[str] | None) -> int:
    # Imported here, so that Ctrl-C meanwhile ends in one line too.
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

    parser = OneLineParser(
        prog="ntm-paper", description="Reproduce Graves, Wayne, Danihelka 2014."
    )
    subparsers = parser.add_subparsers(required=True, metavar="VERB")
    for verb in (
        train,
        variants,
        examine,
        collect,
        figures,
        extrapolate,
        compare,
        second_machine,
    ):
        verb.add_parser(subparsers)
    args = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    return int(args.run(args))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
