"""What the tasks' solvers have in common."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def first_steps(channel: NDArray[np.float32], count: int) -> list[tuple[int, ...]]:
    """Find the first steps at which a channel is not zero.

    Args:
        channel: One channel of an episode, shape ``(T,)``.
        count: How many.

    Returns:
        One tuple of so many steps; nothing if there are fewer.
    """
    steps = tuple(np.flatnonzero(channel)[:count].tolist())
    return [steps] if len(steps) == count else []


def answer_from(answers: NDArray[np.float64], start: int, vectors: NDArray[Any]) -> None:
    """Write answers from a step on, as far as there are steps.

    Args:
        answers: Of one episode, shape ``(T, O)``.
        start: The step of the first vector.
        vectors: Shape ``(V, O)``.
    """
    vectors = vectors[: max(0, len(answers) - start)]
    answers[start : start + len(vectors)] = vectors
