"""Entries past the paper are kept as data and shown with all seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntm_gym.files import read_json, write_json
from ntm_paper.cli import main
from ntm_paper.extrapolation import ExtrapolationResult
from ntm_paper.extrapolation_records import (
    ExtrapolationRecord,
    ExtrapolationRun,
    extrapolation_table,
    read_record,
    write_record,
)

LABELS = ("10 x 11", "10 x 15", "10 x 20", "20 x 10", "20 x 20")


def run(seed: int, content: float, marker: float) -> ExtrapolationRun:
    result = ExtrapolationResult(1.0, 0.25, [content, 0.0, marker])
    return ExtrapolationRun(seed, str(seed), dict.fromkeys(LABELS, result))


RECORD = ExtrapolationRecord("NTM", "repeat_copy", 1_000, [run(1, 0.0, 2.0), run(2, 5.5, 2.0)])


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_record(tmp_path / "record.json", RECORD)
    assert read_record(tmp_path / "record.json") == RECORD


def test_a_record_of_other_episodes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_record(path, RECORD)
    data = read_json(path)
    data["challenge"]["hash"] = "other"
    write_json(path, data)

    with pytest.raises(ValueError, match="of other episodes than now"):
        read_record(path)


def test_the_end_marker_is_counted_apart() -> None:
    line = extrapolation_table([RECORD]).splitlines()[2]
    assert "0, 5.5; end marker 2 (2 seeds)" in line
    assert "25.0 (2 seeds)" in line


def test_a_board_without_a_memory_has_nothing_to_try(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["extrapolate", "--board", str(board), "--out", str(board)]) == 0
    assert "has a memory to try" in capsys.readouterr().out
