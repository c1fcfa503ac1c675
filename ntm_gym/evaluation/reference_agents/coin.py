"""The coin: one bit for every bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Task


class CoinAgent:
    """Gives every bit one half: costs exactly one bit for each target bit.

    Args:
        task: The task it will play.
        seed: Of the coin that decides when actions are drawn.
    """

    def __init__(self, task: Task, seed: int = 0) -> None:
        self._output_size = task.output_size
        self._rng = np.random.default_rng(seed)

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return one half for every bit of every step."""
        return np.full((*inputs.shape[:2], self._output_size), 0.5)

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Return one half for every bit."""
        return np.full((len(observation), self._output_size), 0.5), state

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Return zeros, the likelier bit being neither, or flips of the coin."""
        shape = (len(observation), self._output_size)
        bits = np.zeros(shape) if deterministic else self._rng.integers(0, 2, shape)
        return bits.astype(np.int8), state
