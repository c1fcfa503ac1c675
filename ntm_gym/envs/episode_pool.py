"""Episodes for many environments: sampled in blocks, read with a few gathers a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.envs.row_store import RowStore
from ntm_gym.envs.slot_table import SlotTable
from ntm_gym.tasks import Task
from ntm_gym.tasks.keyed_random import draw_keys

_KEYS_AT_ONCE = 64
_EPISODES_HELD, _STEPS_HELD = 2**14, 2**20
_FEWEST_EPISODES_HELD, _FEWEST_IF_LARGE = 4, 2
_NO_LIMIT = 2**62
_STEPS_AT_ONCE, _NUMBERS_AT_ONCE = 2**19, 2**24
_KEYS_AT_LEAST = 16
_NUMBERS_HELD, _LARGE = 2**25, 2**23

MOST_NUMBERS_TOGETHER = 2**26
"""The episodes of all environments together may hold this many numbers; see `Task.size`."""

_GENERATOR_WORDS, _LOW = 6, 2**64 - 1

_SLOT, _PLACE, _LAST_PLACE, _FIRST_ROW, _KEY = range(5)


class EpisodePool:
    """Holds a few episodes ahead for each environment, and where each one is.

    An environment's keys come from a generator of its own, in the order in which a single
    environment would draw them. Its episodes lie in a ring of slots; one more slot holds an
    episode that was asked for with options. When one environment has used up its ring, all
    rings are filled up together. A step of all environments is one addition and a few gathers.

    Args:
        task: What to sample.
        num_envs: Environments (N).
        max_steps: Steps after which an episode is broken off; None if never.

    Raises:
        ValueError: If the episodes would hold more than `MOST_NUMBERS_TOGETHER` numbers.
    """

    def __init__(self, task: Task, num_envs: int, max_steps: int | None = None) -> None:
        """Make room; nothing is sampled yet."""
        check_room(task, num_envs)
        _keep_freed_memory()
        self._task, self._num_envs = task, num_envs
        self._max_steps = None if max_steps is None else min(max_steps, _NO_LIMIT)
        held = min(_EPISODES_HELD, _STEPS_HELD // task.max_steps, _NUMBERS_HELD // task.size)
        held //= num_envs
        large = num_envs * task.size >= _LARGE
        fewest = _FEWEST_IF_LARGE if large else _FEWEST_EPISODES_HELD
        self._ring = int(np.clip(held, fewest, _KEYS_AT_ONCE))
        self._sources: dict[int, np.random.Generator] = {}
        self._has_source = np.zeros(num_envs, np.bool_)
        self._drawn_keys = np.zeros((num_envs, _KEYS_AT_ONCE), np.uint64)
        self._num_sampled = np.zeros(num_envs, np.int64)
        self._num_begun = np.zeros(num_envs, np.int64)

        empty_slot = num_envs * (self._ring + 1)
        num_slots = empty_slot + 1
        num_special = num_envs + 1
        self._rows = RowStore(num_slots, num_special)
        self._programs = SlotTable(num_slots, num_special)
        self._lengths = np.zeros(num_slots, np.int64)
        self._keys = np.zeros(num_slots, np.uint64)
        self._starts = self._find_starts()
        self._now = [start[np.full(num_envs, empty_slot)] for start in self._starts]
        self._asked = np.zeros(num_envs, np.int8)

    @property
    def started(self) -> bool:
        """Whether every environment has had an episode."""
        return bool(self._has_source.all())

    def has_source(self, env: int) -> bool:
        """Return whether an environment has a generator of keys."""
        return bool(self._has_source[env])

    def set_source(self, env: int, source: np.random.Generator) -> None:
        """Give an environment a generator, and forget the episodes drawn from the last."""
        self._sources[env] = source
        self._has_source[env] = True
        self._num_sampled[env] = self._num_begun[env] = 0

    def begin(self, envs: NDArray[np.int64]) -> None:
        """Begin the next episode in these environments."""
        begun = self._num_begun[envs]
        if (begun == self._num_sampled[envs]).any():
            self._fill_rings()
        self._num_begun[envs] = begun + 1
        self._enter(envs, begun % self._ring * self._num_envs + envs)

    def begin_special(
        self,
        task: Task,
        envs: NDArray[np.int64],
        keys: NDArray[np.uint64],
        has_key: NDArray[np.bool_],
    ) -> None:
        """Begin episodes of another task, or of given keys, or both.

        Args:
            task: The environments', or that task with other parameters.
            envs: Where, ascending.
            keys: Shape ``(N,)``.
            has_key: Where the key is given; elsewhere the next is drawn, ``(N,)``.
        """
        drawing = envs[~has_key[envs]]
        if len(drawing) > 0:
            self.begin(drawing)
        keys = np.where(has_key, keys, self._now[_KEY])[envs]
        slots = self._ring * self._num_envs + envs
        self._store(task, slots, keys)
        self._enter(envs, slots)

    def show(self) -> NDArray[np.float32]:
        """Return what each environment shows now, shape ``(N, I)``; zero after the end."""
        program = self._programs.take(self._now[_PLACE])
        self._asked = program[:, 1]
        return self._rows.inputs(self._now[_FIRST_ROW] + program[:, 0])

    def asked(self) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        """Return what was asked for when last shown, ``(N, O)``, and where it is scored."""
        answers = self._rows.answers(self._now[_FIRST_ROW] + self._asked)
        return answers, self._asked > 0

    def keys(self) -> NDArray[np.uint64]:
        """Return the key of each environment's episode, shape ``(N,)``."""
        keys: NDArray[np.uint64] = self._now[_KEY].copy()
        return keys

    def at_last_step(self) -> NDArray[np.bool_]:
        """Return where this step is the last that is played of its episode."""
        return np.asarray(self._now[_PLACE] == self._now[_LAST_PLACE])

    def tell_ends_apart(
        self, ended: NDArray[np.bool_]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where an episode that ended is over, and where its steps are used up."""
        if self._max_steps is None:
            return ended, np.zeros_like(ended)
        lengths = self._lengths[self._now[_SLOT]]
        return ended & (lengths <= self._max_steps), ended & (lengths >= self._max_steps)

    def finished(self) -> NDArray[np.bool_]:
        """Return where no episode is under way."""
        return np.asarray(self._now[_PLACE] > self._now[_LAST_PLACE])

    def advance(self) -> None:
        """Go on by one step; an environment that is past the end must begin before the next."""
        self._now[_PLACE] += 1

    def state(self) -> dict[str, NDArray[Any]]:
        """Return all that decides which episodes are shown from here on, as arrays of its own.

        Raises:
            ValueError: If an environment has had no episode, or plays one begun with options.
        """
        slots = self._now[_SLOT]
        if not self.started or (slots >= self._ring * self._num_envs).any():
            raise ValueError(
                "the state can be taken only where every environment plays an episode of its "
                "own, begun by reset or step without options"
            )
        generators = [_generator_words(self._sources[env]) for env in range(self._num_envs)]
        return {
            "generators": np.array(generators, np.uint64),
            "drawn_keys": self._drawn_keys.copy(),
            "num_sampled": self._num_sampled.copy(),
            "num_begun": self._num_begun.copy(),
            "keys": self._keys[: self._ring * self._num_envs].copy(),
            "slots": slots.copy(),
            "steps": self._now[_PLACE] - self._starts[_PLACE][slots],
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from a state that a pool of the same task and size returned.

        Raises:
            ValueError: If an array is missing, or has another shape.
        """
        num_envs, in_rings = self._num_envs, self._ring * self._num_envs
        shapes = {
            "generators": (num_envs, _GENERATOR_WORDS),
            "drawn_keys": (num_envs, _KEYS_AT_ONCE),
            "keys": (in_rings,),
            **dict.fromkeys(("num_sampled", "num_begun", "slots", "steps"), (num_envs,)),
        }
        given = {name: np.shape(state[name]) for name in shapes if name in state}
        if given != shapes:
            raise ValueError(f"the state must hold arrays of shapes {shapes}, not {given}")
        for env, words in enumerate(state["generators"].astype(np.uint64).tolist()):
            self.set_source(env, _generator_from(words))
        self._drawn_keys = state["drawn_keys"].astype(np.uint64)
        self._num_sampled = state["num_sampled"].astype(np.int64)
        self._num_begun = state["num_begun"].astype(np.int64)
        ages = np.arange(1, self._ring + 1)[:, None]
        numbers = self._num_sampled - ages
        held = (numbers >= 0) & (numbers >= self._num_begun - 1)
        slots = (numbers % self._ring * num_envs + np.arange(num_envs))[held]
        self._store(self._task, slots, state["keys"].astype(np.uint64)[slots])
        self._enter(np.arange(num_envs), state["slots"].astype(np.int64))
        self._now[_PLACE] += state["steps"].astype(np.int64)

    def _enter(self, envs: NDArray[np.int64], slots: NDArray[np.int64]) -> None:
        """Put environments at the first step of these slots."""
        for now, start in zip(self._now, self._starts, strict=True):
            now[envs] = start[slots]

    def _fill_rings(self) -> None:
        """Sample as many episodes as the rings can take beside those under way."""
        free = (self._ring - 1 - (self._num_sampled - self._num_begun)) * self._has_source
        used = self._num_sampled % _KEYS_AT_ONCE
        for env in np.flatnonzero((free > 0) & (used == 0)).tolist():
            self._drawn_keys[env] = draw_keys(self._sources[env], _KEYS_AT_ONCE)
        counts = np.minimum(free, _KEYS_AT_ONCE - used)
        envs = np.repeat(np.arange(self._num_envs), counts)
        nth = np.arange(len(envs)) - np.repeat(np.cumsum(counts) - counts, counts)
        numbers = self._num_sampled[envs] + nth
        keys = self._drawn_keys[envs, numbers % _KEYS_AT_ONCE]
        self._store(self._task, numbers % self._ring * self._num_envs + envs, keys)
        self._num_sampled += counts

    def _store(self, task: Task, slots: NDArray[np.int64], keys: NDArray[np.uint64]) -> None:
        """Sample the episodes with these keys into these slots."""
        steps = self._now[_PLACE] - self._starts[_PLACE][self._now[_SLOT]]
        at_once = max(_STEPS_AT_ONCE // task.max_steps, _KEYS_AT_LEAST)
        at_once = max(1, min(at_once, _NUMBERS_AT_ONCE // task.size))
        for first in range(0, len(slots), at_once):
            some = slice(first, first + at_once)
            episodes = task.sample_compact(keys[some])
            self._rows.store(slots[some], episodes.rows)
            self._programs.store(slots[some], episodes.program)
            self._lengths[slots[some]] = episodes.lengths
        self._keys[slots] = keys
        self._starts = self._find_starts()
        self._now = [start[self._now[_SLOT]] for start in self._starts]
        self._now[_PLACE] += steps

    def _find_starts(self) -> list[NDArray[Any]]:
        """Return for each slot what an environment must know to play it."""
        slots, places = np.arange(len(self._lengths)), self._programs.starts()
        steps = self._lengths
        if self._max_steps is not None:
            steps = np.minimum(steps, self._max_steps)
        return [slots, places, places + steps - 1, self._rows.starts(), self._keys]


def check_room(task: Task, num_envs: int) -> None:
    """Check that so many environments can play a task.

    Raises:
        ValueError: If their episodes would hold more than `MOST_NUMBERS_TOGETHER` numbers.
    """
    if num_envs * task.size > MOST_NUMBERS_TOGETHER:
        raise ValueError(
            f"the episodes of all environments may hold at most {MOST_NUMBERS_TOGETHER} "
            f"numbers together, but {num_envs} of {task.size} hold {num_envs * task.size}"
        )


def _generator_words(source: np.random.Generator) -> list[int]:
    """Return the state of a generator over PCG64 as six 64-bit numbers."""
    state: Any = source.bit_generator.state
    if state["bit_generator"] != "PCG64":
        raise ValueError(f"generators must be PCG64, not {state['bit_generator']}")
    wide = (state["state"]["state"], state["state"]["inc"])
    halves = [half for number in wide for half in (number >> 64, number & _LOW)]
    return [*halves, state["has_uint32"], state["uinteger"]]


def _generator_from(words: Sequence[int]) -> np.random.Generator:
    """Return the generator that `_generator_words` describes."""
    high, low, inc_high, inc_low, has_uint32, uinteger = words
    bits = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": high << 64 | low, "inc": inc_high << 64 | inc_low},
        "has_uint32": has_uint32,
        "uinteger": uinteger,
    }
    return np.random.Generator(bits)


def _keep_freed_memory() -> None:
    """Have the C library keep the memory of large arrays that are freed, for the next ones.

    A page that comes anew from the system costs a fault, which takes longer than filling it.
    glibc keeps blocks up to the size of the largest that it has seen freed (`mallopt(3)`,
    M_MMAP_THRESHOLD); elsewhere this does nothing.
    """
    np.empty(2**24, np.uint8)
