"""Runs killed at random moments, and before every write; see `kill_harness` for many more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("kill_harness.py")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HARNESS), *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the harness forks")
def test_runs_of_all_networks_killed_at_random_end_as_if_they_never_stopped() -> None:
    """The number of kills may be given as ``NTM_KILLS``."""
    kills = os.environ.get("NTM_KILLS", "12")

    done = run("--kills", kills)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" kills, 0 runs lost")
