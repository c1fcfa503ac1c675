"""Episodes for many environments: sampled in blocks, read with one gather a step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.keyed_random import draw_keys

_NUMBERS_HELD = 2**24
_MOST_EPISODES_HELD = 32


class EpisodePool:
    """Holds a few episodes ahead for each environment, and where each one is.

    An environment's keys come from a generator of its own, in the order in which a single
    environment would draw them. Its episodes lie in a ring of slots, each one long enough for
    the longest episode; one more slot holds an episode that was asked for with options. When
    an environment has used up its ring, every ring that is at most half full is topped up
    together: sampling thousands of episodes at once costs little more than sampling one.

    Args:
        task: What to sample.
        num_envs: Environments (N).
    """

    def __init__(self, task: Task, num_envs: int) -> None:
        """Make room; nothing is sampled yet."""
        self._task, self._num_envs = task, num_envs
        row = num_envs * task.max_steps * (task.input_size + task.output_size)
        self._ring = int(np.clip(_NUMBERS_HELD // row, 2, _MOST_EPISODES_HELD)) // 2 * 2
        self._sources: dict[int, np.random.Generator] = {}
        self._next = np.zeros(num_envs, np.int64)
        self._held = np.zeros(num_envs, np.int64)
        self._slot = np.zeros(num_envs, np.int64)
        self._step = np.zeros(num_envs, np.int64)
        self._envs = np.arange(num_envs)
        slots = (num_envs, self._ring + 1)
        self._lengths = np.ones(slots, np.int64)
        self._keys = np.zeros(slots, np.uint64)
        self._inputs = np.zeros((*slots, 0, task.input_size), np.float32)
        self._targets = np.zeros((*slots, 0, task.output_size), np.int8)
        self._target_mask = np.zeros((*slots, 0), np.bool_)
        self._lengthen_slots(task.max_steps)

    @property
    def started(self) -> bool:
        """Whether every environment has had an episode."""
        return len(self._sources) == self._num_envs

    def has_source(self, env: int) -> bool:
        """Return whether an environment has a generator of keys."""
        return env in self._sources

    def set_source(self, env: int, source: np.random.Generator) -> None:
        """Give an environment a generator, and forget the episodes drawn from the last."""
        self._sources[env] = source
        self._held[env] = 0

    def begin(self, envs: NDArray[np.int64]) -> None:
        """Begin the next episode in these environments."""
        if (self._held[envs] == 0).any():
            self._top_up()
        self._slot[envs] = self._next[envs]
        self._step[envs] = 0
        self._next[envs] = (self._next[envs] + 1) % self._ring
        self._held[envs] -= 1

    def begin_special(
        self, envs: NDArray[np.int64], key: ArrayLike | None, changes: dict[str, Any]
    ) -> None:
        """Begin episodes with other keys, one for all or one for each, or other parameters."""
        task = self._task.replace(**changes)
        if key is None:
            self.begin(envs)
            keys = self.keys()[envs]
        else:
            keys = np.broadcast_to(np.asarray(key, np.uint64), self._num_envs)[envs]
        episodes = task.sample(keys)
        if episodes.inputs.shape[1] >= self._inputs.shape[2]:
            self._lengthen_slots(episodes.inputs.shape[1])
        slots = np.full(len(envs), self._ring)
        self._store(envs, slots, keys, episodes)
        self._slot[envs] = slots
        self._step[envs] = 0

    def inputs(self) -> NDArray[np.float32]:
        """Return what each environment shows now, shape ``(N, I)``; zero after the end."""
        return self._inputs[self._envs, self._slot, self._step]

    def targets(self) -> NDArray[np.int8]:
        """Return what each environment asks for now, shape ``(N, O)``."""
        return self._targets[self._envs, self._slot, self._step]

    def target_mask(self) -> NDArray[np.bool_]:
        """Return which environments score the answer to this step, shape ``(N,)``."""
        return self._target_mask[self._envs, self._slot, self._step]

    def at_last_step(self) -> NDArray[np.bool_]:
        """Return which environments show the last step of their episode, shape ``(N,)``."""
        return np.asarray(self._step + 1 == self._lengths[self._envs, self._slot])

    def keys(self) -> NDArray[np.uint64]:
        """Return the key of each environment's episode, shape ``(N,)``."""
        return self._keys[self._envs, self._slot]

    def advance(self) -> None:
        """Go on by one step; environments that are past the end stay there."""
        last = self._lengths[self._envs, self._slot]
        np.minimum(self._step + 1, last, out=self._step)

    def _top_up(self) -> None:
        count = self._ring // 2
        envs = np.array([env for env in self._sources if self._held[env] <= count])
        keys = np.stack([draw_keys(self._sources[env], count) for env in envs])
        slots = (self._next[envs] + self._held[envs])[:, None] + np.arange(count)
        episodes = self._task.sample(keys.reshape(-1))
        rows = np.repeat(envs, count)
        self._store(rows, slots.reshape(-1) % self._ring, keys.reshape(-1), episodes)
        self._held[envs] += count

    def _store(
        self,
        envs: NDArray[np.int64],
        slots: NDArray[np.int64],
        keys: NDArray[np.uint64],
        episodes: Episodes,
    ) -> None:
        steps = episodes.inputs.shape[1]
        self._inputs[envs, slots, :steps] = episodes.inputs
        self._inputs[envs, slots, steps:] = 0
        self._targets[envs, slots, :steps] = episodes.targets
        self._target_mask[envs, slots, :steps] = episodes.target_mask
        self._target_mask[envs, slots, steps:] = False
        self._lengths[envs, slots] = episodes.lengths
        self._keys[envs, slots] = keys

    def _lengthen_slots(self, steps: int) -> None:
        """Make slots this long, with one blank step behind, and keep what is held."""
        task, shape = self._task, (self._num_envs, self._ring + 1)
        inputs = np.zeros((*shape, steps + 1, task.input_size), np.float32)
        targets = np.zeros((*shape, steps + 1, task.output_size), np.int8)
        target_mask = np.zeros((*shape, steps + 1), np.bool_)
        old = self._inputs.shape[2]
        inputs[:, :, :old] = self._inputs
        targets[:, :, :old] = self._targets
        target_mask[:, :, :old] = self._target_mask
        self._inputs, self._targets, self._target_mask = inputs, targets, target_mask
