"""The recurrent core backward over whole sequences, a few of them in step."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.backward_scratch import Scratch, new_scratch
from ntm_agents.kernels.numba.backward_step import step_backward
from ntm_agents.kernels.numba.heads import lower_bounds
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.guards import check_guards
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES
from ntm_agents.kernels.numba.lang.pointers import at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba.lang.products import combine
from ntm_agents.kernels.numba.tape import (
    Sizes,
    State,
    Tape,
    Weights,
    sizes_of,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba.totals import add_to_totals, clear_totals
from ntm_agents.kernels.numba.workspace import TILE, clear_state, copy_state, working_state


@kernel
def backward(
    first: int,
    last: int,
    segment: int,
    num_read_heads: int,
    blur_penalty: float,
    weights: Weights,
    from_initial: bool,
    to_final: bool,
    episode_starts: Any,
    initial: State,
    start_weightings: Any,
    tape: Tape,
    d_results: Any,
    gradient: State,
    d_initial: State,
    d_inputs: Any,
    totals: Weights,
) -> None:
    """Carry gradients back through sequences ``first … last - 1``.

    The last come first: of them the tape is still in the cache.

    Args:
        first: First sequence.
        last: One past the last sequence.
        segment: Steps between two checkpoints of memory.
        num_read_heads: R.
        blur_penalty: See `Run`.
        weights: Matrices as they are, ``(outputs, inputs)``.
        from_initial: See `forward`.
        to_final: Whether the final state has a gradient.
        episode_starts: ``(B, T)``, or empty.
        initial: State at episode starts, with B = 1.
        start_weightings: Before the first step, ``(B, H, N)``; not looked at with
            ``from_initial``.
        tape: From `forward`.
        d_results: Gradient of what `forward` writes.
        gradient: Of the state after the last step, looked at with ``to_final``; overwritten by
            that before the first step, but with ``from_initial``.
        d_initial: Added to: gradient of the initial state, with B = 1.
        d_inputs: Written: gradient of the inputs, ``(B, T, I)``; empty if not wanted.
        totals: Overwritten.
    """
    steps = d_results.shape[1]
    sizes = sizes_of(initial, tape, weights, steps, segment, num_read_heads)
    buffers = working_state(sizes, d_results), new_scratch(sizes, d_results)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    gradients = pointers(gradient)
    lower_bounds(sizes, scratch.lowest)
    clear_totals(totals)
    for tile in range(-(-(last - first) // TILE) - 1, -1, -1):
        b = first + tile * TILE
        sequences = min(TILE, last - b)
        for j in range(sequences):
            taken = state_at(working, sizes, sizes.padded, j)
            if to_final:
                given = state_at(gradients, sizes, sizes.locations, b + j)
                copy_state(given, sizes.locations, sizes, taken, sizes.padded)
            else:
                clear_state(taken, sizes)
        for t in range(steps - 1, -1, -1):
            step_backward(
                b,
                sequences,
                t,
                sizes,
                blur_penalty,
                pointers(weights),
                from_initial,
                episode_starts,
                pointers(initial),
                pointer(start_weightings),
                pointers(tape),
                pointer(d_results),
                working,
                pointers(d_initial),
                scratch,
            )
        add_to_totals(
            pointers(totals),
            tape_at(pointers(tape), sizes, b, 0),
            scratch.d_gates,
            scratch.d_raw,
            at(pointer(d_results), b * steps * sizes.outputs),
            sizes,
            sequences * steps,
        )
        if d_inputs.size > 0:
            _inputs_backward(
                weights,
                scratch,
                sizes,
                sequences * steps,
                at(pointer(d_inputs), b * steps * sizes.inputs),
            )
        for j in range(sequences if not from_initial else 0):
            given = state_at(gradients, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(taken, sizes.padded, sizes, given, sizes.locations)
    if GUARD_BYTES > 0:
        check_guards(buffers[0])
        check_guards(buffers[1])
    keep_alive(buffers)


@kernel
def _inputs_backward(
    weights: Weights, scratch: Scratch, sizes: Sizes, rows: int, d_inputs: Any
) -> None:
    """Write the gradient of the inputs of all steps of a few sequences."""
    combine(
        pointer(weights.inputs),
        sizes.inputs,
        sizes.inputs,
        scratch.d_gates,
        sizes.layers * sizes.gates,
        1,
        sizes.gates,
        scratch.nothing,
        0,
        d_inputs,
        sizes.inputs,
        rows,
    )
