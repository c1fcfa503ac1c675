"""The command ``ntm-gym``."""

from __future__ import annotations

from collections.abc import Sequence

from ntm_gym import __version__
from ntm_gym.terminal import OneLineParser, run_command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0; 1 if a verification failed; 2 after a user's error; see
        `ntm_gym.terminal` for Ctrl-C and for output that nobody reads.
    """
    return run_command("ntm-gym", lambda: _run_verb(arguments))


def _run_verb(arguments: Sequence[str] | None) -> int:
    args = make_parser().parse_args(arguments)
    return int(args.run(args))


def make_parser() -> OneLineParser:
    """Return the parser of all verbs."""
    # Imported here, so that Ctrl-C meanwhile ends in one line too.
    from ntm_gym.commands import bench, envs, evaluate, leaderboard, play

    parser = OneLineParser(
        prog="ntm-gym", description="Memory tasks of the Neural Turing Machine."
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(required=True, metavar="VERB")
    for command in (envs, play, evaluate, leaderboard, bench):
        command.add_parser(subparsers)
    return parser
