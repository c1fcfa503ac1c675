"""Learning curves: taken from the training's log, hashed, and refused if they cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ntm_gym.cli import main
from ntm_gym.evaluation.suites import Suite
from ntm_gym.leaderboard.curves import MOST_POINTS, parse_curve, read_training_log
from ntm_gym.leaderboard.reading import read_entry
from ntm_gym.leaderboard.schema import Curve


def write_log(path: Path, *points: tuple[int, float]) -> Path:
    names = ("sequences", "validation_bits_per_sequence")
    lines = [json.dumps(dict(zip(names, point, strict=True))) + "\n" for point in points]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_an_entry_brings_the_curve_that_lies_beside_its_checkpoint(
    tmp_path: Path, tiny_suite: Suite, checkpoints: list[Path]
) -> None:
    write_log(checkpoints[0].parent / "log.jsonl", (0, 7.5))
    submit = ["leaderboard", "submit", str(checkpoints[0]), "--board", str(tmp_path / "new")]

    assert (
        main([*submit, "--name", "X", "--folder", "x", "--authors", "us", "--suite", "tiny"])
        == 0
    )

    entry = tmp_path / "new/supervised/x"
    assert read_entry(entry).runs[0].curve == Curve([0], [7.5])
    curve = entry / "seed-1.curve.json"
    curve.write_text(curve.read_text(encoding="utf-8").replace("7.5", "0.5"), encoding="utf-8")
    with pytest.raises(ValueError, match=r"seed-1\.curve\.json is not the file with sha256"):
        read_entry(entry)


def test_a_long_log_is_thinned_out_and_keeps_its_end(tmp_path: Path) -> None:
    points = [(number, 1.0) for number in range(1, 2 * MOST_POINTS)]

    curve = read_training_log(write_log(tmp_path / "log.jsonl", *points))

    assert len(curve.sequences) == MOST_POINTS
    assert curve.sequences[-1] == 2 * MOST_POINTS - 1


@pytest.mark.parametrize("line", ["{", "[]", '{"sequences": 1}'])
def test_a_malformed_log_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    log = write_log(tmp_path / "log.jsonl", (1, 1.0))
    log.write_text(log.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")

    with pytest.raises(ValueError, match="line 2 must be an object with 'sequences'"):
        read_training_log(log)


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"sequences": [], "bits_per_sequence": []}, "must have 1 to 2000 points, not 0"),
    "uneven": ({"sequences": [1], "bits_per_sequence": []}, "must be equally long"),
    "falling": ({"sequences": [2, 1], "bits_per_sequence": [0, 0]}, "must rise"),
    "too far": ({"sequences": [9], "bits_per_sequence": [0]}, "end within the run's 8"),
    "negative": ({"sequences": [1], "bits_per_sequence": [-1]}, "finite numbers of at least 0"),
    "unknown field": (
        {"sequences": [1], "bits_per_sequence": [1], "code": ""},
        "unknown: code",
    ),
}


@pytest.mark.parametrize(("data", "message"), FAULTS.values(), ids=list(FAULTS))
def test_a_curve_with_a_fault_is_refused_with_its_name(
    tmp_path: Path, data: dict[str, Any], message: str
) -> None:
    path = tmp_path / "seed-1.curve.json"
    path.write_text(json.dumps(data), encoding="utf-8")

    with pytest.raises(ValueError, match=message):
        parse_curve(str(path), path.read_bytes(), 8)
