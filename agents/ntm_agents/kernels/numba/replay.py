"""The memory of past steps, written again from the last checkpoint."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.addressing import inverse_norms
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.pointers import at
from ntm_agents.kernels.numba.tape import Sizes, State, Tape, head_offset, tape_at
from ntm_agents.kernels.numba.workspace import copy, copy_rows
from ntm_agents.kernels.numba.writes import write


@kernel
def replay(
    b: int,
    begin: int,
    end: int,
    sizes: Sizes,
    episode_starts: Any,
    initial: State,
    tape: Tape,
    memory: Any,
    inverse: Any,
    places: Any,
) -> None:
    """Write again what steps ``begin … end - 1`` of one sequence wrote."""
    copy(tape_at(tape, sizes, b, begin).checkpoints, sizes.memory, memory)
    inverse_norms(memory, sizes, inverse)
    used, n = 0, sizes.locations
    for t in range(begin, end):
        if t > begin and episode_starts.size > 0 and episode_starts[b, t]:
            used += 1
            fresh = at(memory, used * sizes.memory)
            copy_rows(initial.memory, n, sizes.words, n, fresh, sizes.padded)
            inverse_norms(fresh, sizes, at(inverse, used * sizes.padded))
        places[t - begin] = used
        step, used = tape_at(tape, sizes, b, t), used + 1
        write(
            at(memory, (used - 1) * sizes.memory),
            at(step.weightings, sizes.reads * sizes.padded),
            at(step.parameters, head_offset(sizes, sizes.reads)),
            sizes,
            at(memory, used * sizes.memory),
            at(inverse, used * sizes.padded),
        )
