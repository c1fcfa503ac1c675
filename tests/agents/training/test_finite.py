"""What is not finite is never written, and an error names only a checkpoint that there is."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.files import read_tensors
from ntm_agents.training.cli import main
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.loop import train

Named = Callable[[Callable[..., object]], str]
CONFIG = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 2}, sequences=40, report_every=10
)


class Spoiled(nn.Module):
    """Turns bad in one respect in the update of one number."""

    running: Tensor

    def __init__(self, input_size: int, output_size: int, what: str, when: int) -> None:
        super().__init__()
        self.layer = nn.Linear(input_size, output_size)
        self.register_buffer("running", torch.zeros(2))
        self.register_buffer("mask", torch.tensor([0.0, -torch.inf]), persistent=False)
        self.what, self.when = what, when
        self.calls = -1

    def forward(self, inputs: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        logits = self.layer(inputs)
        if self.training:
            self.calls += 1
        if self.calls >= self.when:
            if (self.what == "cost" and self.training) or (
                self.what == "validation" and not self.training
            ):
                logits = logits * torch.nan
            elif self.what == "buffer":
                self.running = self.running + torch.inf
            elif self.what == "weights" and self.training:
                with torch.no_grad():
                    self.layer.bias[0] = torch.nan
                logits = logits.detach() + 0 * self.layer.weight.sum()
        return logits, state


def spoiled(named: Named, what: str, when: int) -> TrainingConfig:
    name = named(lambda **sizes: Spoiled(**sizes, what=what, when=when))
    return dataclasses.replace(CONFIG, network=name)


@pytest.mark.parametrize("what", ["cost", "validation", "buffer", "weights"])
@pytest.mark.parametrize(
    ("when", "kept"),
    [
        (4, "there is no checkpoint yet"),
        (25, "the last good checkpoint, of sequence 20, is in"),
    ],
)
def test_a_run_that_stops_being_finite_ends_and_keeps_what_was_good(
    what: str, when: int, kept: str, named: Named, tmp_path: Path
) -> None:
    with pytest.raises(FloatingPointError, match=f"training must stay finite.*; {kept}"):
        train(spoiled(named, what, when), tmp_path, show_progress=False)

    assert not (tmp_path / "model.safetensors").exists()
    checkpoint = tmp_path / "checkpoint.safetensors"
    assert checkpoint.exists() == ("last good" in kept)
    if checkpoint.exists():
        tensors, _ = read_tensors(checkpoint)
        assert all(t.isfinite().all() for name, t in tensors.items() if name != "buffer.mask")


def test_the_command_says_so_in_one_line(
    named: Named, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = spoiled(named, "cost", 25)
    sizes = ["--task-option", "num_bits=2", "--task-option", "max_length=2"]
    length = ["--sequences", "40", "--report-every", "10", "--quiet"]
    output = ["--network", config.network, "--output", str(tmp_path / "run")]

    assert main([*sizes, *length, *output]) == 2

    error = capsys.readouterr().err
    assert error.startswith("ntm-train: training must stay finite, but at sequence 30 ")
    assert error.count("\n") == 1


def test_weights_that_are_not_finite_are_not_published(tmp_path: Path) -> None:
    network = nn.Linear(2, 2)
    with torch.no_grad():
        network.weight[0, 0] = torch.inf
    said = {"network": "a:b", "options": {}, "task": {}, "train_seed": 1}

    with pytest.raises(ValueError, match="finite weights, but 'weight' is not finite"):
        save_checkpoint(tmp_path / "x.safetensors", network, said)
    with pytest.raises(ValueError, match="not JSON compliant"):
        save_checkpoint(tmp_path / "x.safetensors", nn.Linear(2, 2), said | {"bits": torch.nan})
    assert not list(tmp_path.iterdir())


def test_a_network_whose_file_nobody_could_read_is_not_trained(
    named: Named, tmp_path: Path
) -> None:
    def masked(input_size: int, output_size: int) -> nn.Module:
        network = Spoiled(input_size, output_size, "nothing", 0)
        network.register_buffer("mask", torch.tensor([0.0, -torch.inf]))
        return network

    config = dataclasses.replace(CONFIG, network=named(masked))
    with pytest.raises(ValueError, match=r"'mask' is not finite; .*persistent=False"):
        train(config, tmp_path / "run", show_progress=False)

    assert not (tmp_path / "run").exists()
