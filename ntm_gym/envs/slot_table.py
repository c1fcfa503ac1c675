"""Many short lists of equal length, kept in one array."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class SlotTable:
    """A list of items in each of many slots.

    The items that many environments need at a step are read by one gather. Slots are of two
    kinds, those of each kind equally long, so that a few long lists do not lengthen all slots.
    A slot into which nothing is stored holds zeros, at least one.

    Args:
        num_slots: Slots (S).
        num_special: The last so many of them are special.
    """

    def __init__(self, num_slots: int, num_special: int = 0) -> None:
        """Make slots that hold a zero each."""
        self._counts = num_slots - num_special, num_special
        self._lengths = [1, 1]
        self._items: NDArray[Any] = np.zeros(num_slots, np.int8)

    def starts(self) -> NDArray[np.int64]:
        """Return where each slot begins, shape ``(S,)``; changes when slots grow."""
        usual, special = (
            np.arange(count) * length
            for count, length in zip(self._counts, self._lengths, strict=True)
        )
        return np.concatenate([usual, self._counts[0] * self._lengths[0] + special])

    def store(self, slots: NDArray[np.int64], lists: NDArray[Any]) -> None:
        """Write lists into slots; all slots of their kind grow if they are too short.

        Args:
            slots: All of one kind, shape ``(B,)``.
            lists: Shape ``(B, length, ...)``.
        """
        kind = int(slots[0] >= self._counts[0])
        dtype = np.result_type(self._items, lists)
        fits = lists.shape[1] <= self._lengths[kind] and dtype == self._items.dtype
        if not fits or lists.shape[2:] != self._items.shape[1:]:
            self._grow(kind, lists.shape, dtype)
        slots_of_kind = self._regions(self._items)[kind]
        slots_of_kind[slots - kind * self._counts[0], : lists.shape[1]] = lists

    def take(self, places: NDArray[np.int64]) -> NDArray[Any]:
        """Return the items at these places, a new array, shape ``(N, ...)``."""
        return self._items.take(places, axis=0)

    def _grow(self, kind: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        before = self._regions(self._items) if self._items.shape[1:] == shape[2:] else ()
        self._lengths[kind] = max(self._lengths[kind], shape[1])
        size = sum(np.multiply(self._counts, self._lengths).tolist())
        self._items = np.zeros((size, *shape[2:]), dtype)
        for new, old in zip(self._regions(self._items), before, strict=bool(before)):
            new[:, : old.shape[1]] = old

    def _regions(self, items: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return views of the slots of each kind, each ``(count, length, ...)``."""
        counts, lengths, rest = self._counts, self._lengths, items.shape[1:]
        first = counts[0] * lengths[0]
        return (
            items[:first].reshape(counts[0], lengths[0], *rest),
            items[first:].reshape(counts[1], lengths[1], *rest),
        )
