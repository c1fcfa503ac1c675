"""Files that are whole or not there."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
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
    try:
        data = json.loads(
            path.read_text(encoding="utf-8"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_make_object,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError(f"{path} must hold a JSON object, not a {type(data).__name__}")
    return data


def _refuse_constant(text: str) -> None:
    raise ValueError(f"numbers must be finite, not {text}")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"an object must not hold {twice!r} twice")
    return data
