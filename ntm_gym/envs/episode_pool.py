"""Episodes for many environments: sampled in blocks, read with one gather a step."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ntm_gym.tasks import Episodes, Task
from ntm_gym.tasks.episodes import as_items
from ntm_gym.tasks.keyed_random import draw_keys

_NUMBERS_HELD = 2**23
_MOST_EPISODES_HELD = 16
_SCORED, _LAST = np.uint8(1), np.uint8(2)


class EpisodePool:
    """Holds a few episodes ahead for each environment, and where each one is.

    An environment's keys come from a generator of its own, in the order in which a single
    environment would draw them. Its episodes lie in a ring of slots; one more slot holds an
    episode that was asked for with options. A slot is a stretch of rows, one for each step and
    a blank one behind the longest episode, so what an environment shows is a row number, and a
    step of all environments is one addition and one gather. When an environment has used up
    its ring, every ring that is less than half full is topped up together.

    Args:
        task: What to sample.
        num_envs: Environments (N).
    """

    def __init__(self, task: Task, num_envs: int) -> None:
        """Make room; nothing is sampled yet."""
        self._task, self._num_envs = task, num_envs
        numbers = num_envs * task.max_steps * (task.input_size + task.output_size)
        self._ring = int(np.clip(_NUMBERS_HELD // numbers, 2, _MOST_EPISODES_HELD)) // 2 * 2
        self._sources: dict[int, np.random.Generator] = {}
        self._next = np.zeros(num_envs, np.int64)
        self._held = np.zeros(num_envs, np.int64)
        self._queued_keys = np.zeros((num_envs, self._ring), np.uint64)
        self._keys = np.zeros(num_envs, np.uint64)
        self._stride = 0
        self._row = np.zeros(num_envs, np.int64)
        self._inputs = np.zeros((0, task.input_size), np.float32)
        self._targets = np.zeros((0, task.output_size), np.int8)
        self._flags = np.zeros(0, np.uint8)
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
        if not self._held[envs].all():
            self._top_up()
        slots = self._next[envs]
        self._row[envs] = self._first_rows(envs, slots)
        self._keys[envs] = self._queued_keys[envs, slots]
        self._next[envs] = (slots + 1) % self._ring
        self._held[envs] -= 1

    def begin_special(
        self, envs: NDArray[np.int64], key: ArrayLike | None, changes: dict[str, Any]
    ) -> None:
        """Begin episodes with other keys, one for all or one for each, or other parameters."""
        task = self._task.replace(**changes)
        if key is None:
            self.begin(envs)
        else:
            keys = np.broadcast_to(np.asarray(key, np.uint64), self._num_envs)
            self._keys[envs] = keys[envs]
        episodes = task.sample(self._keys[envs])
        if episodes.inputs.shape[1] >= self._stride:
            self._lengthen_slots(episodes.inputs.shape[1])
        rows = self._first_rows(envs, np.full(len(envs), self._ring))
        self._store(rows, episodes)
        self._row[envs] = rows

    def inputs(self) -> NDArray[np.float32]:
        """Return what each environment shows now, shape ``(N, I)``; zero after the end."""
        return self._inputs.take(self._row, axis=0)

    def targets(self) -> NDArray[np.int8]:
        """Return what each environment asks for now, shape ``(N, O)``; zero after the end."""
        return self._targets.take(self._row, axis=0)

    def flags(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where the answer to this step is scored, and where this step is the last."""
        flags = self._flags.take(self._row)
        return (flags & _SCORED).view(np.bool_), flags >= _LAST

    def keys(self) -> NDArray[np.uint64]:
        """Return the key of each environment's episode, shape ``(N,)``."""
        return self._keys.copy()

    def advance(self) -> None:
        """Go on by one step; an environment that is past the end must begin before the next."""
        self._row += 1

    def _first_rows(
        self, envs: NDArray[np.int64], slots: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return (envs * (self._ring + 1) + slots) * self._stride

    def _top_up(self) -> None:
        count = self._ring // 2
        envs = np.array([env for env in self._sources if self._held[env] < count])
        keys = np.stack([draw_keys(self._sources[env], count) for env in envs.tolist()])
        slots = (self._next[envs] + self._held[envs])[:, None] + np.arange(count)
        slots %= self._ring
        self._queued_keys[envs[:, None], slots] = keys
        rows = self._first_rows(envs[:, None], slots)
        self._store(rows.reshape(-1), self._task.sample(keys.reshape(-1)))
        self._held[envs] += count

    def _store(self, rows: NDArray[np.int64], episodes: Episodes) -> None:
        """Write episodes, each from its row on, and blank what is left of their slots."""
        steps = np.arange(episodes.inputs.shape[1])
        places = rows[:, None] + steps
        last = steps == episodes.lengths[:, None] - 1
        as_items(self._inputs)[places] = as_items(episodes.inputs)
        as_items(self._targets)[places] = as_items(episodes.targets)
        self._flags[places] = episodes.target_mask * _SCORED + last * _LAST
        rest = rows[:, None] + np.arange(len(steps), self._stride)
        self._inputs[rest] = 0
        self._targets[rest] = 0
        self._flags[rest] = 0

    def _lengthen_slots(self, steps: int) -> None:
        """Make slots this long, with one blank row behind, and keep what is held."""
        slots, old, new = self._num_envs * (self._ring + 1), self._stride, steps + 1

        def longer(rows: NDArray[Any]) -> NDArray[Any]:
            longer = np.zeros((slots, new, *rows.shape[1:]), rows.dtype)
            longer[:, :old] = rows.reshape(slots, old, *rows.shape[1:])
            return longer.reshape(slots * new, *rows.shape[1:])

        self._inputs, self._targets = longer(self._inputs), longer(self._targets)
        self._flags = longer(self._flags)
        self._row = self._row // max(old, 1) * new + self._row % max(old, 1)
        self._stride = new
