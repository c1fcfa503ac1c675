"""The registers that kernels are compiled for: asked of the compiler, or set."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")
from ntm_agents.kernels.numba.lang.machine import (
    REGISTER_BYTES,
    Registers,
    chosen_registers,
    registers_of,
)
from ntm_agents.kernels.numba.lang.vectors import REGISTERS, VECTOR_BYTES

X86 = "x86_64-unknown-linux-gnu"
PROGRAM = (
    "from ntm_agents.kernels.numba.lang.machine import *; print(REGISTER_BYTES, REGISTER_COUNT)"
)


def run(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    ("cpu", "features", "expected"),
    [
        ("generic", "", Registers(16, 16)),
        ("x86-64-v2", "", Registers(16, 16)),
        ("x86-64-v3", "", Registers(32, 16)),
        ("x86-64-v4", "", Registers(64, 32)),
        ("generic", "+avx,+avx2,+fma", Registers(32, 16)),
    ],
)
def test_the_compiler_knows_the_registers(cpu: str, features: str, expected: Registers) -> None:
    try:
        assert registers_of(X86, cpu, features) == expected
    except RuntimeError as error:
        pytest.skip(f"LLVM compiles for no x86 here: {error}")


@pytest.mark.parametrize("number", [16, 32])
def test_without_a_setting_the_machines_registers_are_taken(number: int) -> None:
    found = Registers(16, number)

    assert {chosen_registers(setting, found) for setting in (None, "", "16")} == {found}


def test_a_setting_is_taken_with_the_registers_that_x86_has_of_that_width() -> None:
    found = Registers(64, 32)

    assert chosen_registers("16", found) == (16, 16)
    assert chosen_registers("32", found) == (32, 16)
    assert chosen_registers("64", Registers(32, 16)) == (64, 32)


@pytest.mark.parametrize("setting", ["48", "0", "-16", "16.0", " 16", "wide"])
def test_any_other_setting_is_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="must be 16, 32 or 64, not "):
        chosen_registers(setting, Registers(16, 16))


def test_the_environment_sets_the_width_and_the_processor() -> None:
    assert run(NTM_AGENTS_REGISTER_BYTES="32", NUMBA_CPU_NAME="").stdout == "32 16\n"
    generic = run(NTM_AGENTS_REGISTER_BYTES="", NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="")
    assert generic.stdout.startswith("16 ")


def test_vectors_are_as_wide_as_the_registers_say() -> None:
    assert VECTOR_BYTES == REGISTERS * REGISTER_BYTES
