"""How far an evaluation on this machine is from what entries say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ntm_paper.cli import main
from ntm_paper.second_machine import format_reports


def test_a_report_says_by_how_much_each_run_and_point_differs(
    board: Path, tmp_path: Path
) -> None:
    path = board / "supervised" / "untrained" / "entry.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    point = data["runs"][1]["points"]["1-2"]
    point["bits_per_sequence"] = [bits + 0.1 for bits in point["bits_per_sequence"]]
    path.write_text(json.dumps(data), encoding="utf-8")
    reports = tmp_path / "reports"

    code = main(["second-machine", "--board", str(board), "--out", str(reports)])

    assert code == 1
    report = (reports / "untrained.json").read_text(encoding="utf-8")
    differences = json.loads(report)["seeds"]
    assert differences["1"]["1-2"] == pytest.approx(0, abs=1e-4)
    assert differences["2"]["1-2"] == pytest.approx(0.1, abs=1e-4)
    table = format_reports(reports, {"untrained": "1-2"}).splitlines()
    assert [row.split()[1] for row in table[2:]] == ["untrained"]
    assert "1e-01" in table[2]
    assert "| 1 of 2 " in table[2]
    assert len(format_reports(reports, {}).splitlines()) == 2
