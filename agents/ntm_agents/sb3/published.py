"""Published policies of any kind: ``X.safetensors`` beside ``X.json`` that says what it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import safetensors.torch
from gymnasium import spaces
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from ntm_agents.blueprint import check_tensors, draw_with_numbers
from ntm_agents.checkpoints import (
    FORMAT,
    check_description,
    check_publishable,
    check_trusted,
    publish,
    read_description,
    read_weights,
)
from ntm_agents.files import encode_tensors
from ntm_agents.networks import find_by_name, reporting_failures
from ntm_gym.envs.sequence_env import SequenceEnv

TRUSTED_POLICIES = frozenset({"ntm_baselines.sb3_lstm_policy:LSTMPolicy"})
"""Policies that a file may name and the loader imports without being told to."""

_REQUIRED = {"format": int, "policy": str, "policy_kwargs": dict, "task": dict}


def name_of(policy: type[RecurrentActorCriticPolicy]) -> str:
    """Return ``package.module:class``."""
    return f"{policy.__module__}:{policy.__qualname__}"


def find_policy(name: str) -> type[RecurrentActorCriticPolicy]:
    """Import a recurrent policy.

    Args:
        name: ``package.module:class``, imported here: name only what you trust.

    Raises:
        ValueError: If there is no recurrent policy of this name.
    """
    policy = find_by_name("policy", name)
    if not (isinstance(policy, type) and issubclass(policy, RecurrentActorCriticPolicy)):
        raise ValueError(f"{name!r} must be a recurrent policy, not {policy!r}")
    return policy


def save_policy(
    path: Path, policy: RecurrentActorCriticPolicy, description: dict[str, Any]
) -> None:
    """Publish a policy's weights and what it takes to build it again.

    Args:
        path: Ends in ``.safetensors``; the description lies beside it.
        policy: Its parameters and buffers are written.
        description: Must hold ``policy_kwargs`` and ``task`` (``name`` and ``parameters``).

    Raises:
        ValueError: If the description lacks a field, or a weight is not finite; nothing is
            written then.
        OSError: If the files cannot be written; what was there before stays.
    """
    whole = {"format": FORMAT, "policy": name_of(type(policy)), **description}
    check_description(path, whole, _REQUIRED)
    check_publishable(str(path), policy)
    publish(path, encode_tensors(policy.state_dict()), whole)


def load_policy(
    path: Path, trusted: Collection[str] = TRUSTED_POLICIES, device: str = "cpu"
) -> tuple[RecurrentActorCriticPolicy, dict[str, Any]]:
    """Build a published policy.

    Args:
        path: The ``.safetensors`` file.
        trusted: Names of policies that may be imported and built.
        device: The device that the policy is put on.

    Returns:
        The policy in evaluation mode, and its description.

    Raises:
        ValueError: If a file is damaged or foreign, names a policy that is not trusted, or its
            weights are not that policy's; nothing larger than these is built.
    """
    description = read_description(path, _REQUIRED)
    name = description["policy"]
    check_trusted(path, "policy", name, trusted)
    content, file = read_weights(path)
    try:
        policy = draw_with_numbers(
            description["policy_kwargs"], file, lambda: _build(name, description)
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    check_tensors(str(path), name, policy, file)
    policy.load_state_dict(safetensors.torch.load(content))
    policy.to(device).set_training_mode(False)
    return policy, description


def _build(name: str, description: dict[str, Any]) -> RecurrentActorCriticPolicy:
    observation, action = _spaces(description["task"])
    with reporting_failures(f"policy {name!r} does not take its policy_kwargs"):
        return find_policy(name)(
            observation, action, lambda _: 0.0, **description["policy_kwargs"]
        )


def _spaces(task: dict[str, Any]) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    with reporting_failures("the description's task cannot be built"):
        env = SequenceEnv(task["name"], **task["parameters"])
    return env.observation_space, env.action_space
