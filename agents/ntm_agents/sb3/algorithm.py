"""PPO with a recurrent policy, built of a preset."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from ntm_agents.networks import reporting_failures
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.sb3.environments import env_point, make_sb3_env
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.published import name_of
from ntm_agents.sb3.sequence_buffer import SequencePPO

_LARGEST_STATES = 2**28
_LARGEST_SEED = 2**32 - 1  # of numpy's global generator, which Stable-Baselines3 seeds


def build_algorithm(
    preset: PPOPreset,
    seed: int,
    policy: type[RecurrentActorCriticPolicy],
    policy_kwargs: dict[str, Any],
    device: torch.device,
) -> RecurrentPPO:
    """Return the algorithm, ready to learn.

    Args:
        preset: The run.
        seed: Of environments, weights and batches.
        policy: Kind of policy; any but `NTMPolicy` learns with stock ``RecurrentPPO``.
        policy_kwargs: Its arguments.
        device: Where to train.

    Raises:
        ValueError: If an argument is impossible, or a machine too large.
    """
    if not 0 <= seed <= _LARGEST_SEED:
        raise ValueError(f"seed must lie between 0 and {_LARGEST_SEED}, not be {seed}")
    env_point(preset.env_id)
    if issubclass(policy, NTMPolicy):
        _check_memory(preset.num_envs, policy_kwargs.get("ntm_kwargs") or {})
    env = make_sb3_env(preset.env_id, preset.num_envs)
    if isinstance(env.action_space, spaces.MultiBinary) and (
        policy.evaluate_actions is RecurrentActorCriticPolicy.evaluate_actions
    ):
        raise ValueError(
            f"policy {name_of(policy)} cannot learn bits, because of a defect of sb3-contrib; "
            f"ntm_baselines.sb3_lstm_policy:LSTMPolicy is that LSTM without it"
        )
    algorithm = SequencePPO if issubclass(policy, NTMPolicy) else RecurrentPPO
    what = f"policy {name_of(policy)} cannot be built with {policy_kwargs}"
    with reporting_failures(what), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that are refused right after
        return algorithm(
            policy,
            env,
            policy_kwargs=policy_kwargs,
            seed=seed,
            device=device,
            **preset.ppo_arguments(),
        )


def _check_memory(num_envs: int, ntm_kwargs: Mapping[str, Any]) -> None:
    """Refuse machines whose states for all environments would not fit."""
    config = NTMConfig(input_size=1, output_size=1, **ntm_kwargs)
    numbers = num_envs * (config.memory_size * config.word_size + config.controller_size)
    if numbers > _LARGEST_STATES:
        raise ValueError(
            f"the states of {num_envs} machines must not hold more than {_LARGEST_STATES:,} "
            f"numbers, but memory_size {config.memory_size}, word_size {config.word_size} and "
            f"controller_size {config.controller_size} make them hold {numbers:,}"
        )
