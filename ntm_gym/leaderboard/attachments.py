"""Files beside an entry: inside its folder, of bearable size, and the ones they were."""

from __future__ import annotations

import hashlib
from pathlib import Path

MOST_BYTES = 64 * 2**20


def find_attachment(folder: Path, name: str) -> Path:
    """Return a file of an entry.

    Args:
        folder: The entry's folder.
        name: The file's name.

    Raises:
        ValueError: If it is missing, lies elsewhere, is a link or too large.
    """
    path = folder / name
    if Path(name).name != name or path.is_symlink():
        raise ValueError(f"{name!r} must be a file in {folder} itself, neither path nor link")
    if not path.is_file():
        raise ValueError(f"{folder} must hold {name}")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path} must be smaller than {MOST_BYTES} bytes")
    return path


def check_attachment(folder: Path, name: str, sha256: str) -> Path:
    """Return a file of an entry that has not been changed.

    Args:
        folder: The entry's folder.
        name: The file's name.
        sha256: What its SHA-256 must be.

    Raises:
        ValueError: As `find_attachment`, and if the file is another.
    """
    path = find_attachment(folder, name)
    if hash_file(path) != sha256:
        raise ValueError(f"{path} is not the file with sha256 {sha256}")
    return path


def hash_file(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
