"""Writing in one step, forward and backward (equations 3 and 4): every erase before every add.

A single head, which most machines have, goes its own way: without loops over heads inside,
the loop over words keeps all that it needs in registers.
"""

from __future__ import annotations

from typing import NamedTuple

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.names import (
    Lanes,
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.sums import postpone, row_length, write_sums
from ntm_agents.kernels.numba.lang.vectors import square_root
from ntm_agents.kernels.numba.layout import MemorySizes
from ntm_agents.ntm.addressing import SIMILARITY_EPSILON


class Writing(NamedTuple):
    """A few locations that all heads write to.

    Attributes:
        memory: Before the write, ``(M, …)``.
        weightings: Of the write heads, ``(W, …)``.
        vectors: Erase and add vector of the first head; the others' are a stride behind.
    """

    memory: Pointer
    weightings: Pointer
    vectors: Pointer


@kernel
def write(
    memory: Pointer,
    weightings: Pointer,
    parameters: Pointer,
    sizes: MemorySizes,
    written: Pointer,
    inverse: Pointer,
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
        here = Writing(at(memory, i), at(weightings, i), at(parameters, sizes.addressing))
        place = at(written, i)
        if sizes.writes == 1:
            squares = _write_one(here, sizes, place)
        else:
            squares = _write_several(here, sizes, place)
        # Who addresses next needs the norms: the squares are at hand here.
        store(1.0 / square_root(squares), inverse, i)


@inlined
def _write_one(here: Writing, sizes: MemorySizes, written: Pointer) -> Lanes:
    """Write a few locations with the only head; return the squares of their norms."""
    squares, weight = zeros(written) + SIMILARITY_EPSILON, load(here.weightings, 0)
    words, padded, erase = sizes.words, sizes.padded, here.vectors
    for m in range(words):
        row = load(here.memory, m * padded)
        # M (1 - w e) + w a with two multiplications and two fused additions.
        row -= weight * (row * erase[m] - erase[words + m])
        store(row, written, m * padded)
        squares += row * row
    return squares


@inlined
def _write_several(here: Writing, sizes: MemorySizes, written: Pointer) -> Lanes:
    """Do what `_write_one` does, with several heads."""
    squares, padded, words = zeros(written) + SIMILARITY_EPSILON, sizes.padded, sizes.words
    stride, weightings, erases = sizes.addressing + 2 * words, here.weightings, here.vectors
    for m in range(words):
        row = load(here.memory, m * padded)
        # Equation 3 for all heads before equation 4 for any: every erase before every add.
        for h in range(sizes.writes):
            row *= 1.0 - load(weightings, h * padded) * erases[h * stride + m]
        for h in range(sizes.writes):
            row += load(weightings, h * padded) * erases[h * stride + words + m]
        store(row, written, m * padded)
        squares += row * row
    return squares


class WriteScratch(NamedTuple):
    """What a write needs on its way back.

    Attributes:
        kept: A vector for each head.
        sums: For each head 2 M postponed sums, and R more.
    """

    kept: Pointer
    sums: Pointer


@kernel
def write_backward(
    memory: Pointer,
    weightings: Pointer,
    parameters: Pointer,
    sizes: MemorySizes,
    d_memory: Pointer,
    d_weightings: Pointer,
    d_parameters: Pointer,
    scratch: WriteScratch,
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
        scratch: Scratch.
    """
    sums = scratch.sums
    of_head, addressing = 2 * sizes.words, sizes.addressing
    for i in range(0, sizes.padded, lanes(memory)):
        here = Writing(at(memory, i), at(weightings, i), at(parameters, addressing))
        d_here, d_weights = at(d_memory, i), at(d_weightings, i)
        if sizes.writes == 1:
            _write_one_backward(here, sizes, d_here, d_weights, sums, i == 0)
        else:
            _write_several_backward(here, sizes, d_here, d_weights, scratch, i == 0)
    for h in range(sizes.writes):
        d_erase = at(d_parameters, h * (addressing + of_head) + addressing)
        write_sums(at(sums, h * of_head * row_length(sums)), of_head, d_erase)


@inlined
def _write_one_backward(
    here: Writing,
    sizes: MemorySizes,
    d_memory: Pointer,
    d_weighting: Pointer,
    sums: Pointer,
    first: bool,
) -> None:
    """Carry gradients of a few locations back through the only head's write."""
    weight, d_weight = load(here.weightings, 0), load(d_weighting, 0)
    words, padded, erase = sizes.words, sizes.padded, here.vectors
    for m in range(words):
        row, d_row = load(here.memory, m * padded), load(d_memory, m * padded)
        d_add = d_row * weight
        # Gradients of erase and add vectors are sums over locations: postponed, (2 M, R).
        postpone(0.0 - d_add * row, sums, m, first)
        postpone(d_add, sums, words + m, first)
        # The same bracket as on the way forward.
        d_weight -= d_row * (row * erase[m] - erase[words + m])
        # In place: the gradient of the memory after the write is not needed again.
        store(d_row - d_add * erase[m], d_memory, m * padded)
    store(d_weight, d_weighting, 0)


@inlined
def _write_several_backward(
    here: Writing,
    sizes: MemorySizes,
    d_memory: Pointer,
    d_weightings: Pointer,
    scratch: WriteScratch,
    first: bool,
) -> None:
    """Do what `_write_one_backward` does, with several heads.

    The gradient of an erase holds the product of what the *other* heads keep of the row: of
    those before it from a loop forward, of those behind it from one backward.
    """
    weightings, erases, kept, sums = here.weightings, here.vectors, scratch.kept, scratch.sums
    words, padded, step = sizes.words, sizes.padded, lanes(kept)
    stride = sizes.addressing + 2 * words
    for m in range(words):
        d_row = load(d_memory, m * padded)
        d_kept, share = load(here.memory, m * padded) * d_row, zeros(kept) + 1.0
        for h in range(sizes.writes):
            # What the heads before this one leave, times the gradient: kept for the loop
            # backward.
            store(d_kept, kept, h * step)
            d_kept *= 1.0 - load(weightings, h * padded) * erases[h * stride + m]
        for h in range(sizes.writes - 1, -1, -1):
            weight, erase = load(weightings, h * padded), h * stride + m
            d_keep = load(kept, h * step) * share
            postpone(0.0 - d_keep * weight, sums, 2 * words * h + m, first)
            postpone(weight * d_row, sums, 2 * words * h + words + m, first)
            d_weight = load(d_weightings, h * padded) + d_row * erases[erase + words]
            store(d_weight - d_keep * erases[erase], d_weightings, h * padded)
            # What the heads behind leave; never divided, a factor may be zero.
            share *= 1.0 - weight * erases[erase]
        store(d_row * share, d_memory, m * padded)
