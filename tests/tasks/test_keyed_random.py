"""Philox against its published vectors; draws that depend on key and position alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ntm_gym.tasks.keyed_random import (
    derive_keys,
    draw_keys,
    philox4x32,
    random_bits,
    random_integers,
    random_numbers,
    random_uniforms,
    random_words,
)

KEYS = derive_keys(0, 0, 0, 4000)
ALL_ONES = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("counter", "key", "published"),
    [
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (
            (ALL_ONES,) * 4,
            (ALL_ONES,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(
    counter: tuple[int, ...], key: tuple[int, ...], published: tuple[int, ...]
) -> None:
    words = np.array(counter, np.uint64)[:, None]

    philox4x32(words, (np.uint64(key[0]), np.uint64(key[1])), np.empty((2, 1), np.uint64))

    assert tuple(words[:, 0].tolist()) == published


@given(st.integers(0, 2**64 - 1), st.integers(1, 200), st.integers(1, 200))
def test_a_draw_depends_neither_on_other_keys_nor_on_how_many_follow(
    key: int, count: int, more: int
) -> None:
    alone = np.array([key], np.uint64)
    among = np.array([1, key, 2], np.uint64)

    for draw in (random_words, random_bits, random_uniforms):
        np.testing.assert_array_equal(
            draw(alone, 3, count)[0], draw(among, 3, count + more)[1, :count]
        )


@pytest.mark.parametrize("num_bits", [1, 6, 8, 10])
def test_numbers_are_the_bits_with_the_first_the_lowest(num_bits: int) -> None:
    numbers = random_numbers(KEYS[:50], 0, 7, num_bits)

    bits = numbers[..., None] >> np.arange(num_bits) & 1
    expected = random_bits(KEYS[:50], 0, 7 * num_bits)
    np.testing.assert_array_equal(bits.reshape(50, -1), expected)


def test_streams_of_a_key_differ() -> None:
    assert (random_words(KEYS, 0, 2) != random_words(KEYS, 1, 2)).all()


def test_bits_are_fair_and_independent() -> None:
    bits = random_bits(KEYS, 0, 100).astype(float)

    assert abs(bits.mean() - 0.5) < 5 * 0.5 / np.sqrt(bits.size)
    correlations = np.corrcoef(bits.T)[np.triu_indices(100, 1)]
    assert np.abs(correlations).max() < 6 / np.sqrt(len(KEYS))


def test_integers_are_uniform_over_the_range_with_both_ends() -> None:
    drawn = random_integers(KEYS, 0, 3, 8, count=10).ravel()

    counts = np.bincount(drawn, minlength=9)
    assert counts[:3].sum() == 0
    expected = len(drawn) / 6
    chi_squared = ((counts[3:] - expected) ** 2 / expected).sum()
    assert chi_squared < 20.5


def test_uniforms_fill_the_unit_interval_evenly() -> None:
    drawn = np.sort(random_uniforms(KEYS, 0, 10).ravel())

    assert drawn[0] >= 0
    assert drawn[-1] < 1
    steps = (np.arange(len(drawn)) + 0.5) / len(drawn)
    assert np.abs(drawn - steps).max() < 1.95 / np.sqrt(len(drawn))


def test_derived_keys_are_distinct_across_seeds_streams_and_positions() -> None:
    keys = [
        derive_keys(seed, stream, 0, 1000) for seed in (0, 1, 2**40) for stream in (0, 1, 2)
    ]

    assert len(np.unique(np.concatenate(keys))) == 9000


def test_derived_keys_can_be_cut_anywhere() -> None:
    np.testing.assert_array_equal(derive_keys(5, 1, 30, 20), derive_keys(5, 1, 0, 100)[30:50])


def test_impossible_seeds_are_refused() -> None:
    with pytest.raises(ValueError, match=r"seed must lie between 0 and .* not be -1"):
        derive_keys(-1, 0, 0, 1)
    with pytest.raises(ValueError, match="stream must lie"):
        derive_keys(0, -1, 0, 1)
    with pytest.raises(ValueError, match="must not be negative"):
        derive_keys(0, 0, -1, 1)


def test_keys_are_a_generators_full_range_integers() -> None:
    source = np.random.default_rng(3)

    keys = draw_keys(np.random.default_rng(3), 5)

    assert keys.tolist() == source.integers(0, 2**64, 5, np.uint64).tolist()


def test_drawing_keys_at_once_or_one_by_one_is_the_same() -> None:
    at_once = draw_keys(np.random.default_rng(3), 10)
    source = np.random.default_rng(3)

    one_by_one = [draw_keys(source, 1)[0] for _ in range(10)]

    np.testing.assert_array_equal(at_once, one_by_one)
