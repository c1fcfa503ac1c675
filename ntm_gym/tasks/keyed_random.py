"""Counter-based random numbers: a pure function of key and position.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3")
turns a 64-bit key and a 128-bit counter into 128 random bits. Nothing is carried along, so
the numbers of an episode are the same in any batch, order, process and machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_INCREMENTS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

_KEY_STREAM = np.uint64(0x4B455953)
_COUNTERS_AT_ONCE = 16_384
"""What is scrambled at once stays in a core's cache."""


def philox4x32(words: NDArray[np.uint64], key: tuple[Any, Any], spare: NDArray[Any]) -> None:
    """Scramble counters under keys, in place, with ten rounds of Philox4x32.

    Args:
        words: Counters of four 32-bit words, held as uint64, shape ``(4, ...)``; becomes four
            random words each.
        key: Two 32-bit words, held as uint64, that broadcast with the counters.
        spare: Room to work in, shape ``(2, ...)``, uint64.
    """
    (c0, c1, c2, c3), (k0, k1), (product_0, product_1) = words, key, spare
    for _ in range(_ROUNDS):
        np.multiply(c0, _MULTIPLIERS[0], out=product_0)
        np.multiply(c2, _MULTIPLIERS[1], out=product_1)
        np.right_shift(product_1, _HALF, out=c0)
        c0 ^= c1
        c0 ^= k0
        np.right_shift(product_0, _HALF, out=c2)
        c2 ^= c3
        c2 ^= k1
        np.bitwise_and(product_1, _LOW, out=c1)
        np.bitwise_and(product_0, _LOW, out=c3)
        k0, k1 = (k0 + _WEYL_INCREMENTS[0]) & _LOW, (k1 + _WEYL_INCREMENTS[1]) & _LOW


def random_words(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.uint64]:
    """Draw 64-bit words.

    Args:
        keys: One key per row, shape ``(B,)``, uint64.
        stream: Which of a key's independent streams, 0 to 2**32 - 1; a task draws each of its
            quantities from a stream of its own.
        count: Words per row.

    Returns:
        Shape ``(B, count)``, uint64, uniform; word ``i`` does not depend on ``count``. In
        memory, the words of one column lie together.
    """
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)[:, None]
    words = np.empty((len(blocks), 2, len(keys)), np.uint64)
    width = max(1, min(len(keys), _COUNTERS_AT_ONCE // max(1, len(blocks))))
    room = np.empty((6, len(blocks), width), np.uint64)
    for first in range(0, len(keys), width):
        some = slice(first, first + width)
        key = keys[some]
        scrambled, spare = room[:4, :, : len(key)], room[4:, :, : len(key)]
        scrambled[0], scrambled[1] = blocks & _LOW, blocks >> _HALF
        scrambled[2], scrambled[3] = stream, 0
        philox4x32(scrambled, (key & _LOW, key >> _HALF), spare)
        np.left_shift(scrambled[1::2], _HALF, out=spare)
        np.bitwise_or(spare[0], scrambled[0], out=words[:, 0, some])
        np.bitwise_or(spare[1], scrambled[2], out=words[:, 1, some])
    return words.reshape(2 * len(blocks), len(keys))[:count].T


def random_bits(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.int8]:
    """Draw fair bits.

    Returns:
        Shape ``(B, count)``, int8, each 0 or 1; bit ``i`` does not depend on ``count``.
    """
    octets = _random_octets(keys, stream, -(-count // 8))
    return np.unpackbits(octets, axis=1, count=count, bitorder="little").view(np.int8)


def _random_octets(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.uint8]:
    words = np.ascontiguousarray(random_words(keys, stream, -(-count // 8)), "<u8")
    return words.view(np.uint8)[:, :count]


def random_numbers(
    keys: NDArray[np.uint64], stream: int, count: int, num_bits: int
) -> NDArray[np.integer[Any]]:
    """Draw the same bits as `random_bits`, but as numbers, the first bit the lowest.

    Args:
        keys: Shape ``(B,)``.
        stream: As for `random_words`.
        count: Numbers per row.
        num_bits: Bits of a number, at most 24.

    Returns:
        Shape ``(B, count)``, each from 0 to ``2**num_bits - 1``.
    """
    if num_bits == 8:
        return _random_octets(keys, stream, count)
    bits = random_bits(keys, stream, count * num_bits).reshape(len(keys) * count, num_bits)
    place_values = np.float32(2) ** np.arange(num_bits, dtype=np.float32)
    numbers = bits.astype(np.float32).dot(place_values)
    return np.asarray(numbers.reshape(len(keys), count), np.int32)


def random_uniforms(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.float64]:
    """Draw numbers uniform in [0, 1), multiples of 2**-53.

    Returns:
        Shape ``(B, count)``, float64.
    """
    words = random_words(keys, stream, count) >> np.uint64(11)
    return words.astype(np.float64) * 2.0**-53


def random_integers(
    keys: NDArray[np.uint64], stream: int, low: int, high: int, count: int = 1
) -> NDArray[np.int64]:
    """Draw integers uniform in ``low … high``, both included.

    The range must stay far below 2**32: then the bias of the multiplication is below 2**-32.

    Returns:
        Shape ``(B, count)``, int64.
    """
    words = random_words(keys, stream, count) >> _HALF
    return low + ((words * np.uint64(high - low + 1)) >> _HALF).astype(np.int64)


def derive_keys(seed: int, stream: int, start: int, count: int) -> NDArray[np.uint64]:
    """Derive the keys number ``start`` to ``start + count - 1`` of a seed.

    Args:
        seed: Any integer from 0 to 2**64 - 1.
        stream: What the keys are for: 0 training, 1 evaluation, 2 validation.
        start: Number of the first key.
        count: Number of keys.

    Returns:
        Shape ``(count,)``, uint64; key ``i`` depends on seed, stream and ``start + i`` alone.

    Raises:
        ValueError: If seed, stream, start or count is negative or too large.

    Example:
        >>> bool(derive_keys(1, 0, 5, 1)[0] == derive_keys(1, 0, 0, 10)[5])
        True
    """
    if not 0 <= seed < 2**64:
        raise ValueError(f"seed must lie between 0 and 2**64 - 1, not be {seed}")
    if not 0 <= stream < 2**32:
        raise ValueError(f"stream must lie between 0 and 2**32 - 1, not be {stream}")
    if start < 0 or count < 0:
        raise ValueError(f"start and count must not be negative, but are {start}, {count}")
    numbers = np.uint64(start) + np.arange(count, dtype=np.uint64)
    words = np.empty((4, count), np.uint64)
    words[0], words[1] = numbers & _LOW, numbers >> _HALF
    words[2], words[3] = stream, _KEY_STREAM
    key = np.uint64(seed)
    philox4x32(words, (key & _LOW, key >> _HALF), np.empty((2, count), np.uint64))
    return np.asarray((words[1] << _HALF) | words[0])


def draw_keys(source: np.random.Generator, count: int) -> NDArray[np.uint64]:
    """Draw keys from a generator, one full 64-bit number each.

    Args:
        source: A generator; drawing ``count`` keys at once or one by one is the same.
        count: Number of keys.

    Returns:
        Shape ``(count,)``, uint64.
    """
    if isinstance(source.bit_generator, np.random.PCG64):
        return np.asarray(source.bit_generator.random_raw(count))
    return source.integers(0, 2**64 - 1, count, np.uint64, endpoint=True)
