"""A file is whole or not there, whatever happens to its writer."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ntm_gym.files import remove_leftovers, write_atomically, write_json, write_together


def fill_disk(monkeypatch: pytest.MonkeyPatch, after: int = 0) -> None:
    """Let no more than some files be written."""
    left = after
    fsync = os.fsync

    def refuse(descriptor: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_failed_write_names_the_file_and_keeps_the_old_one_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data.json"
    write_json(path, {"old": 1})
    with monkeypatch.context() as patch:
        fill_disk(patch)
        with pytest.raises(OSError, match="No space left") as raised:
            write_json(path, {"new": 2})

    assert raised.value.filename == str(path)
    assert '"old"' in path.read_text()
    assert names(tmp_path) == ["data.json"]


def test_of_files_written_together_none_is_replaced_before_all_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_together({first: b"old", second: b"old"})
    with monkeypatch.context() as patch:
        fill_disk(patch, after=1)
        with pytest.raises(OSError, match="No space left"):
            write_together({first: b"new", second: b"new"})

    assert first.read_bytes() == second.read_bytes() == b"old"
    assert names(tmp_path) == ["first", "second"]


def test_files_written_together_appear_in_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    replace = os.replace

    def look(source: Path, target: Path) -> None:
        replace(source, target)
        seen.append([name for name in names(tmp_path) if not name.startswith(".")])

    monkeypatch.setattr(os, "replace", look)
    write_together({tmp_path / "z": b"", tmp_path / "a": b""})

    assert seen == [["z"], ["a", "z"]]


def test_two_writers_of_one_file_do_not_write_into_each_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "data"
    replace = os.replace

    def overtake(source: Path, target: Path) -> None:
        monkeypatch.setattr(os, "replace", replace)
        write_atomically(path, b"second")
        replace(source, target)

    monkeypatch.setattr(os, "replace", overtake)
    write_atomically(path, b"first")

    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["data"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("precious")

    with pytest.raises(OSError, match="file") as raised:
        write_atomically(tmp_path / "file" / "inside", b"")

    assert str(raised.value.filename).endswith("file")
    assert (tmp_path / "file").read_text() == "precious"


def test_leftovers_of_killed_writers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (".data.json.partial", ".data.json.0a1b2c3d.partial", "data.partial", ".data"):
        (tmp_path / name).write_text("")

    remove_leftovers(tmp_path)

    assert names(tmp_path) == [".data", "data.partial"]
