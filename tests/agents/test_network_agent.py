"""A network as an agent: step by step and whole sequences are the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ntm_agents import NTM, NetworkAgent, NTMConfig
from ntm_baselines import LSTM, LSTMConfig


def networks() -> list[nn.Module]:
    torch.manual_seed(0)
    small: dict[str, Any] = {"memory_size": 6, "word_size": 4}
    return [
        NTM(NTMConfig(3, 2, "feedforward", **small)),
        NTM(NTMConfig(3, 2, "lstm", **small)),
        LSTM(LSTMConfig(3, 2, hidden_size=5, num_layers=2)),
    ]


@pytest.mark.parametrize("network", networks(), ids=["ntm-ff", "ntm-lstm", "lstm"])
def test_playing_step_by_step_gives_the_probabilities_of_whole_sequences(
    network: nn.Module,
) -> None:
    agent = NetworkAgent(network)
    inputs = np.random.default_rng(0).normal(size=(4, 7, 3)).astype(np.float32)
    state, stepped = None, []
    for t in range(7):
        probabilities, state = agent.predict_probabilities(inputs[:, t], state)
        stepped.append(probabilities)

    whole = agent.predict_sequences(inputs)

    np.testing.assert_allclose(np.stack(stepped, axis=1), whole, rtol=1e-4)


@pytest.mark.parametrize("network", networks(), ids=["ntm-ff", "ntm-lstm", "lstm"])
def test_an_episode_start_forgets_the_last_episode(network: nn.Module) -> None:
    agent = NetworkAgent(network)
    inputs = np.random.default_rng(0).normal(size=(2, 3)).astype(np.float32)
    fresh, _ = agent.predict_probabilities(inputs)
    _, state = agent.predict_probabilities(inputs)

    second, _ = agent.predict_probabilities(inputs, state, np.array([True, False]))

    np.testing.assert_allclose(second[0], fresh[0], rtol=1e-6)
    assert np.abs(second[1] - fresh[1]).max() > 1e-6


def test_deterministic_actions_are_the_likelier_bits() -> None:
    agent = NetworkAgent(networks()[0])
    observation = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)

    bits, _ = agent.predict(observation)
    probabilities, _ = agent.predict_probabilities(observation)

    np.testing.assert_array_equal(bits, probabilities > 0.5)


def test_drawn_actions_follow_the_probabilities() -> None:
    agent = NetworkAgent(networks()[0])
    observation = np.tile(np.array([1, 0, -1], np.float32), (4000, 1))
    torch.manual_seed(0)

    bits, _ = agent.predict(observation, deterministic=False)
    probabilities, _ = agent.predict_probabilities(observation)

    np.testing.assert_allclose(bits.mean(0), probabilities[0], atol=0.04)


class LargeState(nn.Module):
    """Carries 2**23 numbers a sequence, and notes how many sequences it plays at once."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
        self.batches: list[int] = []

    def initial_state(self, batch_size: int) -> torch.Tensor:
        return self.weight.expand(batch_size, 2**23)

    def forward(
        self, inputs: torch.Tensor, state: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        self.batches.append(len(inputs))
        return inputs * self.weight, self.initial_state(len(inputs))


def test_a_network_with_a_large_state_plays_fewer_sequences_at_once() -> None:
    network = LargeState()

    answers = NetworkAgent(network).predict_sequences(np.zeros((5, 3, 2), np.float32))

    assert answers.shape == (5, 3, 2)
    assert network.batches == [2, 2, 1]


def test_an_agent_says_how_large_its_network_is() -> None:
    ntm = NTM(NTMConfig(3, 2, memory_size=5, word_size=4, controller_size=6))

    sizes = NetworkAgent(ntm).measure()

    assert sizes.parameters == sum(each.numel() for each in ntm.parameters())
    assert sizes.memory_size == 5
    assert sizes.state_numbers == 5 * 4 + 2 * 5 + 4
