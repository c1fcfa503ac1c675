"""The backend that was asked for runs, or the fastest that can."""

from __future__ import annotations

import logging
import subprocess
import sys
from types import ModuleType

import pytest
import torch

from ntm_agents import NTMConfig
from ntm_agents.kernels import reference
from ntm_agents.kernels.dispatch import select_backend

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def test_auto_takes_numba_on_a_cpu() -> None:
    run = select_backend("auto", CPU, torch.float32)

    assert run.__module__ == "ntm_agents.kernels.numba.cpu"


def test_auto_takes_triton_on_a_cuda_device(
    monkeypatch: pytest.MonkeyPatch, forgetful_dispatch: None
) -> None:
    pytest.importorskip("triton", minversion="3.6")
    monkeypatch.setattr("ntm_agents.kernels.triton.gpu.INTERPRETED", False)

    run = select_backend("auto", CUDA, torch.float32, NTMConfig(9, 8))

    assert run.__module__ == "ntm_agents.kernels.triton.gpu"


@pytest.mark.parametrize(("device", "module"), [(CPU, "numba.cpu"), (CUDA, "triton.gpu")])
def test_without_the_package_the_reference_runs_and_says_so_once(
    device: torch.device,
    module: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    forgetful_dispatch: None,
) -> None:
    monkeypatch.setitem(sys.modules, f"ntm_agents.kernels.{module}", None)

    with caplog.at_level(logging.WARNING):
        chosen = [select_backend("auto", device, torch.float32) for _ in range(3)]

    assert chosen == [reference.run] * 3
    assert len(caplog.records) == 1


def test_a_backend_whose_package_is_missing_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, forgetful_dispatch: None
) -> None:
    monkeypatch.setitem(sys.modules, "ntm_agents.kernels.numba.cpu", None)
    monkeypatch.setitem(sys.modules, "ntm_agents.kernels.triton.gpu", None)

    with pytest.raises(ValueError, match="backend 'numba' needs numba: "):
        select_backend("numba", CPU, torch.float32)
    with pytest.raises(ValueError, match="needs triton"):
        select_backend("triton", CUDA, torch.float32)


def test_other_dtypes_and_devices_run_on_the_reference() -> None:
    assert select_backend("auto", CPU, torch.bfloat16) is reference.run
    assert select_backend("auto", CUDA, torch.bfloat16) is reference.run
    assert select_backend("auto", torch.device("meta"), torch.float32) is reference.run
    with pytest.raises(ValueError, match="needs float32 or float64 on cpu"):
        select_backend("numba", CPU, torch.float16)


def test_an_old_triton_is_refused_by_its_version(
    monkeypatch: pytest.MonkeyPatch, forgetful_dispatch: None
) -> None:
    triton = ModuleType("triton")
    triton.__version__ = "3.5.1"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "triton", triton)

    with pytest.raises(ValueError, match=r"must be 3\.6 or newer, not 3\.5\.1"):
        select_backend("triton", CUDA, torch.float32)
    assert select_backend("auto", CUDA, torch.float32) is reference.run


def test_triton_refuses_another_dtype() -> None:
    pytest.importorskip("triton", minversion="3.6")

    with pytest.raises(ValueError, match="needs float32 or float64 on cuda"):
        select_backend("triton", CUDA, torch.float16)


def test_a_memory_too_large_for_the_chip_runs_on_the_reference() -> None:
    large = NTMConfig(9, 8, memory_size=4096, word_size=20)

    assert select_backend("auto", CUDA, torch.float32, large) is reference.run
    with pytest.raises(ValueError, match="65536 numbers, not 131072"):
        select_backend("triton", CUDA, torch.float32, large)


def test_an_ntm_on_a_cpu_never_imports_triton() -> None:
    program = (
        "import sys, torch, ntm_agents\n"
        "ntm_agents.NTM(ntm_agents.NTMConfig(9, 8), 'reference')(torch.zeros(1, 1, 9))\n"
        "print('triton' in sys.modules)"
    )
    found = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )

    assert found.stdout.strip() == "False"
