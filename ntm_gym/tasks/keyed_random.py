"""Counter-based random numbers: a pure function of key and position.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3")
turns a 64-bit key and a 128-bit counter into 128 random bits. Nothing is carried along, so
the numbers of an episode are the same in any batch, order, process and machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_INCREMENTS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)

_KEY_STREAM = np.uint64(0x4B455953)


def philox4x32(
    counter: tuple[NDArray[np.uint64], ...], key: tuple[NDArray[np.uint64], ...]
) -> tuple[NDArray[np.uint64], ...]:
    """Scramble counters under keys with ten rounds of Philox4x32.

    Args:
        counter: Four arrays of 32-bit words, held as uint64, that broadcast with the key.
        key: Two such arrays.

    Returns:
        Four arrays of 32-bit words, held as uint64.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        product_0, product_1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (product_1 >> _HALF) ^ c1 ^ k0,
            product_1 & _LOW,
            (product_0 >> _HALF) ^ c3 ^ k1,
            product_0 & _LOW,
        )
        k0, k1 = (k0 + _WEYL_INCREMENTS[0]) & _LOW, (k1 + _WEYL_INCREMENTS[1]) & _LOW
    return c0, c1, c2, c3


def random_words(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.uint64]:
    """Draw 64-bit words.

    Args:
        keys: One key per row, shape ``(B,)``, uint64.
        stream: Which of a key's independent streams, 0 to 2**32 - 1; a task draws each of its
            quantities from a stream of its own.
        count: Words per row.

    Returns:
        Shape ``(B, count)``, uint64, uniform; word ``i`` does not depend on ``count``.
    """
    blocks = np.arange((count + 1) // 2, dtype=np.uint64)
    zero = np.zeros_like(blocks)
    w0, w1, w2, w3 = philox4x32(
        (blocks & _LOW, blocks >> _HALF, zero + np.uint64(stream), zero),
        (keys[:, None] & _LOW, keys[:, None] >> _HALF),
    )
    words = np.stack([(w1 << _HALF) | w0, (w3 << _HALF) | w2], axis=-1)
    return words.reshape(len(keys), -1)[:, :count]


def random_bits(keys: NDArray[np.uint64], stream: int, count: int) -> NDArray[np.int8]:
    """Draw fair bits.

    Returns:
        Shape ``(B, count)``, int8, each 0 or 1; bit ``i`` does not depend on ``count``.
    """
    words = random_words(keys, stream, -(-count // 64)).astype("<u8")
    octets = words.view(np.uint8).reshape(len(keys), -1)
    return np.unpackbits(octets, axis=1, count=count, bitorder="little").view(np.int8)


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
    zero = np.zeros_like(numbers)
    key = np.uint64(seed)
    w0, w1, _, _ = philox4x32(
        (numbers & _LOW, numbers >> _HALF, zero + np.uint64(stream), zero + _KEY_STREAM),
        (zero + (key & _LOW), zero + (key >> _HALF)),
    )
    return (w1 << _HALF) | w0


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
