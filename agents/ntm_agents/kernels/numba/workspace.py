"""The states of the sequences that a kernel works on, in rows padded to whole vectors."""

from __future__ import annotations

import numpy as np

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.guards import fill_with_guards
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES, REGISTER_BYTES
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, lanes, number_for, pointer, prefetch_line
from ntm_agents.kernels.numba.layout import Sizes, State, Tape

TILE = 4
"""Sequences that take a step together: the controller's weights are then read once for all."""

_CACHE_LINE = 64


@kernel
def clear(target: Pointer, count: int) -> None:
    """Write zeros."""
    for i in range(count):
        target[i] = number_for(target, 0.0)


@kernel
def aligned(count: int, like: Pointer) -> Pointer:
    """Return any numbers of the type of an array, from the beginning of a cache line."""
    guard = GUARD_BYTES // like.itemsize
    # Numba's arrays begin anywhere; vectors that straddle cache lines take twice as long.
    block = np.empty(count + _CACHE_LINE // like.itemsize + 2 * guard, like.dtype)
    if GUARD_BYTES > 0:
        fill_with_guards(block)
    misplaced = int(block.ctypes.data) % _CACHE_LINE
    first = guard + (_CACHE_LINE - misplaced) // like.itemsize
    return block[first : first + count]


@kernel
def aligned_zeros(count: int, like: Pointer) -> Pointer:
    """Return zeros of the type of an array, from the beginning of a cache line."""
    numbers = aligned(count, like)
    clear(pointer(numbers), count)
    return numbers


@kernel
def working_state(sizes: Sizes, like: Pointer) -> State:
    """Return zeros for the states of a tile of sequences."""
    return State(
        aligned_zeros(TILE * sizes.state.memory, like),
        aligned_zeros(TILE * sizes.state.weightings, like),
        aligned_zeros(TILE * sizes.state.read_vectors, like),
        aligned_zeros(TILE * sizes.state.controller, like),
    )


@kernel
def postponed_sums(count: int, like: Pointer) -> Pointer:
    """Return room for sums of `lang.sums`, and for those behind them that are read too."""
    row = REGISTER_BYTES // like.itemsize
    return aligned((count + row) * row, like)


@kernel
def copy(source: Pointer, count: int, target: Pointer) -> None:
    """Copy numbers from pointer to pointer."""
    for i in range(count):
        target[i] = source[i]


@kernel
def copy_rows(
    source: Pointer, source_row: int, rows: int, count: int, target: Pointer, target_row: int
) -> None:
    """Copy the first numbers of each row of a matrix into another, with zeros behind them."""
    for row in range(rows):
        copied = at(target, row * target_row)
        copy(at(source, row * source_row), count, copied)
        # Zeros in the padding: no loop over locations has to ask where they end.
        clear(at(copied, count), target_row - count)


@kernel
def copy_state(source: State, source_row: int, sizes: Sizes, target: State, row: int) -> None:
    """Copy the state of one sequence between rows of different lengths."""
    n = sizes.locations
    copy_rows(source.memory, source_row, sizes.words, n, target.memory, row)
    copy_rows(source.weightings, source_row, sizes.heads, n, target.weightings, row)
    copy(source.read_vectors, sizes.state.read_vectors, target.read_vectors)
    copy(source.controller, sizes.state.controller, target.controller)


@kernel
def clear_state(state: State, sizes: Sizes) -> None:
    """Write zeros to the state of one sequence in padded rows."""
    clear(state.memory, sizes.state.memory)
    clear(state.weightings, sizes.state.weightings)
    clear(state.read_vectors, sizes.state.read_vectors)
    clear(state.controller, sizes.state.controller)


@kernel
def add(source: Pointer, count: int, target: Pointer) -> None:
    """Add numbers to others."""
    for i in range(count):
        target[i] += source[i]


@kernel
def _move(
    source: Pointer, source_row: int, rows: int, count: int, target: Pointer, row: int
) -> None:
    for k in range(rows):
        add(at(source, k * source_row), count, at(target, k * row))
    # Nothing passes from an episode to the one before it.
    clear(source, rows * source_row)


@kernel
def move_state(source: State, sizes: Sizes, target: State) -> None:
    """Add a gradient in padded rows to one in rows of N, and leave zeros."""
    n, padded = sizes.locations, sizes.padded
    _move(source.memory, padded, sizes.words, n, target.memory, n)
    _move(source.weightings, padded, sizes.heads, n, target.weightings, n)
    reads, controller = sizes.state.read_vectors, sizes.state.controller
    _move(source.read_vectors, reads, 1, reads, target.read_vectors, reads)
    _move(source.controller, controller, 1, controller, target.controller, controller)


@kernel
def prefetch(numbers: Pointer, count: int) -> None:
    """Prefetch numbers that will be read or written soon."""
    # A quarter of a vector is at most a cache line.
    for i in range(0, count, lanes(numbers) // 4):
        prefetch_line(numbers, i)


@kernel
def prefetch_step(tape: Tape, sizes: Sizes) -> None:
    """Prefetch a step of the tape, but for its checkpoint."""
    prefetch(tape.parameters, sizes.parameters)
    prefetch(tape.content, sizes.step.content)
    prefetch(tape.weightings, sizes.step.weightings)
    prefetch(tape.seen, sizes.step.seen)
    prefetch(tape.cells, sizes.step.cells)
    prefetch(tape.gates, sizes.step.gates)
    prefetch(tape.outputs, sizes.step.outputs)
