"""Loss and gradient of a batch, and their capture as a CUDA graph."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from ntm_agents import NTM, NTMConfig, load_agent
from ntm_agents.training.cli import main
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.gradients import CapturedGradient, autograd_gradient_of, gradient_of
from ntm_agents.training.loop import train
from ntm_agents.training.sampling import TrainingSequences
from ntm_baselines import LSTM, LSTMConfig
from ntm_gym.tasks import make_task

SMALL = TrainingConfig(
    task_parameters={"max_length": 3},
    network_options={"controller_size": 8, "memory_size": 8},
    sequences=64,
    batch_size=8,
    report_every=32,
)


def make_network(name: str) -> nn.Module:
    torch.manual_seed(0)
    if name == "ntm":
        return NTM(NTMConfig(9, 8, controller_size=8, memory_size=8))
    if name == "reference":
        return NTM(NTMConfig(9, 8, controller_size=8, memory_size=8), "reference")
    return LSTM(LSTMConfig(9, 8, hidden_size=8, num_layers=2))


def sequences(device: str) -> TrainingSequences:
    return TrainingSequences(make_task("copy", max_length=3), 1, 8, torch.device(device))


@pytest.fixture
def sync_debug_mode() -> Iterator[None]:
    yield
    torch.cuda.set_sync_debug_mode("default")


def test_a_gradient_replaces_the_last_one() -> None:
    flat = FlatParameters(network := make_network("ntm"))
    compute = gradient_of(network, flat)
    first, second = sequences("cpu").batch(0), sequences("cpu").batch(8)

    compute(second)
    expected = flat.vector.grad.clone()  # type: ignore[union-attr]
    compute(first)
    compute(second)

    assert flat.vector.grad is not None
    assert torch.equal(flat.vector.grad, expected)


def test_a_graph_on_a_cpu_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a CUDA graph needs a cuda device, not cpu"):
        train(SMALL, tmp_path / "run", cuda_graph=True)

    assert not (tmp_path / "run").exists()


def test_the_command_says_that_a_graph_needs_a_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--cuda-graph", "--quiet", "--output", str(tmp_path / "run")])

    assert code == 2
    assert capsys.readouterr().err == "ntm-train: a CUDA graph needs a cuda device, not cpu\n"


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:RNN module weights are not part of single contiguous")
@pytest.mark.parametrize("name", ["ntm", "reference", "lstm"])
def test_a_captured_gradient_equals_the_computed_one(name: str) -> None:
    flat = FlatParameters(network := make_network(name).cuda())
    compute = autograd_gradient_of(network, flat)
    captured = CapturedGradient(compute, torch.device("cuda"))
    batches = [sequences("cuda").batch(start) for start in (0, 8, 16, 0)]

    for batch in batches:
        nats = captured(batch).clone()
        gradient = flat.vector.grad.clone()  # type: ignore[union-attr]
        torch.testing.assert_close(nats, compute(batch))
        torch.testing.assert_close(gradient, flat.vector.grad)


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:RNN module weights are not part of single contiguous")
@pytest.mark.filterwarnings("ignore:Synchronization debug mode is a prototype feature")
@pytest.mark.parametrize("name", ["ntm", "reference", "lstm"])
def test_the_loop_never_waits_for_the_device(name: str, sync_debug_mode: None) -> None:
    flat = FlatParameters(network := make_network(name).cuda())
    compute, source = autograd_gradient_of(network, flat), sequences("cuda")
    compute(source.batch(0))

    torch.cuda.set_sync_debug_mode("error")
    for start in range(0, 64, 8):
        compute(source.batch(start))
        flat.clip_gradient_norm(10.0)


@pytest.mark.gpu
@pytest.mark.parametrize("cuda_graph", [False, True])
def test_a_run_on_a_device_ends_near_the_run_on_a_cpu(tmp_path: Path, cuda_graph: bool) -> None:
    on_cpu = load_agent(train(SMALL, tmp_path / "cpu", show_progress=False))
    found = load_agent(
        train(SMALL, tmp_path / "cuda", "cuda", show_progress=False, cuda_graph=cuda_graph)
    )

    for parameter, expected in zip(
        found.network.parameters(), on_cpu.network.parameters(), strict=True
    ):
        torch.testing.assert_close(parameter, expected, rtol=1e-3, atol=1e-4)
