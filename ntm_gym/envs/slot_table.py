"""Many short lists of equal length, kept in one array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class SlotTable:
    """A list of items in each of many slots.

    Item ``i`` of slot ``s`` lies at place ``s * length + i``, so the items that many
    environments need at a step are read by one gather.

    Args:
        num_slots: Slots (S).
    """

    def __init__(self, num_slots: int) -> None:
        """Make slots that hold nothing."""
        self._num_slots = num_slots
        self._items: NDArray[Any] = np.zeros(0, np.int8)
        self.length = 0
        """Items of a slot; changes when `store` is given longer lists."""

    def store(self, slots: NDArray[np.int64], lists: NDArray[Any]) -> None:
        """Write lists into slots, which grow, all of them, if they are too short.

        Args:
            slots: Shape ``(B,)``.
            lists: Shape ``(B, length, ...)``.
        """
        dtype = np.result_type(self._items, lists)
        if lists.shape[1] > self.length or dtype != self._items.dtype:
            self._grow(max(self.length, lists.shape[1]), lists.shape[2:], dtype)
        by_slot = self._items.reshape(self._num_slots, self.length, *lists.shape[2:])
        by_slot[slots, : lists.shape[1]] = lists

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """Return the items at these places, a new array, shape ``(N, ...)``."""
        return self._items.take(places, axis=0)

    def _grow(self, length: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        grown = np.zeros((self._num_slots, length, *shape), dtype)
        grown[:, : self.length] = self._items.reshape(self._num_slots, self.length, *shape)
        self._items, self.length = grown.reshape(-1, *shape), length
