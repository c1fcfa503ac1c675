"""Associative recall (section 4.3): which item followed the one that is shown?"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import Episodes, Task, require_at_least, require_range
from ntm_gym.tasks.keyed_random import random_bits, random_integers, random_words

_ITEMS, _QUERY, _BITS = range(3)
_Number = TypeVar("_Number", int, NDArray[np.int64])


@dataclasses.dataclass(frozen=True)
class AssociativeRecall(Task):
    """Items, each behind a delimiter, then one of them again between two query delimiters.

    ::

        input   delimiter · item 1 · … · delimiter · item n · query · item q · query · blank
        target  -                                                                     item q+1

    An item is a few vectors; a delimiter is a step of its own. Behind the bits, inputs have
    the item delimiter and the query delimiter. The query is any item but the last.

    Attributes:
        num_bits: Bits of a vector.
        item_length: Vectors of an item.
        min_items: Fewest items (n), at least two.
        max_items: Most items; n is uniform between the two.

    Raises:
        ValueError: If a parameter is too small or the range is reversed.

    Example:
        >>> task = AssociativeRecall(min_items=2, max_items=2)
        >>> int(task.sample(np.array([7], dtype=np.uint64)).lengths[0])
        16
    """

    num_bits: int = 6
    item_length: int = 3
    min_items: int = 2
    max_items: int = 6

    def __post_init__(self) -> None:
        """Check the parameters."""
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

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys; see `Task.sample`."""
        size, batch_size = self.item_length, len(keys)
        num_items = random_integers(keys, _ITEMS, self.min_items, self.max_items)[:, 0]
        draw = random_words(keys, _QUERY, 1)[:, 0] >> np.uint64(32)
        choices = (num_items - 1).astype(np.uint64)
        query = ((draw * choices) >> np.uint64(32)).astype(np.int64)
        most = int(num_items.max(initial=2))
        bits = random_bits(keys, _BITS, most * size * self.num_bits)
        items = bits.reshape(batch_size, most, size, self.num_bits)
        items = items * (np.arange(most) < num_items[:, None])[..., None, None]

        rows, steps = np.arange(batch_size), self._steps(most)
        inputs = np.zeros((batch_size, steps, self.input_size), np.float32)
        shown = inputs[:, : most * (size + 1)].reshape(batch_size, most, size + 1, -1)
        shown[:, :, 0, self.num_bits] = np.arange(most) < num_items[:, None]
        shown[:, :, 1:, : self.num_bits] = items
        inputs[:, : most * (size + 1)] = shown.reshape(batch_size, most * (size + 1), -1)
        asking = num_items * (size + 1)
        inputs[rows, asking, self.num_bits + 1] = 1
        inputs[rows, asking + size + 1, self.num_bits + 1] = 1
        vector = np.arange(size)
        inputs[rows[:, None], asking[:, None] + 1 + vector, : self.num_bits] = items[
            rows, query
        ]

        targets = np.zeros((batch_size, steps, self.output_size), np.int8)
        target_mask = np.zeros((batch_size, steps), np.bool_)
        answering = asking[:, None] + size + 2 + vector
        targets[rows[:, None], answering] = items[rows, query + 1]
        target_mask[rows[:, None], answering] = True
        return Episodes(inputs, targets, target_mask, self._steps(num_items))

    def _steps(self, num_items: _Number) -> _Number:
        return num_items * (self.item_length + 1) + 2 * self.item_length + 2
