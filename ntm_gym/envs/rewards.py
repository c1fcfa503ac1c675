"""What an action is worth: the one reward rule, for single and vector environments."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ntm_gym.envs.actions import check_actions

RewardKind = Literal["bits", "exact", "episode", "log_score"]

_LEAST_SCORED_PROBABILITY = 2.0**-10
"""A probability given to a target bit counts as at least this in the log score."""


def check_reward(reward: str, action: str) -> None:
    """Check that a kind of reward exists and fits the kind of action.

    Raises:
        ValueError: If it does not.
    """
    if reward not in get_args(RewardKind):
        raise ValueError(f"reward must be one of {get_args(RewardKind)}, not {reward!r}")
    if reward == "log_score" and action != "probability":
        raise ValueError(f"reward 'log_score' needs action 'probability', not {action!r}")


def reward_of(
    kind: str,
    actions: NDArray[Any],
    targets: NDArray[np.int8],
    right: Any,
    scored: Any,
    won: Any,
) -> Any:
    """Return the reward of a step, in one environment or in many.

    Args:
        kind: One of `RewardKind`.
        actions: Shape ``(O,)`` or ``(N, O)``.
        targets: The same shape.
        right: Right bits, zero where nothing is scored: a number, or shape ``(N,)``.
        scored: Whether the step is scored: a bool, or shape ``(N,)``.
        won: Whether the episode ends with this step and all of it was right, likewise.
    """
    size = targets.shape[-1]
    if kind == "bits":
        return right / size
    if kind == "exact":
        return right == size
    if kind == "episode":
        return won
    return scored * log_score(actions, targets)


def check_and_count_right(action: Any, target: NDArray[np.int8]) -> int:
    """Check one action and count its right bits: `count_right` for a single environment.

    Args:
        action: Bits, shape ``(O,)``.
        target: Shape ``(O,)``.

    Raises:
        ValueError: If the action does not fit.
    """
    if (
        type(action) is not np.ndarray
        or action.shape != target.shape
        or action.dtype.char not in "bB?"
    ):
        action = check_actions(action, target.shape, "bits")
    octets = action.tobytes()
    if octets.strip(b"\0\1"):
        check_actions(action, target.shape, "bits")
    wrong = int.from_bytes(octets, "little") ^ int.from_bytes(target.tobytes(), "little")
    return len(target) - wrong.bit_count()


def count_right(actions: NDArray[Any], targets: NDArray[np.int8]) -> NDArray[np.int64]:
    """Count right bits; a probability stands for one if it exceeds one half.

    Args:
        actions: Bits or probabilities, shape ``(…, O)``.
        targets: Shape ``(…, O)``.

    Returns:
        Shape ``(…,)``.
    """
    bits = actions if actions.dtype == np.int8 else (actions > 0.5).view(np.int8)
    right = (bits == targets).astype(np.float32)
    return np.asarray(right.dot(_ones(right.shape[-1])), np.int64)


@cache
def _ones(size: int) -> NDArray[np.float32]:
    return np.ones(size, np.float32)


def log_score(
    probabilities: NDArray[np.float64], targets: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Score probabilities: 1 is certain and right, 0 a fair coin, and honesty pays best.

    Args:
        probabilities: That each bit is one, shape ``(…, O)``.
        targets: Shape ``(…, O)``.

    Returns:
        One plus the mean log2 of the probability given to the target bits, ``(…,)``.
    """
    given = np.where(targets == 1, probabilities, 1 - probabilities)
    return np.asarray(1 + np.log2(np.maximum(given, _LEAST_SCORED_PROBABILITY)).mean(-1))
