"""An entry is believed only if every part of it is in order."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import build_network
from ntm_gym.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.leaderboard.entries import read_entry

SUITE = Suite("tiny", 1, (Point("1-2", "copy", {"num_bits": 2, "max_length": 2}),), 10)
OPTIONS = {"input_size": 3, "output_size": 2, "hidden_size": 4, "num_layers": 1}


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a board with one entry of two untrained networks."""
    monkeypatch.setattr(suites, "SUITES", {"tiny": SUITE})
    checkpoints = []
    for seed in (1, 2):
        path = tmp_path / f"run-{seed}.safetensors"
        metadata = {
            "network": "ntm_baselines:LSTM",
            "options": OPTIONS,
            "task": {"name": "copy", "parameters": {}},
            "train_seed": seed,
            "parameters": 99,
            "sequences": 0,
        }
        save_checkpoint(path, build_network("ntm_baselines:LSTM", OPTIONS), metadata)
        checkpoints.append(str(path))
    board = tmp_path / "board"
    arguments = ["--name", "Untrained", "--folder", "untrained", "--authors", "us"]
    submit = ["leaderboard", "submit", *checkpoints, *arguments, "--suite", "tiny"]
    assert main([*submit, "--board", str(board)]) == 0
    return board


def entry_of(board: Path) -> Path:
    return board / "supervised" / "untrained"


def change(board: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    path = entry_of(board) / "entry.json"
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def test_a_submitted_entry_is_verified(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["leaderboard", "verify", "--board", str(board)]) == 0
    assert capsys.readouterr().out.endswith("Untrained: verified\n")


def test_the_board_shows_floor_ceiling_and_entries(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["leaderboard", "run", "--suite", "tiny", "--episodes", "10"]
    assert main([*run, "--board", str(board)]) == 0

    printed = capsys.readouterr().out
    for name in ("oracle", "coin", "silent", "Untrained", "2 (few)"):
        assert name in printed


def test_a_claim_that_cannot_be_reproduced_is_shown(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def claim_perfection(entry: dict[str, Any]) -> None:
        entry["runs"][1]["points"]["1-2"]["bits_per_sequence"] = [0.0] * 10

    change(board, claim_perfection)

    assert main(["leaderboard", "verify", "--board", str(board)]) == 1
    assert "seed 2, point 1-2: bits_per_sequence is" in capsys.readouterr().out


def first_run(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda entry: entry["runs"][0].update(changes)


def first_point(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda entry: entry["runs"][0]["points"]["1-2"].update(changes)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda entry: entry.pop("authors"), "missing: authors"),
        (lambda entry: entry.update(code="import os"), "unknown: code"),
        (lambda entry: entry.update(format=2), "format must be 1, not 2"),
        (lambda entry: entry.update(track="bribery"), "track must be one of"),
        (lambda entry: entry.update(parameters="few"), "parameters must be int, not 'few'"),
        (lambda entry: entry["suite"].update(hash="0"), "must have hash"),
        (lambda entry: entry["suite"].update(name="huge"), "the suite must be one of tiny"),
        (lambda entry: entry.update(runs=[]), "at least one run"),
        (lambda entry: entry["runs"][0].pop("sha256"), "missing: sha256"),
        (first_run(train_seed=2), r"train_seed of its own, not \[2, 2\]"),
        (first_run(checkpoint="../run-1.safetensors"), "must be a file beside the entry"),
        (first_run(checkpoint="seed-9.safetensors"), "there is no checkpoint"),
        (first_run(sha256="0" * 64), "is not the file with sha256 0000"),
        (first_run(points={}), "points must be 1-2"),
        (first_point(bits_per_sequence=[1.0]), "must hold 10 numbers"),
        (first_point(bits_per_sequence=[float("nan")] * 10), "finite numbers of at least 0"),
        (first_point(bits_per_sequence=[-1.0] * 10), "finite numbers of at least 0"),
        (first_point(bit_errors_per_sequence=[99] * 10), "more wrong bits than bits"),
    ],
)
def test_an_entry_with_a_fault_is_refused_with_its_name(
    board: Path, edit: Callable[[dict[str, Any]], None], message: str
) -> None:
    change(board, edit)

    with pytest.raises(ValueError, match=message):
        read_entry(entry_of(board))


def test_a_changed_checkpoint_byte_is_noticed(board: Path) -> None:
    checkpoint = entry_of(board) / "seed-1.safetensors"
    content = bytearray(checkpoint.read_bytes())
    content[-1] ^= 1
    checkpoint.write_bytes(content)

    with pytest.raises(ValueError, match="is not the file with sha256"):
        read_entry(entry_of(board))


def test_a_checkpoint_that_is_a_link_is_refused(board: Path) -> None:
    checkpoint = entry_of(board) / "seed-1.safetensors"
    elsewhere = board / "elsewhere.safetensors"
    shutil.move(checkpoint, elsewhere)
    os.symlink(elsewhere, checkpoint)

    with pytest.raises(ValueError, match="must be a file beside the entry"):
        read_entry(entry_of(board))


def test_a_malformed_entry_ends_in_one_line(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (entry_of(board) / "entry.json").write_text("{")

    assert main(["leaderboard", "show", "--suite", "tiny", "--board", str(board)]) == 2
    error = capsys.readouterr().err
    assert "must hold JSON" in error
    assert error.count("\n") == 1


def test_an_entry_is_not_overwritten(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (entry_of(board) / "entry.json").read_bytes()
    arguments = ["--name", "X", "--folder", "untrained", "--authors", "us", "--suite", "tiny"]
    checkpoint = str(entry_of(board) / "seed-1.safetensors")

    code = main(["leaderboard", "submit", checkpoint, *arguments, "--board", str(board)])

    assert code == 2
    assert "must not exist yet" in capsys.readouterr().err
    assert (entry_of(board) / "entry.json").read_bytes() == before


def test_a_failed_submission_leaves_nothing_behind(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run-1.safetensors").write_bytes(b"broken")
    arguments = ["--name", "X", "--folder", "other", "--authors", "us", "--suite", "tiny"]
    submit = ["leaderboard", "submit", str(tmp_path / "run-1.safetensors"), *arguments]

    assert main([*submit, "--board", str(board)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [path.name for path in (board / "supervised").iterdir()] == ["untrained"]
