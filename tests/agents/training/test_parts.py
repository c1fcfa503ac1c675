"""Optimizer, clipping, loss, sampling and schedule, each against an independent reference."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ntm_agents.training import flat_parameters
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.losses import BITS_PER_NAT, nats_per_sequence
from ntm_agents.training.optimizer import GravesRMSProp
from ntm_agents.training.sampling import Batch, TrainingSequences, to_batch
from ntm_gym.tasks import Copy
from ntm_gym.tasks.keyed_random import derive_keys

CPU = torch.device("cpu")


def test_rmsprop_is_that_of_graves_2013() -> None:
    gradients = np.random.default_rng(0).normal(size=(20, 5))
    theta, n, m, d = np.zeros((4, 5))
    for g in gradients:
        n = 0.95 * n + 0.05 * g**2
        m = 0.95 * m + 0.05 * g
        d = 0.9 * d - 1e-4 * g / np.sqrt(n - m**2 + 1e-4)
        theta = theta + d

    parameter = nn.Parameter(torch.zeros(5, dtype=torch.float64))
    optimizer = GravesRMSProp([parameter], lr=1e-4)
    for g in gradients:
        parameter.grad = torch.from_numpy(g)
        optimizer.step()

    np.testing.assert_allclose(parameter.detach(), theta, rtol=1e-12)


def test_flat_parameters_share_memory_with_the_network() -> None:
    network = nn.Linear(3, 2)
    before = [parameter.detach().clone() for parameter in network.parameters()]
    flat = FlatParameters(network)
    assert flat.vector.grad is not None

    network(torch.ones(1, 3)).sum().backward()
    with torch.no_grad():
        flat.vector.sub_(flat.vector.grad)

    for parameter, old, gradient in zip(
        network.parameters(), before, (torch.ones(2, 3), torch.ones(2)), strict=True
    ):
        assert torch.equal(parameter, old.sub(gradient))


@pytest.mark.parametrize(("max_norm", "expected"), [(1.0, [0.6, 0.8]), (10.0, [3.0, 4.0])])
def test_long_gradients_are_scaled_down_and_short_ones_kept(
    max_norm: float, expected: list[float]
) -> None:
    flat = FlatParameters(nn.Linear(2, 1, bias=False))
    flat.vector.grad = torch.tensor([3.0, 4.0])

    flat.clip_gradient_norm(max_norm)

    torch.testing.assert_close(flat.vector.grad, torch.tensor(expected))


@pytest.mark.parametrize("backend", ["numba", "torch"])
def test_gradients_that_are_not_finite_become_zero(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend == "torch":
        monkeypatch.setattr(flat_parameters, "training_kernels", lambda: None)
    flat = FlatParameters(nn.Linear(2, 1, bias=False))
    flat.vector.grad = torch.tensor([3.0, float("inf")])

    flat.clip_gradient_norm(1.0)

    assert flat.vector.grad.tolist() == [0.0, 0.0]


def test_gradients_whose_squares_overflow_are_scaled_down_too() -> None:
    flat = FlatParameters(nn.Linear(2, 1, bias=False))
    flat.vector.grad = torch.tensor([3e30, 4e30])

    flat.clip_gradient_norm(1.0)

    torch.testing.assert_close(flat.vector.grad, torch.tensor([0.6, 0.8]))


def test_gradient_components_are_clipped_one_by_one() -> None:
    flat = FlatParameters(nn.Linear(3, 1, bias=False))
    flat.vector.grad = torch.tensor([-12.0, 4.0, 10.5])
    flat.clip_gradient_components(10.0)
    torch.testing.assert_close(flat.vector.grad, torch.tensor([-10.0, 4.0, 10.0]))


def test_a_fair_coin_costs_a_bit_for_each_scored_bit() -> None:
    episodes = Copy(num_bits=3).sample(derive_keys(0, 0, 0, 8))
    batch = to_batch(episodes, CPU)

    nats = nats_per_sequence(torch.zeros_like(batch.targets), batch)

    expected = 3 * episodes.target_mask.sum() / 8
    assert nats.item() * BITS_PER_NAT == pytest.approx(expected)


def test_the_loss_is_the_cross_entropy_of_scored_bits_only() -> None:
    logits = torch.tensor([[[0.3], [-1.2], [2.0]]])
    batch = Batch(
        torch.zeros(1, 3, 1),
        torch.tensor([[[1.0], [0.0], [1.0]]]),
        torch.tensor([[[0.0], [1.0], [1.0]]]),
    )

    nats = nats_per_sequence(logits, batch).item()

    def probability(logit: float) -> float:
        return float(1 / (1 + np.exp(-logit)))

    expected = -np.log(1 - probability(-1.2)) - np.log(probability(2.0))
    assert nats == pytest.approx(expected)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_training_sequences_depend_on_seed_and_position_alone(batch_size: int) -> None:
    task = Copy(num_bits=2, max_length=4)
    straight = TrainingSequences(task, 5, batch_size, CPU)
    jumping = TrainingSequences(task, 5, batch_size, CPU)
    for start in (0, 3, 6):
        straight.batch(start)
    start = 4095 * batch_size

    batch, jumped = straight.batch(start), jumping.batch(start)

    expected = task.sample(derive_keys(5, 0, start, batch_size))
    for field, other, array in zip(batch, jumped, to_batch(expected, CPU), strict=True):
        assert torch.equal(field, other)
        assert torch.equal(field, array)


def test_the_rate_is_constant_and_then_falls_to_zero() -> None:
    config = TrainingConfig(sequences=100, report_every=10, decay_fraction=0.25)

    rates = [config.learning_rate_at(done) / 1e-4 for done in (0, 75, 80, 99)]

    np.testing.assert_allclose(rates, [1, 1, 0.8, 0.04])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sequences": 0}, "sequences must be at least 1, not 0"),
        ({"batch_size": 7}, "sequences must be a multiple of batch_size 7"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive, not nan"),
        ({"decay_fraction": 1.5}, "decay_fraction must lie between 0 and 1, not be 1.5"),
        ({"seed": -1}, "seed must lie between 0"),
        ({"weight_noise": 0.0}, "weight_noise must be positive, not 0.0"),
        ({"augmentation": 1.5}, "augmentation must be at most 1, not 1.5"),
    ],
)
def test_impossible_configurations_are_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**changes)  # type: ignore[arg-type]
