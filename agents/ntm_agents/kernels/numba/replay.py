"""The memory of past steps, written again from the last checkpoint.

To keep every memory would be exact, too, but the first touch of fresh pages costs more time
than to write again; to undo writes instead loses all digits within a few hundred steps.
"""

from __future__ import annotations

from typing import NamedTuple

from ntm_agents.kernels.numba.addressing import inverse_norms
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.pointers import at
from ntm_agents.kernels.numba.layout import (
    Episodes,
    Sizes,
    Tape,
    head_offset,
    memory_sizes,
    tape_at,
)
from ntm_agents.kernels.numba.workspace import copy, copy_rows
from ntm_agents.kernels.numba.writes import write


class Segment(NamedTuple):
    """Memories before and after the steps of a segment, of one sequence; K is the segment.

    Attributes:
        memories: ``(2 K + 1, M, N')``.
        inverses: One over the norms of their locations, ``(2 K + 1, N')``.
        places: For each step which memory was before it; the one after it follows, ``(K,)``.
    """

    memories: Pointer
    inverses: Pointer
    places: Pointer


@kernel
def replay(
    b: int,
    begin: int,
    end: int,
    sizes: Sizes,
    episodes: Episodes,
    tape: Tape,
    segment: Segment,
) -> None:
    """Write again what steps ``begin … end - 1`` of one sequence wrote."""
    memory, inverse = segment.memories, segment.inverses
    size, n, of_memory = sizes.state.memory, sizes.locations, memory_sizes(sizes)
    copy(tape_at(tape, sizes, b, begin).checkpoints, size, memory)
    inverse_norms(memory, of_memory, inverse)
    used = 0
    for t in range(begin, end):
        # A checkpoint was taken after its step's episode had begun.
        if t > begin and episodes.restart and episodes.starts[b * sizes.steps + t] != 0:
            used += 1
            fresh = at(memory, used * size)
            copy_rows(episodes.initial.memory, n, sizes.words, n, fresh, sizes.padded)
            inverse_norms(fresh, of_memory, at(inverse, used * sizes.padded))
        segment.places[t - begin] = used
        step, used = tape_at(tape, sizes, b, t), used + 1
        write(
            at(memory, (used - 1) * size),
            at(step.weightings, sizes.reads * sizes.padded),
            at(step.parameters, head_offset(sizes, sizes.reads)),
            of_memory,
            at(memory, used * size),
            at(inverse, used * sizes.padded),
        )
