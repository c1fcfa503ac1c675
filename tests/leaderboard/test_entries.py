"""An entry is believed only if every part of it is in order."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntm_gym.cli import main
from ntm_gym.leaderboard import attachments
from ntm_gym.leaderboard.attachments import hash_file
from ntm_gym.leaderboard.board import read_board
from ntm_gym.leaderboard.entries import write_entry
from ntm_gym.leaderboard.reading import read_entry


@pytest.fixture
def entry(board: Path) -> Path:
    return board / "supervised" / "untrained"


def change(entry: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    path = entry / "entry.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def first_run(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda entry: entry["runs"][0].update(changes)


def first_point(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda entry: entry["runs"][0]["points"]["1-2"].update(changes)


def test_an_entry_survives_writing_and_reading(entry: Path) -> None:
    before = (entry / "entry.json").read_bytes()

    write_entry(entry, read_entry(entry))

    assert (entry / "entry.json").read_bytes() == before


def test_an_entry_says_how_it_was_trained(entry: Path) -> None:
    data = json.loads((entry / "entry.json").read_text(encoding="utf-8"))

    assert data["missing_seeds"] == [3, 4, 5]
    assert data["machine"] == "abacus"
    assert data["memory_size"] is None
    assert [run["command"] for run in data["runs"]] == [
        "ntm-train --seed 1",
        "ntm-train --seed 2",
    ]


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "missing field": (lambda entry: entry.pop("authors"), "missing: authors"),
    "unknown field": (lambda entry: entry.update(code="import os"), "unknown: code"),
    "other format": (lambda entry: entry.update(format=2), "format must be 1, not 2"),
    "other track": (lambda entry: entry.update(track="bribery"), "track must be one of"),
    "text for number": (
        lambda entry: entry.update(parameters="few"),
        "parameters must be an integer of at least 0, not 'few'",
    ),
    "bool for number": (
        lambda entry: entry.update(parameters=True),
        "parameters must be an integer of at least 0, not True",
    ),
    "control characters": (
        lambda entry: entry.update(name="\x1b[2J"),
        r"name must be printable text, not '\\x1b\[2J'",
    ),
    "wrong hash of the suite": (
        lambda entry: entry["suite"].update(hash="0"),
        "suite 'tiny' must have version 1 and hash",
    ),
    "unknown suite": (
        lambda entry: entry["suite"].update(name="huge"),
        "the suite must be one of tiny",
    ),
    "no run": (lambda entry: entry.update(runs=[]), "there must be at least one run"),
    "run that is no object": (lambda entry: entry.update(runs=[1]), "must be an object, not 1"),
    "missing field of a run": (
        lambda entry: entry["runs"][0].pop("sha256"),
        "missing: sha256",
    ),
    "missing seed": (
        lambda entry: entry["runs"].pop(),
        r"every training seed of 1, 2, 3, 4, 5 .* runs have \[1\], missing_seeds \[3, 4, 5\]",
    ),
    "seed twice": (
        lambda entry: entry["runs"].append(entry["runs"][0]),
        r"every training seed of 1, 2, 3, 4, 5 .* runs have \[1, 2, 1\]",
    ),
    "seed that the checkpoint was not trained with": (
        first_run(train_seed=3),
        "train_seed must be as in .*seed-1.json, 1, not 3",
    ),
    "budget that the checkpoint was not trained with": (
        first_run(sequences=7),
        "sequences must be as in .*seed-1.json, 0, not 7",
    ),
    "path out of the folder": (
        first_run(checkpoint="../run-1.safetensors"),
        "'../run-1.safetensors' must be a file in .* itself",
    ),
    "absolute path": (first_run(checkpoint="/a.safetensors"), "must be a file in .* itself"),
    "checkpoint of another kind": (
        first_run(checkpoint="seed-1.pkl"),
        "'seed-1.pkl' must end in .safetensors",
    ),
    "absent checkpoint": (
        first_run(checkpoint="seed-9.safetensors"),
        "must hold seed-9.safetensors",
    ),
    "other checkpoint": (first_run(sha256="0" * 64), "is not the file with sha256 0000"),
    "hash that is none": (first_run(sha256="x"), "sha256 must be a SHA-256 in hexadecimal"),
    "missing point": (first_run(points={}), "points must be 1-2, not"),
    "too few episodes": (first_point(bits_per_sequence=[1.0]), "must hold 10 numbers, not 1"),
    "NaN": (
        first_point(bits_per_sequence=[float("nan")] * 10),
        "numbers must be finite, not NaN",
    ),
    "negative cost": (
        first_point(bits_per_sequence=[-1.0] * 10),
        "bits_per_sequence must be a list of finite numbers of at least 0",
    ),
    "half a wrong bit": (
        first_point(bit_errors_per_sequence=[0.5] * 10),
        "bit_errors_per_sequence must be a list of integers",
    ),
    "more wrong bits than bits": (
        first_point(bit_errors_per_sequence=[99] * 10),
        "there cannot be more wrong bits than bits",
    ),
    "wrong bits for nothing": (
        first_point(bits_per_sequence=[0.0] * 10, bit_errors_per_sequence=[1] * 10),
        "a wrong bit cannot cost less than one bit",
    ),
    "unbounded cost": (
        first_point(bits_per_sequence=[1e9] * 10),
        "a bit cannot cost more than 52 bits",
    ),
}


@pytest.mark.parametrize(("edit", "message"), FAULTS.values(), ids=FAULTS)
def test_an_entry_with_a_fault_is_refused_with_its_name(
    entry: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    change(entry, edit)

    with pytest.raises(ValueError, match=message):
        read_entry(entry)


MALFORMED = {
    "cut short": ("{", "must hold JSON"),
    "no object": ("[]", "must hold a JSON object, not a list"),
    "name twice": ('{"a": 1, "a": 2}', "an object must not hold 'a' twice"),
    "nested without end": ("[" * 100_000, "must hold JSON"),
    "infinite": ('{"a": 1e999}', "missing: format"),
}


@pytest.mark.parametrize(("text", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_entry_ends_in_one_line(
    entry: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry / "entry.json").write_text(text, encoding="utf-8")

    assert main(["leaderboard", "verify", str(entry)]) == 2

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_an_oversized_file_is_refused_unread(
    entry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "MOST_BYTES", 100)

    with pytest.raises(ValueError, match=r"entry.json must be smaller than 100 bytes"):
        read_entry(entry)


@pytest.mark.parametrize("name", ["seed-1.safetensors", "seed-1.json"])
def test_a_changed_checkpoint_byte_is_noticed(entry: Path, name: str) -> None:
    content = bytearray((entry / name).read_bytes())
    content[-1] ^= 1
    (entry / name).write_bytes(content)

    with pytest.raises(ValueError, match=f"{name} is not the file with sha256"):
        read_entry(entry)


@pytest.mark.parametrize("name", ["entry.json", "seed-1.safetensors", "seed-1.json"])
def test_a_link_is_refused(entry: Path, tmp_path: Path, name: str) -> None:
    shutil.move(entry / name, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", entry / name)

    with pytest.raises(ValueError, match=f"'{name}' must be a file .* nor link"):
        read_entry(entry)


def test_a_file_that_nobody_listed_is_refused(entry: Path) -> None:
    (entry / "agent.py").write_text("", encoding="utf-8")

    with pytest.raises(ValueError, match=r"agent.py does not belong to the entry"):
        read_entry(entry)


def test_the_same_weights_under_two_seeds_are_refused(entry: Path) -> None:
    shutil.copyfile(entry / "seed-1.safetensors", entry / "seed-2.safetensors")
    change(
        entry,
        lambda data: data["runs"][1].update(sha256=hash_file(entry / "seed-1.safetensors")),
    )

    with pytest.raises(ValueError, match="two runs must not have the same weights"):
        read_entry(entry)


def test_the_same_entry_under_two_names_is_refused(board: Path, entry: Path) -> None:
    shutil.copytree(entry, board / "supervised" / "zz")
    change(board / "supervised" / "zz", lambda data: data.update(name="Another"))

    with pytest.raises(ValueError, match=r"zz must not repeat .*untrained: both have"):
        read_board(board)


def test_an_entry_in_the_folder_of_another_track_is_refused(board: Path, entry: Path) -> None:
    (board / "reward-only").mkdir()
    entry.rename(board / "reward-only" / "untrained")

    with pytest.raises(ValueError, match="must lie in a folder 'supervised', not"):
        read_board(board)
