"""What is measured. Bits of cost and wrong bits are different things and never mixed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.envs.rewards import count_right

LEAST_PROBABILITY = 2.0**-52
"""A probability given to a target bit counts as at least this: no bit costs more than 52."""


def cost_in_bits(
    probabilities: NDArray[np.float64], targets: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Return the cross-entropy of each action.

    Args:
        probabilities: That each bit is one, shape ``(…, O)``.
        targets: Shape ``(…, O)``.

    Returns:
        Sum over the bits of -log2 of the probability given to the target bit, ``(…,)``.

    Example:
        >>> float(cost_in_bits(np.full((8,), 0.5), np.ones(8, np.int8)))
        8.0
    """
    given = np.where(targets == 1, probabilities, 1 - probabilities)
    return np.asarray(-np.log2(np.maximum(given, LEAST_PROBABILITY)).sum(-1))


def wrong_bits(actions: NDArray[Any], targets: NDArray[np.int8]) -> NDArray[np.int64]:
    """Return the Hamming distance of each action to its target.

    Args:
        actions: Bits, or probabilities that stand for one above one half, shape ``(…, O)``.
        targets: Shape ``(…, O)``.

    Returns:
        Shape ``(…,)``.
    """
    return np.asarray(targets.shape[-1] - count_right(actions, targets))
