"""Noise on the weights is what it says, and only while a gradient is computed."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from ntm_agents.networks import build_network
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.learner import Learner
from ntm_agents.training.sampling import TrainingSequences, weight_noise

CONFIG = TrainingConfig(
    task_parameters={"num_bits": 2, "max_length": 2},
    network_options={"controller_size": 8, "memory_size": 6, "word_size": 4},
    weight_noise=0.05,
)
CPU = torch.device("cpu")


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    noise = weight_noise(CONFIG, 7, torch.zeros(100_000))

    assert noise is not None
    assert noise.mean().item() == pytest.approx(0, abs=1e-3)
    assert noise.std().item() == pytest.approx(0.05, rel=0.02)


def test_noise_depends_on_seed_and_position_alone() -> None:
    parameters = torch.zeros(50)
    first, again = (weight_noise(CONFIG, 7, parameters) for _ in range(2))
    later = weight_noise(CONFIG, 8, parameters)
    other = weight_noise(dataclasses.replace(CONFIG, seed=2), 7, parameters)

    assert first is not None
    assert again is not None
    assert later is not None
    assert other is not None
    assert torch.equal(first, again)
    assert not torch.equal(first, later)
    assert not torch.equal(first, other)


def test_no_noise_is_none() -> None:
    config = dataclasses.replace(CONFIG, weight_noise=None)
    assert weight_noise(config, 7, torch.zeros(50)) is None


def test_the_gradient_is_that_of_the_noisy_weights_and_the_update_that_of_the_clean_ones() -> (
    None
):
    torch.manual_seed(0)
    network = build_network(CONFIG.network, CONFIG.make_network_options())
    noisy = build_network(CONFIG.network, CONFIG.make_network_options())
    noisy.load_state_dict(network.state_dict())
    batch = TrainingSequences(CONFIG.make_task(), 1, 1, CPU).batch(0)
    learner, learner_of_noisy = (Learner(each, CONFIG, False) for each in (network, noisy))
    clean = learner.tensors["parameters"].clone()
    noise = weight_noise(CONFIG, 0, clean)
    assert noise is not None
    learner_of_noisy.tensors["parameters"].add_(noise)

    cost = learner.update(batch, 1e-4, noise)
    expected_cost = learner_of_noisy.update(batch, 1e-4)

    assert cost == pytest.approx(expected_cost)
    step = learner.tensors["parameters"] - clean
    torch.testing.assert_close(step, learner_of_noisy.tensors["update"])
    assert step.abs().max() < 0.05
