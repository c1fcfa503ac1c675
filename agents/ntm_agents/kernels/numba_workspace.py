"""The state of the one sequence that a kernel works on, in rows padded to whole vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_tape import Sizes, State
from ntm_agents.kernels.numba_vectors import at, pointer

_CACHE_LINE = 64


@kernel
def aligned_zeros(count: int, like: Any) -> Any:
    """Return zeros of the type of an array, from the beginning of a cache line."""
    block = np.zeros(count + _CACHE_LINE // like.itemsize, like.dtype)
    misplaced = int(block.ctypes.data) % _CACHE_LINE
    first = (_CACHE_LINE - misplaced) // like.itemsize
    return block[first : first + count]


@kernel
def working_state(state: State, sizes: Sizes) -> State:
    """Return zeros for the state of one sequence."""
    parts, layers, size = state.controller.shape[1:]
    heads = sizes.reads + sizes.writes
    return State(
        aligned_zeros(sizes.words * sizes.padded, state.memory).reshape(
            (1, sizes.words, sizes.padded)
        ),
        aligned_zeros(heads * sizes.padded, state.memory).reshape((1, heads, sizes.padded)),
        aligned_zeros(sizes.reads * sizes.words, state.memory).reshape((1, -1)),
        aligned_zeros(parts * layers * size, state.memory).reshape((1, parts, layers, size)),
    )


@kernel
def copy(source: Any, count: int, target: Any) -> None:
    """Copy numbers from pointer to pointer."""
    for i in range(count):
        target[i] = source[i]


@kernel
def copy_rows(
    source: Any, source_width: int, rows: int, width: int, target: Any, target_width: int
) -> None:
    """Copy the first ``width`` numbers of each row of a matrix into those of another."""
    for row in range(rows):
        copy(at(source, row * source_width), width, at(target, row * target_width))


@kernel
def copy_state(source: State, b: int, sizes: Sizes, target: State, b_target: int) -> None:
    """Copy the state of one sequence; rows of either may be padded."""
    rows = source.memory.shape[2], target.memory.shape[2]
    memory, weightings = pointer(source.memory[b]), pointer(source.weightings[b])
    target_memory = pointer(target.memory[b_target])
    target_weightings = pointer(target.weightings[b_target])
    copy_rows(memory, rows[0], sizes.words, sizes.locations, target_memory, rows[1])
    copy_rows(
        weightings,
        rows[0],
        sizes.reads + sizes.writes,
        sizes.locations,
        target_weightings,
        rows[1],
    )
    target.read_vectors[b_target] = source.read_vectors[b]
    target.controller[b_target] = source.controller[b]


@kernel
def add_rows(source: Any, width: int, target: Any) -> None:
    """Add the first ``width`` numbers of each row of a matrix to those of another."""
    for row in range(source.shape[0]):
        for i in range(width):
            target[row, i] += source[row, i]
