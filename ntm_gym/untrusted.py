"""Reading what strangers wrote: plain files of bounded size, and JSON of bounded numbers."""

from __future__ import annotations

import os
import reprlib
import stat
from pathlib import Path
from typing import Any

from ntm_gym.files import parse_json

MOST_DESCRIPTION_BYTES = 2**20
"""Size of a JSON file that describes a checkpoint."""
MOST_INTEGER = 2**63 - 1
"""What a 64-bit count can hold."""

_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 120
_REPR.maxlong = 40


def short_repr(value: Any) -> str:
    """Return a value for an error message: on one line, printable, of bearable length.

    Args:
        value: Anything that JSON can hold.

    Example:
        >>> short_repr("a" * 1000)[:10], len(short_repr("a" * 1000))
        ("'aaaaaaaaa", 120)
    """
    return _REPR.repr(value)


def read_untrusted_bytes(path: Path, most_bytes: int) -> bytes:
    """Read a file without waiting for a pipe, following a link or filling the memory.

    Args:
        path: The file.
        most_bytes: The largest size that is read.

    Raises:
        ValueError: If it is missing, a link, no plain file or too large.
        OSError: If it cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if path.is_symlink():
        raise ValueError(f"{path} must be a file, not a link")
    try:
        descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError as error:
        raise ValueError(f"there is no file {path}") from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise ValueError(f"{path} must be a plain file")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(most_bytes + 1) if status.st_size <= most_bytes else b""
    if status.st_size > most_bytes or len(content) > most_bytes:
        raise ValueError(f"{path} must be smaller than {most_bytes} bytes")
    return content


def read_untrusted_json(path: Path, most_bytes: int = MOST_DESCRIPTION_BYTES) -> dict[str, Any]:
    """Read a JSON object that a stranger wrote.

    Args:
        path: The file.
        most_bytes: The largest size that is read.

    Raises:
        ValueError: If it is no plain file, too large, no JSON object, or holds a number that
            is not finite, an integer past 64 bits or a name twice.
        OSError: If it cannot be read.
    """
    return parse_untrusted_json(str(path), read_untrusted_bytes(path, most_bytes))


def parse_untrusted_json(where: str, content: bytes) -> dict[str, Any]:
    """Parse a JSON object that a stranger wrote; see `read_untrusted_json`.

    Args:
        where: What it is, for error messages.
        content: UTF-8.
    """
    return parse_json(where, content, parse_int=_parse_integer)


def _parse_integer(text: str) -> int:
    value = int(text) if len(text) <= 20 else None
    if value is None or not -(2**63) <= value < 2**64:
        raise ValueError(f"integers must fit in 64 bits, not {short_repr(text)[1:-1]}")
    return value
