"""Lists in slots, which grow when longer ones or wider numbers come."""

from __future__ import annotations

import numpy as np

from ntm_gym.envs.slot_table import SlotTable


def test_an_item_is_found_at_its_place() -> None:
    table = SlotTable(3)
    table.store(np.array([2, 0]), np.array([[1, 2], [3, 4]], np.int8))

    places = np.array([2 * table.length + 1, 0 * table.length])
    assert table.take(places).tolist() == [2, 3]


def test_longer_lists_leave_the_shorter_ones_as_they_are() -> None:
    table = SlotTable(2)
    table.store(np.array([0]), np.array([[[1, 2]]], np.int8))

    table.store(np.array([1]), np.array([[[300, 4], [5, 6], [7, 8]]], np.int16))

    assert table.length == 3
    assert table.take(np.array([0, 3, 5])).tolist() == [[1, 2], [300, 4], [7, 8]]


def test_what_is_taken_is_the_callers_own() -> None:
    table = SlotTable(1)
    table.store(np.array([0]), np.array([[1]], np.int8))

    table.take(np.array([0]))[:] = 9

    assert table.take(np.array([0])).tolist() == [1]
