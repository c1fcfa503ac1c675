"""Files beside an entry: inside its folder, of bearable size, and the ones they were."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ntm_gym import tensor_files
from ntm_gym.untrusted import read_untrusted_bytes, short_repr

MOST_BYTES = tensor_files.MOST_BYTES
"""Size of a file of weights."""
MOST_JSON_BYTES = 8 * 2**20
"""Size of an ``entry.json``."""


def find_attachment(folder: Path, name: str) -> Path:
    """Return where a file of an entry lies.

    Args:
        folder: The entry's folder.
        name: The file's name.

    Raises:
        ValueError: If it is missing, lies elsewhere or is a link.
    """
    path = folder / name
    if Path(name).name != name or path.is_symlink():
        raise ValueError(
            f"{short_repr(name)} must be a file in {folder} itself, neither path nor link"
        )
    if not path.exists():
        raise ValueError(f"{folder} must hold {name}")
    return path


def read_attachment(folder: Path, name: str, most_bytes: int | None = None) -> bytes:
    """Return the content of a file of an entry.

    Args:
        folder: The entry's folder.
        name: The file's name.
        most_bytes: The largest size that is read; `MOST_BYTES` if None.

    Raises:
        ValueError: As `find_attachment`, and if it is no plain file or too large.
    """
    most_bytes = MOST_BYTES if most_bytes is None else min(most_bytes, MOST_BYTES)
    return read_untrusted_bytes(find_attachment(folder, name), most_bytes)


def check_attachment(
    folder: Path, name: str, sha256: str, most_bytes: int | None = None
) -> bytes:
    """Return the content of a file of an entry that has not been changed.

    Args:
        folder: The entry's folder.
        name: The file's name.
        sha256: What its SHA-256 must be.
        most_bytes: The largest size that is read; `MOST_BYTES` if None.

    Raises:
        ValueError: As `read_attachment`, and if the file is another.
    """
    content = read_attachment(folder, name, most_bytes)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"{folder / name} is not the file with sha256 {sha256}")
    return content


def hash_file(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def check_folder(folder: Path) -> None:
    """Check that an entry's folder is one.

    Args:
        folder: Where the entry is said to lie.

    Raises:
        ValueError: If it is a link, or no folder.
    """
    if folder.is_symlink():
        raise ValueError(f"{folder} must be a folder, not a link")
    if not folder.is_dir():
        raise ValueError(f"{folder} must be a folder, and must hold entry.json")
