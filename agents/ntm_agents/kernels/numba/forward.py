"""The recurrent core forward over whole sequences, a few of them in step."""

from __future__ import annotations

from typing import Any, NamedTuple

from ntm_agents.kernels.numba.addressing import address, inverse_norms
from ntm_agents.kernels.numba.controller import controller_step
from ntm_agents.kernels.numba.heads import lower_bounds, squash_heads
from ntm_agents.kernels.numba.lang.compile import kernel, step_of
from ntm_agents.kernels.numba.lang.guards import check_guards
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES
from ntm_agents.kernels.numba.lang.pointers import at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba.lang.products import combine
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.kernels.numba.reads import read
from ntm_agents.kernels.numba.tape import (
    Sizes,
    State,
    Tape,
    Weights,
    head_offset,
    sizes_of,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba.workspace import (
    TILE,
    aligned_zeros,
    copy,
    copy_state,
    prefetch_step,
    working_state,
)
from ntm_agents.kernels.numba.writes import write


class Scratch(NamedTuple):
    """Numbers that a step needs beside the state.

    Attributes:
        inverses: One over the norm of each sequence's locations, ``(TILE, N')``.
        raw: Output of the head layer, ``(TILE, P')``.
        circle: See `address`.
        lowest: See `lower_bounds`.
        above_zero: See `squash_heads`.
        shifts: See `squash_heads`.
    """

    inverses: Any
    raw: Any
    circle: Any
    lowest: Any
    above_zero: Any
    shifts: Any


@kernel
def _new_scratch(sizes: Sizes, like: Any) -> Scratch:
    return Scratch(
        aligned_zeros(TILE * sizes.padded, like),
        aligned_zeros(TILE * sizes.padded_parameters, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(TILE * 2 * sizes.heads + VECTOR_BYTES // like.itemsize, like),
        aligned_zeros(TILE * sizes.heads * sizes.shifts + VECTOR_BYTES // like.itemsize, like),
    )


@step_of
def _memory_step(
    working: State,
    inverse: Any,
    previous: Any,
    sizes: Sizes,
    tape: Tape,
    circle: Any,
    any_previous: bool,
) -> None:
    """Write, then read, in one sequence.

    Args:
        working: Its state, updated but for the weightings, which go to the tape.
        inverse: One over the norms of its locations, before the write and then after it.
        previous: Last weightings, ``(H, N')``.
        sizes: The sizes.
        tape: Its step.
        circle: Scratch.
        any_previous: See `address`.
    """
    memory, padded, writing = working.memory, sizes.padded, sizes.reads * sizes.padded
    for k in range(sizes.heads):
        h = (sizes.reads + k) % sizes.heads
        if h == 0:
            parameters = at(tape.parameters, head_offset(sizes, sizes.reads))
            write(memory, at(tape.weightings, writing), parameters, sizes, memory, inverse)
        address(
            memory,
            inverse,
            at(previous, h * padded),
            at(tape.parameters, head_offset(sizes, h)),
            sizes,
            at(tape.content, h * padded),
            at(tape.weightings, h * padded),
            circle,
            any_previous,
        )
    for h in range(sizes.reads):
        read_vector = at(working.read_vectors, h * sizes.words)
        read(memory, at(tape.weightings, h * padded), sizes, read_vector)


@step_of
def _step(
    first: int,
    sequences: int,
    t: int,
    sizes: Sizes,
    inputs: Any,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    working: State,
    tape: Tape,
    results: Any,
    scratch: Scratch,
) -> None:
    """Take step ``t`` of a few sequences; see `forward`."""
    padded, read_size, size = sizes.padded, sizes.reads * sizes.words, sizes.controller
    features = sizes.features
    s = t if sizes.segment > 0 else 0
    for j in range(sequences):
        state, inverse = state_at(working, sizes, padded, j), at(scratch.inverses, j * padded)
        starts = from_initial and t == 0
        starts = starts or (episode_starts.size > 0 and episode_starts[first + j, t])
        if starts:
            copy_state(initial, sizes.locations, sizes, state, padded)
        if starts or t == 0:
            inverse_norms(state.memory, sizes, inverse)
        if sizes.segment > 0 and t % sizes.segment == 0:
            copy(state.memory, sizes.memory, tape_at(tape, sizes, first + j, s).checkpoints)
    of_first = tape_at(tape, sizes, first, s)
    seen = at(inputs, (first * sizes.steps + t) * sizes.inputs)
    controller_step(seen, weights, working, sizes, sequences, of_first)
    active, of_active = at(of_first.outputs, sizes.active - features), sizes.kept * sizes.active
    combine(
        weights.heads,
        sizes.parameters,
        sizes.parameters,
        active,
        of_active,
        1,
        size,
        weights.head_bias,
        0,
        scratch.raw,
        sizes.padded_parameters,
        sequences,
    )
    squash_heads(
        scratch.raw,
        scratch.lowest,
        sizes,
        sequences,
        of_first.parameters,
        scratch.above_zero,
        scratch.shifts,
    )
    for j in range(sequences):
        b = first + j
        prefetch_step(tape_at(tape, sizes, b, min(s + 1, sizes.kept - 1)), sizes)
        state, kept = state_at(working, sizes, padded, j), tape_at(tape, sizes, b, s)
        inverse = at(scratch.inverses, j * padded)
        any_previous = t == 0 and not from_initial
        _memory_step(
            state, inverse, state.weightings, sizes, kept, scratch.circle, any_previous
        )
        copy(kept.weightings, sizes.heads * padded, state.weightings)
        copy(state.read_vectors, read_size, at(active, j * of_active + size))
    if sizes.outputs > 0:
        combine(
            weights.output,
            sizes.outputs,
            sizes.outputs,
            active,
            of_active,
            1,
            features,
            weights.output_bias,
            0,
            at(results, (first * sizes.steps + t) * sizes.outputs),
            sizes.steps * sizes.outputs,
            sequences,
        )
    else:
        for j in range(sequences):
            result = at(results, ((first + j) * sizes.steps + t) * features)
            copy(at(active, j * of_active), features, result)


@kernel
def forward(
    first: int,
    last: int,
    segment: int,
    num_read_heads: int,
    inputs: Any,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    state: State,
    tape: Tape,
    results: Any,
) -> None:
    """Run sequences ``first … last - 1``.

    Args:
        first: First sequence.
        last: One past the last sequence.
        segment: Steps between two checkpoints of memory; 0 keeps nothing.
        num_read_heads: R.
        inputs: ``(B, T, I)``.
        weights: Matrices transposed, ``(inputs, outputs)``.
        from_initial: Whether every sequence begins with an episode.
        episode_starts: ``(B, T)``, or empty.
        initial: State at episode starts, with B = 1.
        state: Before the first step; overwritten by that after the last.
        tape: Written.
        results: Written: outputs, ``(B, T, O)``, or features, ``(B, T, C + R · M)``.
    """
    sizes = sizes_of(state, tape, weights, inputs.shape[1], segment, num_read_heads)
    buffers = working_state(sizes, results), _new_scratch(sizes, results)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    states = pointers(state)
    lower_bounds(sizes, scratch.lowest)
    for b in range(first, last, TILE):
        sequences = min(TILE, last - b)
        for j in range(sequences if not from_initial else 0):
            given = state_at(states, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(given, sizes.locations, sizes, taken, sizes.padded)
        for t in range(inputs.shape[1]):
            _step(
                b,
                sequences,
                t,
                sizes,
                pointer(inputs),
                pointers(weights),
                from_initial,
                episode_starts,
                pointers(initial),
                working,
                pointers(tape),
                pointer(results),
                scratch,
            )
        for j in range(sequences):
            given = state_at(states, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(taken, sizes.padded, sizes, given, sizes.locations)
    if GUARD_BYTES > 0:
        check_guards(buffers[0])
        check_guards(buffers[1])
    keep_alive(buffers)
