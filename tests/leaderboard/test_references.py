"""Floor and ceiling are entered, read and verified like everything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.leaderboard.references import read_references


@pytest.fixture
def with_references(board: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a board with an entry, and references on its suite and on a guessing game."""
    guessing = Suite("guessing", 1, (Point("40", "ngram", {"sequence_length": 40}),), 200)
    monkeypatch.setitem(suites.SUITES, "guessing", guessing)
    assert main(["leaderboard", "reference", "--board", str(board)]) == 0
    return board


def change(board: Path, edit: Callable[[dict[str, Any]], object], suite: str = "tiny") -> None:
    path = board / "reference" / f"{suite}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    edit(data)
    path.write_text(json.dumps(data), encoding="utf-8")


def test_references_are_verified_with_the_entries(
    with_references: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", "verify", "--board", str(with_references)]) == 0

    printed = capsys.readouterr().out
    for line in ("oracle, tiny: verified", "coin, guessing: verified", "Untrained, tiny: ver"):
        assert line in printed


def test_a_changed_reference_is_shown(
    with_references: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change(
        with_references,
        lambda data: data["agents"]["silent"]["1-2"].update(bit_errors_per_sequence=[1] * 10),
    )

    assert main(["leaderboard", "verify", "--board", str(with_references)]) == 1
    assert "silent, tiny: point 1-2: bit_errors_per_sequence is" in capsys.readouterr().out


def test_the_oracle_stands_at_one_the_coin_at_nothing_and_both_below_competitors(
    with_references: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["leaderboard", "overall", "--board", str(with_references)]) == 0

    rows = [line.split("|") for line in capsys.readouterr().out.splitlines() if "|" in line]
    scores = {row[1].strip(): row[4].split()[0] for row in rows[2:]}
    assert next(iter(scores)) == "Untrained"
    assert scores["oracle"] == "1"
    assert abs(float(scores["coin"])) < 0.3


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "other format": (lambda data: data.update(format=2), "format must be 1, not 2"),
    "unknown field": (lambda data: data.update(code=""), "unknown: code"),
    "wrong hash of the suite": (lambda data: data["suite"].update(hash=""), "version 1 and"),
    "missing agent": (lambda data: data["agents"].pop("coin"), "agents must be oracle, memory"),
    "foreign agent": (
        lambda data: data["agents"].update(mine=data["agents"]["coin"]),
        "agents must be oracle, memoryless, coin, silent, not .* mine",
    ),
    "missing point": (lambda data: data["agents"]["coin"].clear(), "points must be 1-2, not"),
}


@pytest.mark.parametrize(("edit", "message"), FAULTS.values(), ids=list(FAULTS))
def test_references_with_a_fault_are_refused_with_its_name(
    with_references: Path, edit: Callable[[dict[str, Any]], object], message: str
) -> None:
    change(with_references, edit)

    with pytest.raises(ValueError, match=message):
        read_references(with_references)


def test_a_suites_file_under_another_suites_name_is_refused(with_references: Path) -> None:
    folder = with_references / "reference"
    (folder / "tiny.json").write_bytes((folder / "guessing.json").read_bytes())

    with pytest.raises(ValueError, match="must be of suite 'tiny', not 'guessing'"):
        read_references(with_references)


def test_a_claim_above_the_oracle_is_refused(with_references: Path) -> None:
    change(
        with_references,
        lambda data: data["agents"]["memoryless"]["40"].update(
            bits_per_sequence=[1.0] * 200, bit_errors_per_sequence=[1] * 200
        ),
        "guessing",
    )

    with pytest.raises(ValueError, match=r"memoryless, point 40: .* better than the oracle's"):
        read_references(with_references)
