"""The first use compiles and says so; a cache that cannot be written ends in the reference."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import pytest

import ntm_agents

pytest.importorskip("numba")
from ntm_agents.kernels.numba_compile import digest_of
from ntm_agents.kernels.numba_training import clip_norm

PROGRAM = """
import torch
from ntm_agents import NTM, NTMConfig
with torch.no_grad():
    NTM(NTMConfig(3, 2, controller_size=4, memory_size=5))(torch.zeros(1, 2, 3))
"""


def run(**environment: str) -> str:
    """Return what a process writes to standard error."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
        encoding="utf-8",
        errors="replace",
    )
    return process.stderr


@pytest.mark.slow
def test_only_the_first_process_compiles_and_it_says_so_once(tmp_path: Path) -> None:
    first, second = (run(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))

    assert first.count("compiling the NTM's kernels") == 1
    assert second == ""


def test_without_a_writable_cache_folder_the_reference_runs(tmp_path: Path) -> None:
    package = Path(ntm_agents.__file__).parent
    copied = tmp_path / "ntm_agents"
    shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__"))
    (copied / "kernels" / "__pycache__").touch()
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])

    said = run(
        PYTHONPATH=path, HOME="/dev/null", XDG_CACHE_HOME="/dev/null", NUMBA_CACHE_DIR=""
    )

    assert said.count("\n") == 1
    assert said.startswith("the NTM runs on plain torch: backend 'numba' needs numba and")


def test_a_change_in_any_kernel_makes_all_of_them_stale(tmp_path: Path) -> None:
    caller, called = tmp_path / "numba_caller.py", tmp_path / "numba_called.py"
    caller.write_text("from numba_called import f", encoding="utf-8")
    called.write_text("def f(): return 1", encoding="utf-8")
    before = digest_of(tmp_path)
    called.write_text("def f(): return 2", encoding="utf-8")

    assert digest_of(tmp_path) != before


def test_what_other_kernels_have_left_is_not_unpickled(tmp_path: Path) -> None:
    file: Any = copy.copy(cast(Any, clip_norm)._cache._cache_file)
    file._index_path = tmp_path / "index.nbi"
    theirs = pickle.dumps(version("numba")) + b"names a class that is gone"
    file._index_path.write_bytes(theirs)

    assert file.load("key") is None
