"""The environments of a run: which can be learned, with which preset, and how they are made."""

from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium.vector import AutoresetMode

from ntm_agents.sb3.presets import PRESETS, PPOPreset
from ntm_agents.sb3.vec_env import SB3VectorEnv
from ntm_gym.evaluation.suites import Point
from ntm_gym.registration import register_environments

_OURS = "NTMCopy-v0"
_EPISODES_IN_ROLLOUT, _SEQUENCES_IN_BATCH = 2, 64


def make_sb3_env(env_id: str, num_envs: int, **arguments: Any) -> SB3VectorEnv:
    """Make a registered environment for Stable-Baselines3.

    For speed, information is given only where an episode ends.

    Args:
        env_id: For example ``"NTMCopySmall-v0"``.
        num_envs: Episodes played at once.
        **arguments: Of the environment.
    """
    register_environments()
    vector = gymnasium.make_vec(
        env_id,
        num_envs,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP,
        **arguments,
    )
    return SB3VectorEnv(vector, step_infos=False)


def env_point(env_id: str) -> Point:
    """Return the difficulty of a registered environment.

    Args:
        env_id: An id of ntm-gym, or one of a task registered with `register_environment`.

    Raises:
        ValueError: If it is not registered, is none of ntm-gym's environments, or its actions
            are not bits.
    """
    register_environments()
    try:
        spec = gymnasium.spec(env_id)
    except (gymnasium.error.Error, ImportError) as error:
        raise ValueError(
            f"the environment must be registered, not {env_id!r}: {error}"
        ) from error
    if spec.entry_point != gymnasium.spec(_OURS).entry_point:
        raise ValueError(
            f"the environment must be one of ntm-gym's, whose held-out episodes are known, not "
            f"{env_id!r}; learn others in Python, with ntm_agents.sb3"
        )
    arguments = dict(spec.kwargs)
    action = arguments.pop("action", "bits")
    if action != "bits":
        raise ValueError(f"the environment's actions must be bits, not {action!r}")
    for name in ("reward", "render_mode", "autoreset_mode"):
        arguments.pop(name, None)
    return Point(env_id, arguments.pop("task", "copy"), arguments)


def preset_for(env_id: str) -> PPOPreset:
    """Return the preset of an id, or untuned numbers for one that has none.

    Without a preset a rollout spans at least two of the longest episodes, and a batch holds 64
    sequences.

    Raises:
        ValueError: See `env_point`.
    """
    point = env_point(env_id)
    if env_id in PRESETS:
        return PRESETS[env_id]
    standard = PPOPreset(env_id)
    longest: Any = point.make_task().max_steps
    n_steps = max(standard.n_steps, _EPISODES_IN_ROLLOUT * longest)
    return PPOPreset(env_id, n_steps=n_steps, batch_size=_SEQUENCES_IN_BATCH * n_steps)
