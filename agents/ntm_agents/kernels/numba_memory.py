"""Reading and writing in one step, forward and backward (equations 2 to 4)."""

from __future__ import annotations

from typing import Any

from ntm_agents.addressing import SIMILARITY_EPSILON
from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_tape import Sizes
from ntm_agents.kernels.numba_vectors import (
    at,
    lanes,
    load,
    square_root,
    store,
    sum_of,
    zeros,
)


@kernel
def write(
    memory: Any, weightings: Any, parameters: Any, sizes: Sizes, written: Any, inverse: Any
) -> None:
    """Write with all heads: every erase before every add.

    Args:
        memory: Before, ``(M, N)``; may be ``written`` itself.
        weightings: Of the write heads, ``(W, N)``.
        parameters: Of the write heads, ``(W, A + 2 M)``.
        sizes: The sizes.
        written: Written: memory after, ``(M, N)``.
        inverse: Written: one over the norm of each location after, ``(N,)``.
    """
    erases, adds = (
        at(parameters, sizes.addressing),
        at(parameters, sizes.addressing + sizes.words),
    )
    stride = sizes.addressing + 2 * sizes.words
    for i in range(0, sizes.padded, lanes(memory)):
        squares = zeros(memory) + SIMILARITY_EPSILON
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            for h in range(sizes.writes):
                row *= 1.0 - load(weightings, h * sizes.padded + i) * erases[h * stride + m]
            for h in range(sizes.writes):
                row += load(weightings, h * sizes.padded + i) * adds[h * stride + m]
            store(row, written, m * sizes.padded + i)
            squares += row * row
        store(1.0 / square_root(squares), inverse, i)


@kernel
def write_backward(
    memory: Any,
    weightings: Any,
    parameters: Any,
    sizes: Sizes,
    d_memory: Any,
    d_weightings: Any,
    d_parameters: Any,
    kept: Any,
) -> None:
    """Carry a gradient back through a write.

    Args:
        memory: Before the write, ``(M, N)``.
        weightings: ``(W, N)``.
        parameters: As in `write`.
        sizes: The sizes.
        d_memory: Gradient of the memory after the write; overwritten by that before it.
        d_weightings: Added to, ``(W, N)``.
        d_parameters: Written where the erase and add vectors are.
        kept: Scratch, a vector for each head.
    """
    words, padded, addressing = sizes.words, sizes.padded, sizes.addressing
    stride, step = addressing + 2 * words, lanes(memory)
    for h in range(sizes.writes):
        for m in range(2 * words):
            d_parameters[h * stride + addressing + m] = 0.0
    for i in range(0, padded, step):
        for m in range(words):
            d_row = load(d_memory, m * padded + i)
            before = load(memory, m * padded + i) * d_row
            for h in range(sizes.writes):
                erase = h * stride + addressing + m
                weight = load(weightings, h * padded + i)
                d_parameters[erase + words] += sum_of(weight * d_row)
                store(
                    load(d_weightings, h * padded + i) + d_row * parameters[erase + words],
                    d_weightings,
                    h * padded + i,
                )
                store(before, kept, h * step)
                before *= 1.0 - weight * parameters[erase]
            others = zeros(memory) + 1.0
            for h in range(sizes.writes - 1, -1, -1):
                erase = h * stride + addressing + m
                weight = load(weightings, h * padded + i)
                d_keep = load(kept, h * step) * others
                d_parameters[erase] -= sum_of(d_keep * weight)
                store(
                    load(d_weightings, h * padded + i) - d_keep * parameters[erase],
                    d_weightings,
                    h * padded + i,
                )
                others *= 1.0 - weight * parameters[erase]
            store(d_row * others, d_memory, m * padded + i)


@kernel
def read(memory: Any, weighting: Any, sizes: Sizes, read_vector: Any) -> None:
    """Read with one head into ``(M,)``."""
    for m in range(sizes.words):
        total = zeros(memory)
        for i in range(0, sizes.padded, lanes(memory)):
            total += load(weighting, i) * load(memory, m * sizes.padded + i)
        read_vector[m] = sum_of(total)


@kernel
def read_backward(
    memory: Any, key: Any, d_read: Any, sizes: Sizes, d_weighting: Any, dot: Any
) -> None:
    """Add the gradient of a read to that of the weighting; write the key's products.

    Args:
        memory: ``(M, N)``.
        key: Of the same head, ``(M,)``.
        d_read: Gradient of the read vector, ``(M,)``.
        sizes: The sizes.
        d_weighting: Added to, ``(N,)``.
        dot: Written: the product of the key and each location, ``(N,)``.
    """
    for i in range(0, sizes.padded, lanes(memory)):
        gradient, product = load(d_weighting, i), zeros(memory)
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            gradient += row * d_read[m]
            product += row * key[m]
        store(gradient, d_weighting, i)
        store(product, dot, i)
