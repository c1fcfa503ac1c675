"""The silent agent: zeros, and no probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Task


class SilentAgent:
    """Predicts zeros and gives no probabilities.

    Args:
        task: The task it will play.
    """

    def __init__(self, task: Task) -> None:
        self._output_size = task.output_size

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Return zeros."""
        return np.zeros((len(observation), self._output_size), np.int8), state
