"""The oracle: the ceiling of every table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.reference_agents.solvers import find_solver
from ntm_gym.tasks import Task


class OracleAgent:
    """Remembers everything and answers as well as can be.

    Args:
        task: The task it will play.

    Raises:
        ValueError: If the task has no solver.
    """

    def __init__(self, task: Task) -> None:
        """Find the task's solver."""
        self.predict_sequences = find_solver(task)

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Answer one step; the state is all that each environment has shown so far."""
        if state is None:
            state = [np.empty((0, observation.shape[1]), np.float32)] * len(observation)
        begins = np.zeros(len(observation), bool) if episode_start is None else episode_start
        histories = [
            np.concatenate([history[:0] if begin else history, shown[None]])
            for history, begin, shown in zip(state, begins, observation, strict=True)
        ]
        answers = [self.predict_sequences(history[None])[0, -1] for history in histories]
        return np.array(answers), histories

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Answer one step with the likelier bits; the oracle never guesses."""
        probabilities, state = self.predict_probabilities(observation, state, episode_start)
        return (probabilities > 0.5).astype(np.int8), state
