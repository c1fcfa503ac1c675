"""The oracle: the ceiling of every table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Task


class OracleAgent:
    """Remembers everything and predicts as well as can be.

    Args:
        task: The task it will play.

    Raises:
        ValueError: If the task defines no `Task.solve`.
    """

    def __init__(self, task: Task) -> None:
        task.solve(np.zeros((0, 1, task.input_size), np.float32))
        self._task = task

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the best possible probabilities for whole episodes; see `Task.solve`."""
        return self._task.solve(inputs)

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Predict one step; the state is every environment's observations so far."""
        if state is None:
            state = [np.empty((0, observation.shape[1]), np.float32)] * len(observation)
        begins = np.zeros(len(observation), bool) if episode_start is None else episode_start
        histories = [
            np.concatenate([history[:0] if begin else history, current[None]])
            for history, begin, current in zip(state, begins, observation, strict=True)
        ]
        probabilities = [self.predict_sequences(history[None])[0, -1] for history in histories]
        return np.array(probabilities), histories

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Predict one step with the likelier bits; the oracle never guesses."""
        probabilities, state = self.predict_probabilities(observation, state, episode_start)
        return (probabilities > 0.5).astype(np.int8), state
