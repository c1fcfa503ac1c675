"""The page is one file; strangers' texts are nothing but text in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from ntm_gym.cli import main
from ntm_gym.leaderboard.page.writer import embed_json, write_page

HOSTILE = "</script><script>alert(1)</script><!-- & {{ script }} \u2028"


def test_hostile_text_survives_as_text_and_ends_nothing(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", {"name": HOSTILE})

    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    (embedded,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    assert json.loads(embedded) == {"name": HOSTILE}
    assert html.count("</script>") == 2
    assert "alert(1)</script>" not in html


def test_only_the_packages_own_scripts_may_run(tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", {})

    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    script = html[html.rindex("<script>") + len("<script>") : html.rindex("</script>")]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)[0].split("; ")
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_numbers_that_json_does_not_know_are_refused() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        embed_json({"mean": float("nan")})


def test_the_page_is_not_written_from_a_refused_board(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (board / "supervised" / "untrained" / "agent.py").write_text("", encoding="utf-8")
    output = tmp_path / "page.html"

    arguments = ["--board", str(board), "--output", str(output), "--episodes", "2"]
    assert main(["leaderboard", "page", *arguments]) == 2

    assert "does not belong to the entry" in capsys.readouterr().err
    assert not output.exists()


def test_a_page_of_a_board_that_cannot_be_reproduced_says_so_and_fails(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = board / "supervised" / "untrained" / "entry.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["runs"][0]["points"]["1-2"]["bits_per_sequence"][0] += 9
    path.write_text(json.dumps(data), encoding="utf-8")
    output = tmp_path / "page.html"

    arguments = ["--board", str(board), "--output", str(output), "--episodes", "2"]
    assert main(["leaderboard", "page", *arguments]) == 1

    assert "Untrained, tiny: seed 1, point 1-2" in capsys.readouterr().out
    assert "seed 1, point 1-2: bits_per_sequence is" in output.read_text(encoding="utf-8")
