"""Writing in one step, forward and backward (equations 3 and 4): every erase before every add.

A single head, which most machines have, goes its own way: without loops over heads inside,
the loop over words keeps all that it needs in registers.
"""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.pointers import at, lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.sums import let_wait, row_length, write_sums
from ntm_agents.kernels.numba.lang.vectors import square_root
from ntm_agents.kernels.numba.layout import Sizes
from ntm_agents.ntm.addressing import SIMILARITY_EPSILON


@kernel
def write(
    memory: Any, weightings: Any, parameters: Any, sizes: Sizes, written: Any, inverse: Any
) -> None:
    """Write with all heads.

    Args:
        memory: Before, ``(M, N)``; may be ``written`` itself.
        weightings: Of the write heads, ``(W, N)``.
        parameters: Of the write heads, ``(W, A + 2 M)``.
        sizes: The sizes.
        written: Written: memory after, ``(M, N)``.
        inverse: Written: one over the norm of each location after, ``(N,)``.
    """
    for i in range(0, sizes.padded, lanes(memory)):
        arguments = (
            at(memory, i),
            at(weightings, i),
            at(parameters, sizes.addressing),
            sizes,
            at(written, i),
        )
        squares = _write_one(*arguments) if sizes.writes == 1 else _write_several(*arguments)
        store(1.0 / square_root(squares), inverse, i)


@inlined
def _write_one(memory: Any, weighting: Any, erase: Any, sizes: Sizes, written: Any) -> Any:
    """Write a few locations with the only head; return the squares of their norms."""
    squares, weight = zeros(memory) + SIMILARITY_EPSILON, load(weighting, 0)
    words, padded = sizes.words, sizes.padded
    for m in range(words):
        row = load(memory, m * padded)
        row -= weight * (row * erase[m] - erase[words + m])
        store(row, written, m * padded)
        squares += row * row
    return squares


@inlined
def _write_several(
    memory: Any, weightings: Any, erases: Any, sizes: Sizes, written: Any
) -> Any:
    """Do what `_write_one` does, with several heads."""
    squares, padded, words = zeros(memory) + SIMILARITY_EPSILON, sizes.padded, sizes.words
    stride = sizes.addressing + 2 * words
    for m in range(words):
        row = load(memory, m * padded)
        for h in range(sizes.writes):
            row *= 1.0 - load(weightings, h * padded) * erases[h * stride + m]
        for h in range(sizes.writes):
            row += load(weightings, h * padded) * erases[h * stride + words + m]
        store(row, written, m * padded)
        squares += row * row
    return squares


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
    sums: Any,
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
        kept: Scratch: a vector for each head.
        sums: Scratch: for each head 2 M waiting sums, and R more.
    """
    of_head, addressing = 2 * sizes.words, sizes.addressing
    for i in range(0, sizes.padded, lanes(memory)):
        arguments = (
            at(memory, i),
            at(weightings, i),
            at(parameters, addressing),
            sizes,
            at(d_memory, i),
            at(d_weightings, i),
            sums,
            i == 0,
        )
        if sizes.writes == 1:
            _write_one_backward(*arguments)
        else:
            _write_several_backward(*arguments, kept)
    for h in range(sizes.writes):
        d_erase = at(d_parameters, h * (addressing + of_head) + addressing)
        write_sums(at(sums, h * of_head * row_length(sums)), of_head, d_erase)


@inlined
def _write_one_backward(
    memory: Any,
    weighting: Any,
    erase: Any,
    sizes: Sizes,
    d_memory: Any,
    d_weighting: Any,
    sums: Any,
    first: bool,
) -> None:
    """Carry gradients of a few locations back through the only head's write."""
    weight, d_weight = load(weighting, 0), load(d_weighting, 0)
    words, padded = sizes.words, sizes.padded
    for m in range(words):
        row, d_row = load(memory, m * padded), load(d_memory, m * padded)
        d_add = d_row * weight
        let_wait(0.0 - d_add * row, sums, m, first)
        let_wait(d_add, sums, words + m, first)
        d_weight -= d_row * (row * erase[m] - erase[words + m])
        store(d_row - d_add * erase[m], d_memory, m * padded)
    store(d_weight, d_weighting, 0)


@inlined
def _write_several_backward(
    memory: Any,
    weightings: Any,
    erases: Any,
    sizes: Sizes,
    d_memory: Any,
    d_weightings: Any,
    sums: Any,
    first: bool,
    kept: Any,
) -> None:
    """Do what `_write_one_backward` does, with several heads.

    The gradient of an erase holds the product of what the *other* heads keep of the row: of
    those before it from a loop forward, of those behind it from one backward.
    """
    words, padded, step = sizes.words, sizes.padded, lanes(kept)
    stride = sizes.addressing + 2 * words
    for m in range(words):
        d_row = load(d_memory, m * padded)
        d_kept, share = load(memory, m * padded) * d_row, zeros(kept) + 1.0
        for h in range(sizes.writes):
            store(d_kept, kept, h * step)
            d_kept *= 1.0 - load(weightings, h * padded) * erases[h * stride + m]
        for h in range(sizes.writes - 1, -1, -1):
            weight, erase = load(weightings, h * padded), h * stride + m
            d_keep = load(kept, h * step) * share
            let_wait(0.0 - d_keep * weight, sums, 2 * words * h + m, first)
            let_wait(weight * d_row, sums, 2 * words * h + words + m, first)
            d_weight = load(d_weightings, h * padded) + d_row * erases[erase + words]
            store(d_weight - d_keep * erases[erase], d_weightings, h * padded)
            share *= 1.0 - weight * erases[erase]
        store(d_row * share, d_memory, m * padded)
