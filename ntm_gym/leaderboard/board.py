"""A board: folders ``TRACK/NAME`` of entries that differ from each other."""

from __future__ import annotations

from pathlib import Path

from ntm_gym.leaderboard import TRACKS
from ntm_gym.leaderboard.entries import Entry
from ntm_gym.leaderboard.reading import have_same_weights, read_claims, read_entry
from ntm_gym.untrusted import short_repr


def find_entries(board: Path) -> list[Path]:
    """Return the folders of all entries.

    Args:
        board: The folder with one folder for each track.

    Raises:
        ValueError: If there is none.
    """
    folders = sorted(path.parent for path in board.glob("*/*/entry.json"))
    if not folders:
        raise ValueError(f"there are no entries TRACK/NAME/entry.json in {board}")
    return folders


def read_board(board: Path) -> list[tuple[Path, Entry]]:
    """Read all entries.

    Args:
        board: The folder with one folder for each track.

    Returns:
        Folders and entries.

    Raises:
        ValueError: If an entry is refused or lies in another track's folder, two entries
            share their weights, or two of a track and suite their name.
    """
    entries = [(folder, read_entry(folder)) for folder in find_entries(board)]
    for place, (folder, entry) in enumerate(entries):
        check_place(folder, entry)
        for other, earlier in entries[:place]:
            check_different(folder, entry, other, earlier)
    return entries


def check_place(folder: Path, entry: Entry) -> None:
    """Check that an entry lies in its track's folder.

    Args:
        folder: Where it lies.
        entry: The entry.

    Raises:
        ValueError: If it is another track's, or a link.
    """
    if folder.parent.is_symlink():
        raise ValueError(f"{folder.parent} must be a folder, not a link")
    if folder.parent.name != entry.track:
        raise ValueError(
            f"{folder} must lie in a folder {entry.track!r}, not {folder.parent.name!r}"
        )


def check_against_board(folder: Path, entry: Entry) -> None:
    """Check one entry against all others of the board that it lies on.

    An entry that does not lie in a track's folder is on no board. Others that are refused
    themselves are passed over; a verification of the whole board names them.

    Args:
        folder: Where it lies or will lie, ``BOARD/TRACK/NAME``.
        entry: The entry.

    Raises:
        ValueError: If another entry has the same weights, or the same name in its track and
            suite, or this one lies in another track's folder.
    """
    if folder.resolve().parent.name not in TRACKS:
        return
    folder = folder.parent.resolve() / folder.name
    check_place(folder, entry)
    for path in sorted(folder.parent.parent.glob("*/*/entry.json")):
        if path.parent == folder:
            continue
        try:
            other, _ = read_claims(path.parent)
        except (ValueError, OSError):
            continue
        check_different(folder, entry, path.parent, other)


def check_different(folder: Path, entry: Entry, other: Path, earlier: Entry) -> None:
    """Check that two entries are two.

    Args:
        folder: Of the one.
        entry: The one.
        other: Folder of the other.
        earlier: The other.

    Raises:
        ValueError: If both have the same weights in any precision, or the same name in one
            track and suite.
    """
    if (entry.track, entry.suite, entry.name) == (earlier.track, earlier.suite, earlier.name):
        raise ValueError(
            f"{folder} must not repeat {other}: both have the name {short_repr(entry.name)}"
        )
    for run in entry.runs:
        for before in earlier.runs:
            if have_same_weights(run, before):
                raise ValueError(
                    f"{folder} must not repeat {other}: both have the weights of "
                    f"{run.checkpoint} and {before.checkpoint}"
                )
