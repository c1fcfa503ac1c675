"""Agents whose scores are known: the ceiling and the floors of every table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_baselines.oracle import find_solver
from ntm_gym.tasks import Task
from ntm_gym.tasks.keyed_random import derive_keys

_MEMORYLESS = 3


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


class CoinAgent:
    """Gives every bit one half: costs exactly one bit for each bit it is asked.

    Args:
        task: The task it will play.
        seed: Of the coin that decides when actions are drawn.
    """

    def __init__(self, task: Task, seed: int = 0) -> None:
        """Take a coin."""
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


class SilentAgent:
    """Answers zeros and says nothing of how sure it is.

    Args:
        task: The task it will play.
    """

    def __init__(self, task: Task) -> None:
        """Remember the size of an answer."""
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


class MemorylessAgent:
    """Answers as well as can be from what is shown now, forgetting everything before.

    The best such answer to an observation is the mean of the targets that it stands beside,
    taken here over sampled episodes.

    Args:
        task: The task it will play.
        episodes: How many episodes to take the means over.
    """

    def __init__(self, task: Task, episodes: int = 5_000) -> None:
        """Take the means."""
        sample = task.sample(derive_keys(0, _MEMORYLESS, 0, episodes))
        observations = sample.inputs[sample.target_mask]
        targets = sample.targets[sample.target_mask]
        seen, groups = np.unique(observations, axis=0, return_inverse=True)
        groups = groups.reshape(-1)
        sums = np.zeros((len(seen), task.output_size))
        np.add.at(sums, groups, targets)
        means = sums / np.bincount(groups)[:, None]
        self._answers = dict(zip((row.tobytes() for row in seen), means, strict=True))
        self._unseen = targets.mean(0)

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the mean target beside each observation."""
        flat = np.ascontiguousarray(inputs.reshape(-1, inputs.shape[-1]))
        answers = [self._answers.get(row.tobytes(), self._unseen) for row in flat]
        return np.array(answers).reshape(*inputs.shape[:2], -1)

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
        """Answer with the likelier bits."""
        probabilities, state = self.predict_probabilities(observation, state)
        return (probabilities > 0.5).astype(np.int8), state


REFERENCE_AGENTS = {
    "oracle": OracleAgent,
    "memoryless": MemorylessAgent,
    "coin": CoinAgent,
    "silent": SilentAgent,
}
