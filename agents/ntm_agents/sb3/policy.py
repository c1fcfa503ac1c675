"""The NTM as a policy of ``sb3_contrib.RecurrentPPO``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast, get_args

import torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from sb3_contrib.common.recurrent.type_aliases import RNNStates
from stable_baselines3.common.torch_layers import CombinedExtractor
from stable_baselines3.common.type_aliases import Schedule
from torch import Tensor

from ntm_agents.kernels.dispatch import Backend
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.sb3.packing import PackedNTM, PackedState

Critic = Literal["shared", "separate", "feedforward"]


class NTMPolicy(RecurrentActorCriticPolicy):
    """Actor and critic on a Neural Turing Machine; stock ``RecurrentPPO(NTMPolicy, env)``.

    Without a ``net_arch`` the machine's features go straight to the action net, so that the
    policy computes what a supervised `NTM` with the same weights does.

    Args:
        observation_space: The observations; the parts of a Dict go through
            ``CombinedExtractor``, unless another extractor is given.
        action_space: The actions.
        lr_schedule: Learning rate over the run.
        ntm_kwargs: Fields of `NTMConfig` but ``input_size`` and ``output_size``.
        critic: ``"shared"``: on the actor's features, without a gradient to them;
            ``"separate"``: a machine of its own; ``"feedforward"``: without memory.
        backend: See `NTM`.
        net_arch: Layers between features and heads; none by default.
        **kwargs: Of ``RecurrentActorCriticPolicy``.

    Raises:
        ValueError: If the kind of critic is unknown or a size is impossible.
    """

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        ntm_kwargs: Mapping[str, Any] | None = None,
        critic: Critic = "shared",
        backend: Backend = "auto",
        net_arch: list[int] | dict[str, list[int]] | None = None,
        **kwargs: Any,
    ) -> None:
        if critic not in get_args(Critic):
            raise ValueError(f"critic must be one of {get_args(Critic)}, not {critic!r}")
        if isinstance(observation_space, spaces.Dict):
            kwargs.setdefault("features_extractor_class", CombinedExtractor)
        sizes = NTMConfig(input_size=1, output_size=1, **(ntm_kwargs or {}))
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            net_arch=net_arch or [],
            lstm_hidden_size=sizes.controller_size + sizes.read_size,
            shared_lstm=critic == "shared",
            enable_critic_lstm=critic == "separate",
            **kwargs,
        )
        self.ntm_kwargs, self.critic_kind, self.backend = (
            dict(ntm_kwargs or {}),
            critic,
            backend,
        )
        config = NTMConfig(
            input_size=self.features_dim,
            output_size=spaces.utils.flatdim(action_space),
            **self.ntm_kwargs,
        )
        self.lstm_actor = cast(Any, PackedNTM(config, backend))
        if critic == "separate":
            self.lstm_critic = cast(Any, PackedNTM(config, backend))
        self.lstm_hidden_state_shape = (1, 1, self.lstm_actor.hidden_size)
        self.optimizer = self.optimizer_class(
            self.parameters(),
            lr=lr_schedule(1),  # type: ignore[call-arg]
            **self.optimizer_kwargs,
        )

    @staticmethod
    def _process_sequence(  # type: ignore[override]
        features: Tensor, lstm_states: PackedState, episode_starts: Tensor, lstm: Any
    ) -> tuple[Tensor, PackedState]:
        """Run machine ``lstm`` over sequences that lie one behind the other."""
        num_sequences = lstm_states[0].shape[1]
        outputs, states = lstm(
            features.reshape(num_sequences, -1, lstm.input_size),
            lstm_states,
            episode_starts.reshape(num_sequences, -1),
        )
        return outputs.flatten(0, 1), states

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
            "ntm_kwargs": self.ntm_kwargs,
            "critic": self.critic_kind,
            "backend": self.backend,
        }
