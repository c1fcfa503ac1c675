"""Associative recall (section 4.3): which item followed the one that is shown?"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import CompactEpisodes, CompactTask, make_program
from ntm_gym.tasks.keyed_random import random_integers, random_words
from ntm_gym.tasks.parameters import require_at_least, require_range
from ntm_gym.tasks.rows import Mark, draw_rows
from ntm_gym.tasks.solving import answer_from, first_steps

_ITEMS, _QUERY, _BITS = range(3)
_ITEM_DELIMITER, _QUERY_DELIMITER, _VECTORS = 1, 2, 3
_Number = TypeVar("_Number", int, NDArray[np.int64])


@dataclasses.dataclass(frozen=True)
class AssociativeRecall(CompactTask):
    """Items, each behind a delimiter, then one of them again between two query delimiters.

    ## Description
    The agent sees n items, each a few random vectors behind a delimiter. Then one of them is
    shown again, between two delimiters of another kind, and the agent must say the item that
    followed it (section 4.3 of the paper). n is uniform from ``min_items`` to ``max_items``,
    and the query uniform over all items but the last. The agent must find something by what
    it holds, and then go on to what lies behind it.

    ::

        shown   delimiter · item 1 · … · delimiter · item n · query · item q · query · blank
        asked   -                                                                     item q + 1

    A delimiter is a step of its own; an item takes ``item_length`` steps.

    ## Action Space
    The vector, ``num_bits`` bits.

    ## Observation Space
    Channels 0 to ``num_bits - 1`` hold the vector; channel ``num_bits`` is one at the
    delimiter of an item, and channel ``num_bits + 1`` at those of the query.

    ## Episode Termination
    After n(l + 1) + 2l + 2 steps, where l is ``item_length``.

    ## Version History
    - v0: first release.

    Attributes:
        num_bits: Bits of a vector.
        item_length: Vectors of an item.
        min_items: Fewest items, at least two.
        max_items: Most items.

    Raises:
        ValueError: If a parameter is too small or the range is reversed, or
            an episode too large; see `Task`.

    Example:
        >>> task = AssociativeRecall(min_items=2, max_items=2)
        >>> int(task.sample(np.array([7], dtype=np.uint64)).lengths[0])
        16
    """

    num_bits: int = 6
    item_length: int = 3
    min_items: int = 2
    max_items: int = 6

    def check_parameters(self) -> None:
        """Check that sizes are positive and ranges not reversed."""
        require_at_least(1, num_bits=self.num_bits, item_length=self.item_length)
        require_range(2, min_items=self.min_items, max_items=self.max_items)

    @property
    def input_size(self) -> int:
        """Bits, item delimiter, query delimiter."""
        return self.num_bits + 2

    @property
    def output_size(self) -> int:
        """Bits."""
        return self.num_bits

    @property
    def max_steps(self) -> int:
        """Steps of the longest episode."""
        return self._steps(self.max_items)

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; see `Task.sample`."""
        size = self.item_length
        num_items = random_integers(keys, _ITEMS, self.min_items, self.max_items)[:, 0]
        draw = random_words(keys, _QUERY, 1)[:, 0] >> np.uint64(32)
        query = ((draw * (num_items - 1).astype(np.uint64)) >> np.uint64(32)).astype(np.int64)
        most = int(num_items.max(initial=2))
        sizes = (self.input_size, self.output_size)
        marks = (Mark(self.num_bits), Mark(self.num_bits + 1))
        rows = draw_rows(keys, _BITS, most * size, self.num_bits, sizes, marks)

        distinct, which = np.unique(num_items * most + query, return_inverse=True)
        program = self._write_program(*np.divmod(distinct[:, None], most))
        return CompactEpisodes(rows, program.take(which, axis=0), self._steps(num_items))

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say what followed the query; if it was shown twice, each successor is as likely."""
        answers = np.zeros((*inputs.shape[:2], self.output_size))
        for episode, answer in zip(inputs, answers, strict=True):
            for start, stop in first_steps(episode[:, self.num_bits + 1], 2):
                shown = episode[:start].reshape(-1, self.item_length + 1, self.input_size)
                items = shown[:, 1:, : self.num_bits]
                query = episode[start + 1 : stop, : self.num_bits]
                same = np.flatnonzero((items[:-1] == query).all((1, 2)))
                answer_from(answer, stop + 1, items[same + 1].mean(0))
        return answers

    def _write_program(
        self, num_items: NDArray[np.int64], query: NDArray[np.int64]
    ) -> NDArray[Any]:
        """Return what is shown and asked for with these numbers, ``(P, T + 1, 2)``."""
        size = self.item_length
        step = np.arange(self._steps(int(num_items.max(initial=0))))
        item, place = np.divmod(step, size + 1)
        display = np.where(place == 0, _ITEM_DELIMITER, _VECTORS + item * size + place - 1)
        queried = step - num_items * (size + 1)
        shown = np.select(
            [queried < 0, queried % (size + 1) == 0, queried <= size],
            [display, _QUERY_DELIMITER, _VECTORS + query * size + queried - 1],
        )
        shown[queried > size + 1] = 0
        answered = queried - (size + 2)
        answering = (answered >= 0) & (answered < size)
        asked = (_VECTORS + (query + 1) * size + answered) * answering
        return make_program(shown, asked)

    def _steps(self, num_items: _Number) -> _Number:
        return num_items * (self.item_length + 1) + 2 * self.item_length + 2
