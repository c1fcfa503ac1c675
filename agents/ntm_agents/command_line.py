"""Options of networks and tasks on a command line, ``NAME=VALUE``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any


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
