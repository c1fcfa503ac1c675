"""How long an episode may be, as Gymnasium's users give it and read it."""

from __future__ import annotations

import copy
from typing import Any

from gymnasium.envs.registration import EnvSpec

from ntm_gym.scalars import as_integer, in_short


def as_limit(max_episode_steps: Any) -> int | None:
    """Check a limit as `gymnasium.make` and its wrapper ``TimeLimit`` do.

    Args:
        max_episode_steps: Steps, at least one; None or -1 for no limit.

    Returns:
        Steps, or None.

    Raises:
        TypeError: If it is not an integer.
        ValueError: If it is not positive.
    """
    if max_episode_steps is None:
        return None
    limit = as_integer(max_episode_steps)
    if limit is None:
        raise TypeError(
            f"max_episode_steps must be an integer, not {in_short(max_episode_steps)}"
        )
    if limit < 1 and limit != -1:
        raise ValueError(f"max_episode_steps must be positive, not {limit}")
    return None if limit == -1 else limit


def with_limit(spec: EnvSpec | None, max_episode_steps: int) -> EnvSpec | None:
    """Return a specification that says how long an episode can be, where it does not yet."""
    if spec is None or spec.max_episode_steps is not None:
        return spec
    limited = copy.deepcopy(spec)
    limited.max_episode_steps = max_episode_steps
    return limited
