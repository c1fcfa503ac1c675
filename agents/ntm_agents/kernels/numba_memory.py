"""Reading and writing in one step, forward and backward (equations 2 to 4)."""

from __future__ import annotations

from typing import Any

from ntm_agents.addressing import SIMILARITY_EPSILON
from ntm_agents.kernels.numba_compile import inlined, kernel
from ntm_agents.kernels.numba_pointers import (
    at,
    lanes,
    load,
    store,
    zeros,
)
from ntm_agents.kernels.numba_tape import Sizes
from ntm_agents.kernels.numba_vectors import (
    square_root,
    sum_of,
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
    words, padded, addressing = sizes.words, sizes.padded, sizes.addressing
    stride = addressing + 2 * words
    for i in range(0, padded, lanes(memory)):
        squares = zeros(memory) + SIMILARITY_EPSILON
        weight = load(weightings, i)
        for m in range(words):
            erase, row = addressing + m, load(memory, m * padded + i)
            row *= 1.0 - weight * parameters[erase]
            for h in range(1, sizes.writes):
                others = load(weightings, h * padded + i)
                row *= 1.0 - others * parameters[h * stride + erase]
            row += weight * parameters[erase + words]
            for h in range(1, sizes.writes):
                others = load(weightings, h * padded + i)
                row += others * parameters[h * stride + erase + words]
            store(row, written, m * padded + i)
            squares += row * row
        store(1.0 / square_root(squares), inverse, i)


@inlined
def _write_backward_of_others(
    d_row: Any,
    d_kept: Any,
    weightings: Any,
    erases: Any,
    sizes: Sizes,
    d_weightings: Any,
    d_erases: Any,
    kept: Any,
) -> Any:
    """Carry a gradient back through one row of a write, for all heads but the first.

    Args:
        d_row: Gradient of the row after the write.
        d_kept: Product of the row, as the first head leaves it, and its gradient.
        weightings: Of all heads, from the row's first location on.
        erases: The first head's erase for this row, among all parameters.
        sizes: The sizes.
        d_weightings: Added to.
        d_erases: Added to, with the gradients of the adds.
        kept: Scratch: what of ``d_kept`` is left by the heads before each.

    Returns:
        What share of the row these heads keep.
    """
    words, padded, step = sizes.words, sizes.padded, lanes(kept)
    stride = sizes.addressing + 2 * words
    for h in range(1, sizes.writes):
        store(d_kept, kept, h * step)
        d_kept *= 1.0 - load(weightings, h * padded) * erases[h * stride]
    kept_by_later = zeros(kept) + 1.0
    for h in range(sizes.writes - 1, 0, -1):
        weight, erase, add = load(weightings, h * padded), h * stride, h * stride + words
        d_keep = load(kept, h * step) * kept_by_later
        d_erases[erase] -= sum_of(d_keep * weight)
        d_erases[add] += sum_of(weight * d_row)
        d_weight = load(d_weightings, h * padded) + d_row * erases[add]
        store(d_weight - d_keep * erases[erase], d_weightings, h * padded)
        kept_by_later *= 1.0 - weight * erases[erase]
    return kept_by_later


@kernel
def write_backward(
    memory: Any,
    weightings: Any,
    parameters: Any,
    sizes: Sizes,
    d_memory: Any,
    d_weightings: Any,
    d_parameters: Any,
    scratch: Any,
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
        scratch: A vector for each head.
    """
    words, padded, addressing = sizes.words, sizes.padded, sizes.addressing
    stride, step = addressing + 2 * words, lanes(memory)
    for h in range(sizes.writes):
        for m in range(2 * words):
            d_parameters[h * stride + addressing + m] = 0.0
    for i in range(0, padded, step):
        weight, d_weight = load(weightings, i), load(d_weightings, i)
        for m in range(words):
            erase, d_row = addressing + m, load(d_memory, m * padded + i)
            d_kept = load(memory, m * padded + i) * d_row
            d_parameters[erase + words] += sum_of(weight * d_row)
            d_weight += d_row * parameters[erase + words]
            kept = 1.0 - weight * parameters[erase]
            if sizes.writes > 1:
                kept_by_others = _write_backward_of_others(
                    d_row,
                    d_kept * kept,
                    at(weightings, i),
                    at(parameters, erase),
                    sizes,
                    at(d_weightings, i),
                    at(d_parameters, erase),
                    scratch,
                )
                d_kept *= kept_by_others
                kept *= kept_by_others
            d_parameters[erase] -= sum_of(d_kept * weight)
            d_weight -= d_kept * parameters[erase]
            store(d_row * kept, d_memory, m * padded + i)
        store(d_weight, d_weightings, i)


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
