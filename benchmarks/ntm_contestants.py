"""What `benchmarks.ntm` measures beside each other: sizes, backends, batches."""

from __future__ import annotations

import importlib
from typing import Any

import torch
from torch import Tensor, nn

from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm.config import Controller, NTMConfig
from ntm_agents.ntm.module import NTM
from ntm_agents.ntm.state import NTMState
from ntm_agents.training.paper_recipes import TABLE_1, TABLE_2

STEPS = 42
BATCH_SIZES = (1, 32, 256)
CONTROLLERS: tuple[Controller, ...] = ("feedforward", "lstm")
BACKENDS: tuple[Backend, ...] = ("reference", "numba")


class _CompiledStep(nn.Module):
    """An NTM of which torch has compiled one step; to compile all takes minutes for each."""

    def __init__(self, ntm: NTM) -> None:
        super().__init__()
        self.ntm = ntm
        dynamo: Any = importlib.import_module("torch._dynamo.config")
        dynamo.recompile_limit = 64  # one for each size, batch size, and with gradients or not
        self._step: Any = torch.compile(ntm.step)

    def forward(self, inputs: Tensor) -> tuple[Tensor, NTMState]:
        state, logits = self.ntm.initial_state(len(inputs)), []
        for step in inputs.unbind(1):
            logit, state = self._step(step, state)
            logits.append(logit)
        return torch.stack(logits, 1), state


def sizes(full: bool) -> dict[str, NTMConfig]:
    """Return the distinct sizes to measure; copy's are named by their controller alone."""
    named: dict[str, NTMConfig] = {
        controller: NTMConfig(9, 8, controller) for controller in CONTROLLERS
    }
    for controller, table in zip(CONTROLLERS, (TABLE_1, TABLE_2), strict=True):
        for task, row in table.items() if full else ():
            config = NTMConfig(
                9,
                8,
                controller,
                row.controller_size,
                row.controller_layers,
                num_read_heads=row.heads,
                num_write_heads=row.heads,
            )
            if config not in named.values():
                named[f"{task} {controller}"] = config
    return named


def contestants(full: bool) -> dict[str, tuple[nn.Module, Tensor]]:
    """Return networks and their inputs, by size, backend and batch size."""
    found: dict[str, tuple[nn.Module, Tensor]] = {}
    for batch_size in BATCH_SIZES:
        inputs = torch.randn(batch_size, STEPS, 9)
        for name, config in sizes(full).items():
            for backend in BACKENDS:
                found[f"{name} {backend} {batch_size}"] = (NTM(config, backend), inputs)
            if full and name in CONTROLLERS:
                compiled = _CompiledStep(NTM(config, "reference"))
                found[f"{name} torch.compile {batch_size}"] = (compiled, inputs)
        for size in sorted({config.controller_size for config in sizes(full).values()}):
            lstm = nn.LSTM(9, size, batch_first=True)
            found[f"{lstm_name(size)} {batch_size}"] = (lstm, inputs)
    return found


def lstm_name(size: int) -> str:
    """Return what torch's LSTM of a size is called among the contestants."""
    return "nn.LSTM" if size == 100 else f"nn.LSTM({size})"
