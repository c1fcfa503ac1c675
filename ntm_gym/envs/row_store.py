"""The rows of many episodes, looked up by place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.envs.slot_table import SlotTable
from ntm_gym.tasks.rows import Rows


class RowStore:
    """Keeps the rows of an episode in each of many slots.

    Where the episodes have an alphabet, two bytes a row are kept, and the alphabet once.

    Args:
        num_slots: Slots.
        num_special: The last so many of them are special; see `SlotTable`.
    """

    def __init__(self, num_slots: int, num_special: int = 0) -> None:
        """Make slots that hold nothing."""
        self._inputs, self._answers, self._symbols, self._reals = (
            SlotTable(num_slots, num_special) for _ in range(4)
        )
        self._alphabet: tuple[NDArray[np.float32], NDArray[np.int8]] | None = None
        self._real_channel: int | None = None

    def starts(self) -> NDArray[np.int64]:
        """Return the place of each slot's first row, shape ``(S,)``."""
        spelled = self._alphabet is not None
        return (self._symbols if spelled else self._inputs).starts()

    def store(self, slots: NDArray[np.int64], rows: Rows) -> None:
        """Write the rows of an episode into each of these slots."""
        if rows.symbols is None:
            self._inputs.store(slots, rows.inputs)
            self._answers.store(slots, rows.answers)
        else:
            self._alphabet = rows.inputs, rows.answers
            self._symbols.store(slots, rows.symbols)
        if rows.reals is not None:
            self._real_channel = rows.real_channel
            self._reals.store(slots, rows.reals)

    def inputs(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return what these rows show, a new array, shape ``(N, I)``."""
        inputs: NDArray[Any]
        if self._alphabet is None:
            inputs = self._inputs.take(places).astype(np.float32, copy=False)
        else:
            inputs = self._alphabet[0].take(self._symbols.take(places), axis=0)
        if self._real_channel is not None:
            inputs[:, self._real_channel] = self._reals.take(places)
        return inputs

    def answers(self, places: NDArray[np.int64]) -> NDArray[np.int8]:
        """Return what these rows ask for, a new array, shape ``(N, O)``."""
        if self._alphabet is None:
            return self._answers.take(places)
        return self._alphabet[1].take(self._symbols.take(places), axis=0)
