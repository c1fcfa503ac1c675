"""No kernel touches what lies around its buffers: random calls between guard values."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba")

CALLS = Path(__file__).with_name("guarded_calls.py")
SPILL = """
import numpy as np
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.guards import check_guards
from ntm_agents.kernels.numba.lang.pointers import keep_alive, pointer
from ntm_agents.kernels.numba.workspace import aligned

@kernel
def write(place):
    buffers = (aligned(3, np.empty(0, np.float32)), aligned(2, np.empty(0, np.int64)))
    pointer(buffers[0])[place] = 1.0
    check_guards(buffers)
    keep_alive(buffers)

for place in (0, 2, 3, -1, 100):
    try:
        write(place)
        print(place, "inside")
    except RuntimeError as error:
        print(place, error)
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"NTM_AGENTS_GUARDS": "1"},
    )


def test_random_calls_touch_no_guard() -> None:
    process = run(str(CALLS), "--calls", "60")

    assert process.returncode == 0, process.stderr
    assert "no guard hit" in process.stdout


@pytest.mark.slow
def test_many_random_calls_touch_no_guard() -> None:
    process = run(str(CALLS), "--calls", "2000", "--seed", "1")

    assert process.returncode == 0, process.stderr


def test_a_write_behind_or_before_a_buffer_is_seen(tmp_path: Path) -> None:
    (program := tmp_path / "spill.py").write_text(SPILL)

    process = run(str(program))

    error = "a kernel has written outside of its buffers"
    assert process.stdout.splitlines() == [
        "0 inside",
        "2 inside",
        f"3 {error}",
        f"-1 {error}",
        f"100 {error}",
    ]
