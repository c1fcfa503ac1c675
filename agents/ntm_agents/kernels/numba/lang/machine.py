"""The vector registers that kernels are compiled for: their width and how many there are."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

import llvmlite.binding as llvm
from numba.core import config

REGISTER_BYTES_VARIABLE = "NTM_AGENTS_REGISTER_BYTES"
"""Environment variable that sets `REGISTER_BYTES`, on any processor: 16, 32 or 64."""

GUARD_BYTES = 512 if os.environ.get("NTM_AGENTS_GUARDS") == "1" else 0
"""Bytes before and behind every buffer of the kernels' own, for tests; see `lang.guards`."""

_WIDTHS = (16, 32, 64)
_LIVE_VECTORS = 20
_UPPER_REGISTER = re.compile(r"\b(?:[xyz]mm|q|v)(?:1[6-9]|2\d|3[01])\b")


class Registers(NamedTuple):
    """Vector registers.

    Attributes:
        width: Bytes in one.
        number: How many there are, 16 or 32.
    """

    width: int
    number: int


def registers_of(triple: str, cpu: str, features: str) -> Registers:
    """Return the vector registers that LLVM uses on a processor.

    The compiler is asked, not the processor: Numba's options can select another one, and a
    name alone does not say what the compiler makes of it.

    Args:
        triple: The target, such as ``"x86_64-unknown-linux-gnu"``.
        cpu: LLVM's name of the processor.
        features: LLVM's list of features, such as ``"+avx2,+fma"``.
    """
    vector = "<16 x float>"
    # More live vectors than 16 registers hold: LLVM uses the upper ones if there are any.
    loads = (f"%v{k} = load volatile {vector}, ptr %p, align 4" for k in range(_LIVE_VECTORS))
    stores = (f"store volatile {vector} %v{k}, ptr %p, align 4" for k in range(_LIVE_VECTORS))
    module = llvm.parse_assembly(
        "\n".join(["define void @probe(ptr %p) {", *loads, *stores, "ret void", "}"])
    )
    module.triple = triple
    machine = llvm.Target.from_triple(triple).create_target_machine(cpu, features, opt=2)
    assembly = machine.emit_assembly(module)
    width = 64 if "zmm" in assembly else 32 if "ymm" in assembly else 16
    return Registers(width, 32 if _UPPER_REGISTER.search(assembly) else 16)


def chosen_registers(setting: str | None, found: Registers) -> Registers:
    """Return the registers to compile for.

    Args:
        setting: Value of `REGISTER_BYTES_VARIABLE`; None or empty if it is not set.
        found: From `registers_of`. With another width as many registers are taken as x86 has
            of that width: 32 with AVX-512, else 16.

    Raises:
        ValueError: If the setting is not 16, 32 or 64.
    """
    if not setting:
        return found
    if setting not in map(str, _WIDTHS):
        raise ValueError(f"{REGISTER_BYTES_VARIABLE} must be 16, 32 or 64, not {setting!r}")
    width = int(setting)
    if width == found.width:
        return found
    return Registers(width, 32 if width == 64 else 16)


def processor() -> tuple[str, str]:
    """Return LLVM's name and features of the processor that Numba compiles for."""
    settings: Any = config
    cpu, features = settings.CPU_NAME, settings.CPU_FEATURES
    return (
        llvm.get_host_cpu_name() if cpu is None else cpu,
        llvm.get_host_cpu_features().flatten() if features is None else features,
    )


llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
REGISTER_BYTES, REGISTER_COUNT = chosen_registers(
    os.environ.get(REGISTER_BYTES_VARIABLE),
    registers_of(llvm.get_process_triple(), *processor()),
)
"""Width and number of the registers that all kernels of this process are compiled for."""
