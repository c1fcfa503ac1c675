"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
import reprlib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    Args:
        path: Where; its folder is made if needed.
        content: The whole file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def write_json(path: Path, data: Mapping[str, Any], indent: int | None = 2) -> None:
    """Write JSON atomically.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(data, indent=indent, sort_keys=True, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: If the file does not hold one, or holds a number that is not finite or a
            name twice.
    """
    return parse_json(str(path), path.read_bytes())


def parse_json(
    where: str, content: bytes, parse_int: Callable[[str], int] = int
) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        where: What it is, for error messages.
        content: UTF-8.
        parse_int: Called with every integer's digits.

    Raises:
        ValueError: As `read_json`.
    """
    try:
        data = json.loads(
            content.decode("utf-8"),
            parse_int=parse_int,
            parse_constant=_refuse_constant,
            object_pairs_hook=_make_object,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{where} must hold JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{where} must hold a JSON object, not a {type(data).__name__}")
    return data


def _refuse_constant(text: str) -> None:
    raise ValueError(f"numbers must be finite, not {text}")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"an object must not hold {reprlib.repr(twice)} twice")
    return data
