"""The worked example works, outside the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "enter_my_network.py"


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 40


@pytest.mark.slow
def test_a_strangers_network_is_trained_entered_verified_and_shown(tmp_path: Path) -> None:
    script = shutil.copy(EXAMPLE, tmp_path)

    run = subprocess.run(
        [sys.executable, script, "1000"], cwd=tmp_path, check=True, capture_output=True
    )

    printed = run.stdout.decode()
    assert "My network, copy: verified" in printed
    assert (tmp_path / "leaderboard/supervised/my-network/seed-5.curve.json").is_file()
    assert "My network" in (tmp_path / "build/leaderboard.html").read_text(encoding="utf-8")
