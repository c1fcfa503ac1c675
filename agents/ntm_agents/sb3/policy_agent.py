"""Any recurrent policy as an agent of the shared harness."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.distributions import BernoulliDistribution


class PolicyAgent:
    """Plays with a policy over bits; costs come from its own probabilities.

    Args:
        policy: Of a MultiBinary action space.
    """

    def __init__(self, policy: RecurrentActorCriticPolicy) -> None:
        self.policy = policy

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Answer one step with bits; see `ntm_gym.evaluation.agent.Agent`."""
        action, state = self.policy.predict(observation, state, episode_start, deterministic)
        return action.astype(np.int8), state

    @torch.no_grad()
    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Answer one step with the probability that each bit is one."""
        self.policy.set_training_mode(False)
        batch, device = len(observation), self.policy.device
        if state is None:
            layers, _, size = self.policy.lstm_hidden_state_shape
            state = (torch.zeros(layers, batch, size, device=device),) * 2
        starts = np.zeros(batch) if episode_start is None else episode_start
        distribution, state = self.policy.get_distribution(
            torch.as_tensor(observation, device=device),
            state,
            torch.as_tensor(starts, dtype=torch.float32, device=device),
        )
        assert isinstance(distribution, BernoulliDistribution)
        return distribution.distribution.probs.double().cpu().numpy(), state
