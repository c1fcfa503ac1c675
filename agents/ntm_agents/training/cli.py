"""The command ``ntm-train``: by supervision, or from reward alone as ``ntm-train ppo``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ntm_agents.command_line import USER_ERROR, parse_options, run_command

__all__ = ["main", "parse_options"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one network; called again, go on with it.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0; 2 after a user's error; 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    stopped = "; called again, ntm-train goes on from the last checkpoint"
    return run_command("ntm-train", lambda: _dispatch(given), stopped)


def _dispatch(given: list[str]) -> int:
    # Both ways are imported here: they need torch, which --help does not.
    if given[:1] == ["ppo"]:
        from ntm_agents.sb3 import cli

        return cli.main(given[1:])
    if any(argument.partition("=")[0] == "--algorithm" for argument in given):
        print(
            "ntm-train: --algorithm is no option any more: ntm-train ppo learns from reward "
            "alone, ntm-train by supervision",
            file=sys.stderr,
        )
        return USER_ERROR
    from ntm_agents.training import command

    return command.run(given)


if __name__ == "__main__":
    sys.exit(main())
