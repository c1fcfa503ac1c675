"""Files that are whole or not there."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_LEFTOVERS = ".*.partial"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a crash at any moment leaves the old one or the new one.

    Args:
        path: Where; its folder is made if needed.
        content: The whole file.

    Raises:
        OSError: If it cannot be written; it names ``path``, and the old file stays.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write several files, each as `write_atomically` does, and replace none before all fit.

    A crash can leave the first files new and the last ones old, never a damaged one: the last
    file is the one by which a reader tells that all are there.

    Args:
        contents: The whole files, in the order in which they appear.

    Raises:
        OSError: If one cannot be written; it names that file, and all old files stay.
    """
    partials: dict[Path, Path] = {}
    try:
        for path, content in contents.items():
            with naming(path.parent):
                path.parent.mkdir(parents=True, exist_ok=True)
            with naming(path):
                # A name of its own: two writers of one file must not write into each other's.
                partials[path] = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
                _write_durably(partials[path], content)
        for path, partial in partials.items():
            with naming(path):
                os.replace(partial, path)
    except BaseException:
        for partial in partials.values():
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in contents}:
        _sync_folder(folder)


def remove_leftovers(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder.

    Args:
        folder: No other process may be writing in it.
    """
    for partial in folder.glob(_LEFTOVERS):
        partial.unlink(missing_ok=True)


def is_leftover(path: Path) -> bool:
    """Return whether a file is what a killed writer leaves."""
    return path.match(_LEFTOVERS)


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let an error of the system name the file that was to be written.

    Raises:
        OSError: The same kind of error, with ``path`` as its file.
    """
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error


def encode_json(data: Mapping[str, Any], indent: int | None = 2) -> bytes:
    """Return JSON as it is written to a file.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(data, indent=indent, sort_keys=True, allow_nan=False)
    return (text + "\n").encode()


def write_json(path: Path, data: Mapping[str, Any], indent: int | None = 2) -> None:
    """Write JSON atomically.

    Raises:
        ValueError: If a number is not finite.
        OSError: If the file cannot be written.
    """
    write_atomically(path, encode_json(data, indent))


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


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder last through a loss of power, where the system can."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"numbers must be finite, not {text}")


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data = dict(pairs)
    if len(data) < len(pairs):
        [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"an object must not hold {twice!r} twice")
    return data
