"""The recurrent core backward over whole sequences, a tile of them in step."""

from __future__ import annotations

from ntm_agents.kernels.numba.backward_scratch import (
    BackwardPass,
    Scratch,
    new_scratch,
)
from ntm_agents.kernels.numba.backward_step import step_backward
from ntm_agents.kernels.numba.heads import lower_bounds
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.guards import check_guards
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.pointers import at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba.lang.products import Factors, Rows, combine
from ntm_agents.kernels.numba.layout import Episodes, state_at, tape_at
from ntm_agents.kernels.numba.totals import add_to_totals, clear_totals
from ntm_agents.kernels.numba.workspace import TILE, clear_state, copy_state, working_state


@kernel
def backward(first: int, last: int, given: BackwardPass) -> None:
    """Carry gradients back through sequences ``first … last - 1``.

    Args:
        first: First sequence.
        last: One past the last sequence.
        given: Arrays of all sequences.
    """
    sizes, episodes, wants_inputs = given.sizes, given.episodes, given.d_inputs.size > 0
    run = BackwardPass(
        sizes,
        pointers(given.weights),
        Episodes(
            episodes.from_initial,
            episodes.restart,
            pointer(episodes.starts),
            pointers(episodes.initial),
        ),
        pointer(given.start_weightings),
        pointers(given.tape),
        pointer(given.d_results),
        given.d_entropy,
        given.to_final,
        pointers(given.d_state),
        pointers(given.d_initial),
        pointer(given.d_inputs),
        pointers(given.totals),
    )
    buffers = working_state(sizes, given.d_results), new_scratch(sizes, given.d_results)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    lower_bounds(sizes, scratch.lowest)
    # Each thread has totals of its own, added up in Python: no lock, and always the same bits.
    clear_totals(given.totals)
    # The last sequences come first: of them the tape is still in the cache.
    for tile in range(-(-(last - first) // TILE) - 1, -1, -1):
        b = first + tile * TILE
        sequences = min(TILE, last - b)
        for j in range(sequences):
            target = state_at(working, sizes, sizes.padded, j)
            # Most losses do not look at the final state; zeros are cheaper than copies of
            # zeros.
            if given.to_final:
                source = state_at(run.d_state, sizes, sizes.locations, b + j)
                copy_state(source, sizes.locations, sizes, target, sizes.padded)
            else:
                clear_state(target, sizes)
        for t in range(sizes.steps - 1, -1, -1):
            step_backward(run, b, sequences, t, working, scratch)
        # Gradients of the layers' sums are used up while they are in the second-level cache.
        rows, first_row = sequences * sizes.steps, b * sizes.steps
        add_to_totals(
            run.totals,
            tape_at(run.tape, sizes, b, 0),
            scratch.d_gates,
            scratch.d_raw,
            at(run.d_results, first_row * sizes.outputs),
            sizes,
            rows,
        )
        if wants_inputs:
            _inputs_backward(run, scratch, rows, at(run.d_inputs, first_row * sizes.inputs))
        for j in range(sequences if not episodes.from_initial else 0):
            source = state_at(working, sizes, sizes.padded, j)
            target = state_at(run.d_state, sizes, sizes.locations, b + j)
            copy_state(source, sizes.padded, sizes, target, sizes.locations)
    if GUARD_BYTES > 0:
        check_guards(buffers[0])
        check_guards(buffers[1])
    keep_alive(buffers)


@kernel
def _inputs_backward(run: BackwardPass, scratch: Scratch, rows: int, d_inputs: Pointer) -> None:
    """Write the gradient of the inputs of all steps of a tile."""
    sizes = run.sizes
    combine(
        Rows(run.weights.inputs, sizes.inputs),
        sizes.inputs,
        Factors(scratch.d_gates, sizes.layers * sizes.gates, 1),
        sizes.gates,
        Rows(scratch.zeros, 0),
        Rows(d_inputs, sizes.inputs),
        rows,
    )
