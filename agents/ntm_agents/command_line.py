"""What the command lines of all kinds of training have in common."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

Numbers = Mapping[str, tuple[type[int] | type[float], str]]
"""Type and help text of numeric options, by the name of the field that they set."""


def add_run_options(
    parser: argparse.ArgumentParser, numbers: Numbers, default: Callable[[str], str], runs: str
) -> None:
    """Add numeric options, None unless given, and those that say where and how to train.

    Args:
        parser: Changed in place.
        numbers: The numeric options.
        default: Says what holds without the option of this name.
        runs: The folder of a run for which none is given.
    """
    for name, (kind, what) in numbers.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            metavar="N" if kind is int else "X",
            help=f"{what} ({default(name)})",
        )
    parser.add_argument(
        "--output", type=Path, metavar="FOLDER", help=f"folder of the run (default: {runs})"
    )
    parser.add_argument(
        "--device", default="cpu", help="where to train, e.g. cuda (default: %(default)s)"
    )
    parser.add_argument(
        "--threads", type=int, default=1, help="CPU threads of torch (default: %(default)s)"
    )
    parser.add_argument(
        "--quiet",
        action="store_true",
        help="draw no progress bar (default: draw one on standard error)",
    )


def add_assignments(
    parser: argparse.ArgumentParser, option: str, what: str, default: str
) -> None:
    """Add an option for `parse_options`, of ``what``; ``default`` holds without it."""
    parser.add_argument(
        option,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"set an option of the {what}; may be repeated (default: {default})",
    )


def parse_options(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse ``name=value``; a value is JSON where it can be, else text.

    Raises:
        ValueError: If there is no name or no equals sign, a name comes twice, or a number is
            not finite.
    """
    options: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise ValueError(f"an option must have the form NAME=VALUE, not {assignment!r}")
        if name in options:
            raise ValueError(f"option {name!r} must not be given twice")
        options[name] = _parse_value(name, value)
    return options


def _parse_value(name: str, text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    try:
        json.dumps(value, allow_nan=False)
    except ValueError as error:
        raise ValueError(f"option {name!r} must be finite, not {text}") from error
    return value
