"""Where shipped LSTM controllers count repeats: seen by exchanging parts of their states."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from ntm_agents import NTM
from ntm_agents.checkpoints import load_checkpoint
from ntm_gym.tasks import make_task
from ntm_gym.tasks.keyed_random import derive_keys

ENTRY = Path(__file__).parents[2] / "leaderboard" / "supervised" / "repeat-copy-ntm-lstm"
LENGTH, FEW, MANY = 6, 4, 8
BREAK = 2 * LENGTH + 2
"""Steps up to the end of the first repeat."""


def make_inputs(repeats: int) -> Tensor:
    ranges = {"min_length": LENGTH, "max_length": LENGTH}
    task = make_task("repeat_copy", **ranges, min_repeats=repeats, max_repeats=repeats)
    inputs = torch.as_tensor(task.sample(derive_keys(0, 3, 0, 20)).inputs)
    return functional.pad(inputs, (0, 0, 0, (MANY + 3) * LENGTH - inputs.shape[1]))


def end_after(ntm: NTM, memory_of: int, cells_of: int) -> float:
    """Return after how many more repeats the end is said, the median of the episodes."""
    inputs = {repeats: make_inputs(repeats) for repeats in (FEW, MANY)}
    inputs[MANY][:, :LENGTH] = inputs[FEW][:, :LENGTH]
    states = {repeats: ntm(x[:, :BREAK])[1] for repeats, x in inputs.items()}
    exchanged = states[memory_of]._replace(controller=states[cells_of].controller)
    ends = ntm(inputs[FEW][:, BREAK:], exchanged)[0][..., -1] > 0
    assert ends.any(1).all()
    return round(float(ends.float().argmax(1).median() + 1) / LENGTH, 2)


@torch.no_grad()
@pytest.mark.parametrize(
    ("seed", "kept_in"),
    [(1, "memory"), (2, "memory"), (3, "memory"), (4, "cells"), (5, "memory")],
)
def test_four_of_five_count_in_memory_and_one_in_its_cells(seed: int, kept_in: str) -> None:
    ntm, _ = load_checkpoint(ENTRY / f"seed-{seed}.safetensors")
    assert isinstance(ntm, NTM)

    assert end_after(ntm, FEW, FEW) == FEW - 1
    assert end_after(ntm, MANY, MANY) == MANY - 1
    expected = MANY - 1 if kept_in == "memory" else FEW - 1
    assert end_after(ntm, memory_of=MANY, cells_of=FEW) == expected
