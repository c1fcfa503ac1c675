"""One of this package's environments by its id, without wrappers."""

from __future__ import annotations

import gymnasium

from ntm_gym.envs.rendering import RENDER_MODES
from ntm_gym.envs.sequence_env import SequenceEnv


def make_env(env_id: str, render_mode: str | None = None) -> SequenceEnv:
    """Make one of this package's environments, without wrappers.

    Args:
        env_id: A registered environment.
        render_mode: See `SequenceEnv`.

    Raises:
        ValueError: If there is no such environment.
        ModuleNotFoundError: If a window is asked for and pygame is not installed.
    """
    if render_mode == "human" and "human" not in RENDER_MODES:
        raise ModuleNotFoundError("a window needs pygame", name="pygame")
    try:
        env = gymnasium.make(env_id).unwrapped
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise ValueError(f"{env_id!r} must be a registered environment: {error}") from error
    if not isinstance(env, SequenceEnv):
        raise ValueError(f"{env_id!r} must be an environment of ntm-gym")
    if render_mode is not None:
        env = gymnasium.make(env_id, render_mode=render_mode).unwrapped
        assert isinstance(env, SequenceEnv)
    return env
