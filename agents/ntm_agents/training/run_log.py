"""The log of a run: a line of JSON for each report, read with what damage it has."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ntm_gym.files import naming, write_atomically

_NUMBERS = ("sequences", "validation_bits_per_sequence", "wall_time_s")


def read_log(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines of a log, without one that a crash has cut short at the end.

    A line that is damaged is left out as well; `damaged_lines` names those.

    Args:
        path: ``log.jsonl``; a file that does not exist has no lines.
    """
    return [line for line in _parse_lines(path) if line is not None]


def damaged_lines(path: Path) -> list[int]:
    """Return the numbers, from 1 on, of lines that are whole and damaged."""
    return [number for number, line in enumerate(_parse_lines(path), 1) if line is None]


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Append a line for good.

    Raises:
        OSError: If it cannot be written; a part of it may have been.
    """
    with naming(path), path.open("ab") as file:
        file.write(_encode(line))
        file.flush()
        os.fsync(file.fileno())


def rewrite_log(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Replace a log, unless it holds these very lines."""
    content = b"".join(map(_encode, lines))
    if not path.exists() or path.read_bytes() != content:
        write_atomically(path, content)


def _encode(line: dict[str, Any]) -> bytes:
    return (json.dumps(line, allow_nan=False) + "\n").encode()


def _parse_lines(path: Path) -> list[dict[str, Any] | None]:
    if not path.exists():
        return []
    return [_parse(text) for text in path.read_bytes().split(b"\n")[:-1]]


def _parse(text: bytes) -> dict[str, Any] | None:
    """Return a line, or None if it is not one that `append_line` has written."""
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(line, dict):
        return None
    numbers = [line.get(name) for name in _NUMBERS]
    if not all(isinstance(n, int | float) and math.isfinite(n) for n in numbers):
        return None
    return line if isinstance(line["sequences"], int) else None
