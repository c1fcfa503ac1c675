"""The command ``ntm-paper``: train the paper's rows and put them beside the paper."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Sequence
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
    with _interrupted_by("SIGTERM", "SIGHUP"):
        return int(args.run(args))


@contextlib.contextmanager
def _interrupted_by(*names: str) -> Iterator[None]:
    """Let signals do what Ctrl-C does, where the system has them and nobody ignores them."""
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    heard = [n for n in numbers if signal.getsignal(n) is not signal.SIG_IGN]  # as nohup does
    before = {number: signal.signal(number, _interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
