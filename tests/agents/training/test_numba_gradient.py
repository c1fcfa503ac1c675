"""The way around autograd leads to the same gradient, and the loops to the same update."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from ntm_agents import NTM, NTMConfig
from ntm_agents.kernels.numba.training import clip_norm, cross_entropy, graves_update
from ntm_agents.ntm.config import Controller, MemoryStart
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.gradients import autograd_gradient_of, gradient_of
from ntm_agents.training.losses import nats_per_sequence
from ntm_agents.training.numba_gradient import NumbaGradient
from ntm_agents.training.sampling import Batch, TrainingSequences
from ntm_gym.tasks import make_task

STARTS: list[tuple[Controller, int, MemoryStart]] = list(
    itertools.product(("feedforward", "lstm"), (1, 2), ("each", "shared"))
)


def make_flat(
    controller: Controller, layers: int, memory_start: MemoryStart
) -> tuple[NTM, FlatParameters]:
    torch.manual_seed(0)
    config = NTMConfig(9, 8, controller, 7, layers, 11, 5, 3, 2, memory_start=memory_start)
    network = NTM(config, "numba").double()
    return network, FlatParameters(network)


def make_batch(batch_size: int) -> Batch:
    source = TrainingSequences(
        make_task("copy", max_length=5), 1, batch_size, torch.device("cpu")
    )
    return Batch(*(field.double() for field in source.batch(0)))


def gradient(flat: FlatParameters) -> Tensor:
    assert flat.vector.grad is not None
    return flat.vector.grad


@pytest.mark.parametrize(("controller", "layers", "memory_start"), STARTS)
@pytest.mark.parametrize("batch_size", [1, 4])
def test_loss_and_gradient_equal_those_of_autograd(
    controller: Controller, layers: int, memory_start: MemoryStart, batch_size: int
) -> None:
    network, flat = make_flat(controller, layers, memory_start)
    batch = make_batch(batch_size)
    expected_nats = float(autograd_gradient_of(network, flat)(batch))
    expected = gradient(flat).clone()
    gradient(flat).fill_(float("nan"))

    nats = gradient_of(network, flat)(batch)

    assert nats == pytest.approx(expected_nats, rel=1e-13)
    assert float((gradient(flat) - expected).norm() / expected.norm()) < 1e-13


@pytest.mark.parametrize("layers", [1, 2])
def test_an_entropy_penalty_changes_the_gradient_as_by_autograd(layers: int) -> None:
    network, flat = make_flat("lstm", layers, "each")
    batch = make_batch(4)
    autograd_gradient_of(network, flat)(batch)
    without = gradient(flat).clone()
    autograd_gradient_of(network, flat, 0.3)(batch)
    expected = gradient(flat).clone()
    assert not torch.allclose(without, expected)

    gradient_of(network, flat, 0.3)(batch)

    assert float((gradient(flat) - expected).norm() / expected.norm()) < 1e-13


def test_an_ntm_on_a_cpu_goes_around_autograd_and_other_networks_do_not() -> None:
    network, flat = make_flat("lstm", 1, "each")

    assert isinstance(gradient_of(network, flat), NumbaGradient)
    network.backend = "reference"
    assert not isinstance(gradient_of(network, flat), NumbaGradient)


@pytest.mark.parametrize("scale", [0.1, 100.0])
def test_cross_entropy_and_its_gradient_are_those_of_torch(scale: float) -> None:
    batch = make_batch(4)
    logits = (torch.randn(batch.targets.shape, dtype=torch.float64) * scale).requires_grad_()
    expected = nats_per_sequence(logits, batch)
    expected.backward()
    found = torch.full_like(batch.targets, float("nan"))

    nats = cross_entropy(
        logits.detach().numpy(), batch.targets.numpy(), batch.target_mask.numpy(), found.numpy()
    )

    assert nats == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(found, logits.grad, rtol=1e-12, atol=1e-15)


def test_a_long_gradient_gets_the_norm_and_a_short_one_stays() -> None:
    long, short = torch.tensor([30.0, 40.0]), torch.tensor([3.0, 4.0])

    clip_norm(long.numpy(), 10.0)
    clip_norm(short.numpy(), 10.0)

    torch.testing.assert_close(long, torch.tensor([6.0, 8.0]))
    assert short.tolist() == [3.0, 4.0]


def test_the_update_is_the_one_of_graves_2013() -> None:
    parameter, square, mean, update, slope = torch.randn(5, 6, dtype=torch.float64)
    square = mean**2 + square.abs() + 1e-3  # a variance is positive
    n = 0.95 * square + 0.05 * slope**2
    m = 0.95 * mean + 0.05 * slope
    d = 0.9 * update - 1e-3 * slope / (n - m**2 + 1e-4) ** 0.5
    expected = [parameter + d, n, m, d]

    averages = (square.numpy(), mean.numpy(), update.numpy())
    graves_update(parameter.numpy(), slope.numpy(), tuple(averages), (1e-3, 0.95, 0.9, 1e-4))

    for found, wanted in zip((parameter, square, mean, update), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-15)
