"""What an answer is worth: action spaces, reward kinds, and their checks."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

ActionKind = Literal["bits", "probability"]
RewardKind = Literal["bits", "exact", "episode", "log_score"]

LEAST_PROBABILITY = 2.0**-10
"""A probability given to a target bit counts as at least this in the log score."""


def make_action_space(action: str, output_size: int) -> spaces.Space[Any]:
    """Return the space of the answers to one step.

    Args:
        action: One of `ActionKind`.
        output_size: Bits of an answer (O).

    Raises:
        ValueError: If there is no such kind of action.
    """
    if action == "bits":
        return spaces.MultiBinary(output_size)
    if action == "probability":
        return spaces.Box(0.0, 1.0, (output_size,), np.float32)
    raise ValueError(f"action must be one of {get_args(ActionKind)}, not {action!r}")


def check_reward(reward: str, action: str) -> None:
    """Check that a kind of reward exists and fits the kind of action.

    Raises:
        ValueError: If it does not.
    """
    if reward not in get_args(RewardKind):
        raise ValueError(f"reward must be one of {get_args(RewardKind)}, not {reward!r}")
    if reward == "log_score" and action != "probability":
        raise ValueError(f"reward 'log_score' needs action 'probability', not {action!r}")


def check_answers(answers: Any, shape: tuple[int, ...], action: str) -> NDArray[Any]:
    """Check actions and return them as an array.

    Args:
        answers: Bits of any real dtype (Stable-Baselines3 sends float32), or probabilities.
        shape: The shape they must have.
        action: One of `ActionKind`.

    Returns:
        int8 bits or float64 probabilities.

    Raises:
        ValueError: If shape, dtype or a value does not fit.
    """
    array = np.asarray(answers)
    if array.shape != shape:
        raise ValueError(f"an action must have shape {shape}, not {array.shape}")
    if action == "bits":
        return _check_bits(array)
    if not ((array >= 0) & (array <= 1)).all():
        wrong = array[~((array >= 0) & (array <= 1))][0]
        raise ValueError(f"an action must hold probabilities from 0 to 1, not {wrong}")
    return array.astype(np.float64)


def _check_bits(array: NDArray[Any]) -> NDArray[np.int8]:
    if array.dtype == np.bool_:
        return array.view(np.int8)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"an action must be of real numbers, not {array.dtype}")
    if array.dtype.kind == "f":
        fits = ((array == 0) | (array == 1)).all()
    else:
        fits = array.view(f"u{array.itemsize}").max() <= 1  # negative ones are large
    if not fits:
        wrong = array[(array != 0) & (array != 1)][0]
        raise ValueError(f"an action must hold zeros and ones only, not {wrong}")
    return array if array.dtype == np.int8 else array.astype(np.int8)


def score_bits(action: Any, target: NDArray[np.int8]) -> int:
    """Check one answer and count its right bits, without numpy where that is faster.

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
        action = check_answers(action, target.shape, "bits")
    octets = action.tobytes()
    if octets.strip(b"\0\1"):
        check_answers(action, target.shape, "bits")
    wrong = int.from_bytes(octets, "little") ^ int.from_bytes(target.tobytes(), "little")
    return len(target) - wrong.bit_count()


def count_right(answers: NDArray[Any], targets: NDArray[np.int8]) -> NDArray[np.int64]:
    """Count right bits; a probability answers one if it exceeds one half.

    Args:
        answers: Shape ``(…, O)``.
        targets: Shape ``(…, O)``.

    Returns:
        Shape ``(…,)``.
    """
    bits = answers if answers.dtype == np.int8 else (answers > 0.5).view(np.int8)
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
    return np.asarray(1 + np.log2(np.maximum(given, LEAST_PROBABILITY)).mean(-1))
