"""Lists in slots, which grow when longer ones or wider numbers come."""

from __future__ import annotations

import numpy as np

from ntm_gym.envs.slot_table import SlotTable


def test_an_item_is_found_at_its_place() -> None:
    table = SlotTable(3)
    table.store(np.array([2, 0]), np.array([[1, 2], [3, 4]], np.int8))

    assert table.take(table.starts()[[2, 0]] + np.array([1, 0])).tolist() == [2, 3]


def test_longer_lists_leave_the_shorter_ones_as_they_are() -> None:
    table = SlotTable(2)
    table.store(np.array([0]), np.array([[[1, 2]]], np.int8))

    table.store(np.array([1]), np.array([[[300, 4], [5, 6], [7, 8]]], np.int16))

    assert table.starts().tolist() == [0, 3]
    assert table.take(np.array([0, 3, 5])).tolist() == [[1, 2], [300, 4], [7, 8]]


def test_long_lists_in_special_slots_do_not_lengthen_the_others() -> None:
    table = SlotTable(5, num_special=2)
    table.store(np.array([0, 1, 2]), np.array([[1, 2], [3, 4], [5, 6]], np.int8))

    table.store(np.array([4]), np.arange(100)[None])

    assert table.starts().tolist() == [0, 2, 4, 6, 106]
    assert table.take(np.array([1, 5, 6, 206 - 1])).tolist() == [2, 6, 0, 99]


def test_a_slot_into_which_nothing_is_stored_holds_a_zero() -> None:
    table = SlotTable(4, num_special=2)
    table.store(np.array([2]), np.array([[[7, 7]]], np.int8))

    assert table.take(table.starts()).tolist() == [[0, 0], [0, 0], [7, 7], [0, 0]]


def test_what_is_taken_is_the_callers_own() -> None:
    table = SlotTable(1)
    table.store(np.array([0]), np.array([[1]], np.int8))

    table.take(np.array([0]))[:] = 9

    assert table.take(np.array([0])).tolist() == [1]
