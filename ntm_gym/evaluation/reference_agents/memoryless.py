"""The memoryless agent: the best that can be said of the present observation alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import Task
from ntm_gym.tasks.keyed_random import derive_keys

_MEMORYLESS = 3


class MemorylessAgent:
    """Predicts as well as can be from the current observation, and keeps nothing before it.

    The best such prediction is the mean of the targets that an observation stands beside,
    taken here over sampled episodes.

    Args:
        task: The task it will play.
        episodes: How many episodes to take the means over.
    """

    def __init__(self, task: Task, episodes: int = 5_000) -> None:
        sample = task.sample(derive_keys(0, _MEMORYLESS, 0, episodes))
        observations = sample.inputs[sample.target_mask]
        targets = sample.targets[sample.target_mask]
        seen, groups = np.unique(observations, axis=0, return_inverse=True)
        groups = groups.reshape(-1)
        sums = np.zeros((len(seen), task.output_size))
        np.add.at(sums, groups, targets)
        means = sums / np.bincount(groups)[:, None]
        self._means = dict(zip((row.tobytes() for row in seen), means, strict=True))
        self._unseen = targets.mean(0)

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean target beside each observation."""
        flat = np.ascontiguousarray(inputs.reshape(-1, inputs.shape[-1]))
        probabilities = [self._means.get(row.tobytes(), self._unseen) for row in flat]
        return np.array(probabilities).reshape(*inputs.shape[:2], -1)

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Return the mean target beside each observation; there is no state."""
        return self.predict_sequences(observation[:, None])[:, 0], state

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Predict the likelier bits."""
        probabilities, state = self.predict_probabilities(observation, state)
        return (probabilities > 0.5).astype(np.int8), state
