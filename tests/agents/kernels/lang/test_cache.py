"""The first use compiles and says so; what is wrong with the cache costs time and a line."""

from __future__ import annotations

import errno
import importlib.util
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("numba")
from numba.core.caching import FunctionCache

from ntm_agents.kernels.numba.lang import cache
from ntm_agents.kernels.numba.lang.cache import CacheFiles, digest_of, keep_compiled

PROGRAM = """
import torch
from ntm_agents import NTM, NTMConfig
with torch.no_grad():
    NTM(NTMConfig(3, 2, controller_size=4, memory_size=5))(torch.zeros(1, 2, 3))
"""
KERNEL = """
from ntm_agents.kernels.numba.lang.compile import kernel
@kernel
def doubled(x):
    return x * {factor}
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


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_said", [])


@pytest.fixture
def fresh_import(tmp_path: Path) -> Iterator[Callable[..., ModuleType]]:
    """Import a module with one kernel as a new process would."""

    def load(factor: int = 2) -> ModuleType:
        path = tmp_path / "some_kernels.py"
        path.write_text(KERNEL.format(factor=factor), encoding="utf-8")
        spec = importlib.util.spec_from_file_location("some_kernels", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        digest_of.cache_clear()
        sys.modules["some_kernels"] = module
        spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("some_kernels", None)


def cached_files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("some_kernels*.nbc"))


def hits(module: ModuleType) -> int:
    return sum(module.doubled.stats.cache_hits.values())


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno > logging.INFO]


def test_what_was_compiled_is_loaded_and_kept_apart_by_the_width_of_registers(
    fresh_import: Callable[..., ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert fresh_import().doubled(3) == 6
    again = fresh_import()
    assert again.doubled(3) == 6
    assert hits(again) == 1

    monkeypatch.setattr(cache, "REGISTER_BYTES", 8)
    other = fresh_import()
    assert other.doubled(3) == 6

    assert hits(other) == 0
    assert len(cached_files(tmp_path)) == 2
    assert lines(caplog) == []


def test_a_change_of_a_kernel_replaces_what_was_compiled_before(
    fresh_import: Callable[..., ModuleType], tmp_path: Path
) -> None:
    fresh_import().doubled(3)
    before = cached_files(tmp_path)

    assert fresh_import(factor=5).doubled(3) == 15

    after = cached_files(tmp_path)
    assert len(after) == len(before) == 1
    assert after != before


def test_a_change_in_any_kernel_or_constant_makes_all_of_them_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels, equations = tmp_path / "kernels", tmp_path / "ntm"
    (kernels / "lang").mkdir(parents=True)
    equations.mkdir()
    monkeypatch.setattr(cache, "_SOURCES", (kernels, equations / "addressing.py"))
    called, constants = kernels / "lang/called.py", equations / "addressing.py"
    (kernels / "caller.py").write_text("from lang.called import f", encoding="utf-8")
    seen = set()
    for f, epsilon in ((1, 1), (2, 1), (2, 2)):
        called.write_text(f"def f(): return {f}", encoding="utf-8")
        constants.write_text(f"EPSILON = {epsilon}", encoding="utf-8")
        seen.add(cache._digest_of_package.__wrapped__())

    assert len(seen) == 3


def test_all_modules_that_kernels_take_constants_from_are_in_the_digest() -> None:
    kernels, *others = cache._SOURCES
    text = "".join(path.read_text(encoding="utf-8") for path in kernels.rglob("*.py"))
    taken = re.findall(r"from ntm_agents\.ntm\.(\w+) import [A-Z_]+\b[^a-z]", text)

    assert set(taken) >= {"addressing", "entropy"}
    assert {path.stem for path in others} == set(taken)


def test_what_other_kernels_have_left_is_not_unpickled(tmp_path: Path) -> None:
    ours, theirs = (CacheFiles(tmp_path, "f", digest) for digest in ("1" * 64, "2" * 64))
    theirs.path_of("key").write_bytes(b"names a class that is gone")

    assert ours.load("key") is None


@pytest.mark.parametrize("kept", [0, 10, 40, -1])
def test_a_damaged_file_is_named_once_and_replaced(
    kept: int,
    fresh_import: Callable[..., ModuleType],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fresh_import().doubled(3)
    (path,) = cached_files(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])

    damaged = fresh_import()
    assert damaged.doubled(3) == 6
    assert damaged.doubled(3.5) == 7.0
    repaired = fresh_import()
    assert repaired.doubled(3) == 6

    (said,) = lines(caplog)
    assert f"{path} is damaged" in said
    assert (hits(damaged), hits(repaired)) == (0, 1)


def refuse_to_write(*args: Any, **options: Any) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_on_a_full_disk_kernels_compile_and_nothing_is_left(
    fresh_import: Callable[..., ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    module = fresh_import()
    monkeypatch.setattr(os, "replace", refuse_to_write)

    assert module.doubled(3) == 6
    assert module.doubled(3.5) == 7.0

    (said,) = lines(caplog)
    assert os.strerror(errno.ENOSPC) in said
    assert list(tmp_path.rglob("*.nbc*")) == []


def raise_no_locator(self: Any, function: Any) -> None:
    raise RuntimeError("cannot cache function 'doubled': no locator available")


def forget_the_file(self: Any, function: Any) -> None:
    self._cache_path = "somewhere"


@pytest.mark.parametrize("constructor", [raise_no_locator, forget_the_file])
def test_without_a_folder_or_with_another_numba_kernels_compile_without_a_cache(
    constructor: Callable[..., None],
    fresh_import: Callable[..., ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(FunctionCache, "__init__", constructor)

    assert fresh_import().doubled(3) == 6

    assert len(lines(caplog)) == 1
    assert cached_files(tmp_path) == []


class RenamedDispatcher:
    """What `numba.njit` returns, if Numba kept its cache under another name."""

    def py_func(self) -> None:
        """Do nothing."""


def test_a_cache_that_numba_has_renamed_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = RenamedDispatcher()

    keep_compiled(dispatcher)

    assert vars(dispatcher) == {}
    assert len(lines(caplog)) == 1
