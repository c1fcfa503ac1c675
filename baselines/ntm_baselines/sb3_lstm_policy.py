"""The LSTM that the NTM policy is compared with: RecurrentPPO's own, two defects mended."""

from __future__ import annotations

from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.torch_layers import CombinedExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor


class LSTMPolicy(RecurrentActorCriticPolicy):
    """``MlpLstmPolicy`` that also takes bits as actions and can be saved by itself.

    Args:
        observation_space: The observations; the parts of a Dict go through
            ``CombinedExtractor``, unless another extractor is given.
        action_space: The actions.
        lr_schedule: Learning rate over the run.
        **kwargs: Of ``RecurrentActorCriticPolicy``.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        **kwargs: Any,
    ) -> None:
        if isinstance(observation_space, spaces.Dict):
            kwargs.setdefault("features_extractor_class", CombinedExtractor)
        super().__init__(observation_space, action_space, lr_schedule, **kwargs)

    def evaluate_actions(  # type: ignore[override]
        self,
        obs: Tensor,
        actions: Tensor,
        lstm_states: RNNStates,
        episode_starts: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return values, log-probabilities and entropies of actions taken.

        Recurrent buffers give bits back as int8, which torch's Bernoulli refuses.
        """
        if isinstance(self.action_space, spaces.MultiBinary):
            actions = actions.to(torch.float32)
        return super().evaluate_actions(obs, actions, lstm_states, episode_starts)

    def _get_constructor_parameters(self) -> dict[str, Any]:
        return super()._get_constructor_parameters() | {
            "lstm_hidden_size": self.lstm_output_dim,
            "n_lstm_layers": self.lstm_actor.num_layers,
            "shared_lstm": self.shared_lstm,
            "enable_critic_lstm": self.enable_critic_lstm,
            "lstm_kwargs": self.lstm_kwargs,
        }
