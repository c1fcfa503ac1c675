"""The recurrent core backward over whole sequences, a few of them in step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ntm_agents.kernels.numba_addressing import (
    address_backward,
    compare_backward,
    multiply_key,
)
from ntm_agents.kernels.numba_compile import kernel, step_of
from ntm_agents.kernels.numba_controller import controller_backward
from ntm_agents.kernels.numba_heads import lower_bounds, squash_heads_backward
from ntm_agents.kernels.numba_pointers import at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba_products import combine
from ntm_agents.kernels.numba_reads import read_backward
from ntm_agents.kernels.numba_replay import replay
from ntm_agents.kernels.numba_tape import (
    Sizes,
    State,
    Tape,
    Weights,
    head_offset,
    sizes_of,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba_vectors import VECTOR_BYTES
from ntm_agents.kernels.numba_workspace import (
    TILE,
    add,
    aligned_zeros,
    copy_rows,
    copy_state,
    move_state,
    prefetch,
    prefetch_step,
    waiting_sums,
    working_state,
)
from ntm_agents.kernels.numba_writes import write_backward


class Scratch(NamedTuple):
    """Numbers that a step needs beside the gradient of the state; K is the segment.

    Attributes:
        memories: Those before and after the steps of a segment, ``(TILE, 2 K + 1, M, N')``.
        inverses: One over the norms of their locations, ``(TILE, 2 K + 1, N')``.
        places: For each step of a segment, which memory was before it; the one after it
            follows, ``(TILE, K)``.
        start: Weightings where a sequence or an episode begins, ``(H, N')``.
        circle: See `address`.
        d_circle: Its gradient.
        dot: See `address_backward`.
        shrink: See `address_backward`.
        kept: See `write_backward`.
        sums: See `write_backward`.
        lowest: See `lower_bounds`.
        d_parameters: Gradient of the head parameters in their ranges, ``(P',)``.
        d_outputs: Gradient of a controller layer's output, ``(TILE, C)``.
        d_seen: Gradient of what a layer sees, ``(TILE, …)``.
        nothing: Zeros, as many as a layer sees.
    """

    memories: Any
    inverses: Any
    places: Any
    start: Any
    circle: Any
    d_circle: Any
    dot: Any
    shrink: Any
    kept: Any
    sums: Any
    lowest: Any
    d_parameters: Any
    d_outputs: Any
    d_seen: Any
    nothing: Any


@kernel
def _new_scratch(sizes: Sizes, like: Any) -> Scratch:
    memories = TILE * (2 * sizes.segment + 1)
    seen = max(sizes.reads * sizes.words, sizes.controller) + sizes.controller
    return Scratch(
        aligned_zeros(memories * sizes.memory, like),
        aligned_zeros(memories * sizes.padded, like),
        np.empty(TILE * sizes.segment, np.int64),
        aligned_zeros(sizes.heads * sizes.padded, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.writes * VECTOR_BYTES // like.itemsize, like),
        waiting_sums(sizes.writes * 2 * sizes.words, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(TILE * sizes.controller, like),
        aligned_zeros(TILE * seen, like),
        aligned_zeros(seen, like),
    )


@step_of
def _memory_step_backward(
    memory: Any,
    inverse: Any,
    previous: Any,
    sizes: Sizes,
    tape: Tape,
    gradient: State,
    scratch: Scratch,
) -> None:
    """Carry gradients back through the reads and the write of one step.

    Args:
        memory: Before the write; the one after it follows, ``(2, M, N')``.
        inverse: One over the norms of their locations, ``(2, N')``.
        previous: Last weightings, ``(H, N')``.
        sizes: The sizes.
        tape: This step.
        gradient: Of the state after the step; of memory and weightings overwritten by that
            before it.
        scratch: Scratch, into which the gradient of the head parameters is written.
    """
    for h in range(sizes.heads):
        reads, row, offset = h < sizes.reads, h * sizes.padded, head_offset(sizes, h)
        seen = at(memory, sizes.memory if reads else 0)
        parameters, d_parameters = at(tape.parameters, offset), at(scratch.d_parameters, offset)
        d_weighting = at(gradient.weightings, row)
        d_read = at(gradient.read_vectors, h * sizes.words)
        if reads:
            read_backward(seen, parameters, d_read, sizes, d_weighting, scratch.dot)
        else:
            if h == sizes.reads:
                write_backward(
                    seen,
                    at(tape.weightings, row),
                    parameters,
                    sizes,
                    gradient.memory,
                    d_weighting,
                    d_parameters,
                    scratch.kept,
                    scratch.sums,
                )
            multiply_key(seen, parameters, sizes, scratch.dot)
        address_backward(
            at(inverse, sizes.padded if reads else 0),
            at(previous, row),
            parameters,
            sizes,
            at(tape.content, row),
            at(tape.weightings, row),
            scratch.dot,
            d_weighting,
            d_parameters,
            scratch.circle,
            scratch.d_circle,
            scratch.shrink,
        )
        compare_backward(
            seen,
            parameters,
            sizes,
            scratch.dot,
            scratch.shrink,
            at(tape.weightings, row),
            d_read if reads else scratch.nothing,
            gradient.memory,
            d_parameters,
            scratch.sums,
        )


@kernel
def _prefetch_earlier(tape: Tape, sizes: Sizes, b: int, t: int, d_features: Any) -> None:
    """Ask for what earlier steps need: of the tape what the next replay reads, in time."""
    segment, features = sizes.segment, sizes.controller + sizes.reads * sizes.words
    earlier = tape_at(tape, sizes, b, max(0, t - segment))
    prefetch_step(earlier, sizes)
    part = -(-sizes.memory // segment)
    offset = t % segment * part
    prefetch(at(earlier.checkpoints, offset), min(part, sizes.memory - offset))
    last = tape_at(tape, sizes, b, max(0, t - 1))
    prefetch(last.d_gates, sizes.layers * sizes.gates)
    prefetch(last.d_parameters, sizes.parameters)
    prefetch(at(d_features, (b * sizes.steps + max(0, t - 1)) * features), features)


@step_of
def _step_backward(
    first: int,
    sequences: int,
    t: int,
    sizes: Sizes,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    start_weightings: Any,
    tape: Tape,
    d_features: Any,
    gradient: State,
    d_initial: State,
    scratch: Scratch,
) -> None:
    """Carry gradients back through step ``t`` of a few sequences; see `backward`."""
    steps, padded, segment, size = sizes.steps, sizes.padded, sizes.segment, sizes.controller
    begin, memories = t - t % segment, 2 * segment + 1
    read_size, n = sizes.reads * sizes.words, sizes.locations
    features = size + read_size
    for j in range(sequences):
        b = first + j
        _prefetch_earlier(tape, sizes, b, t, d_features)
        memory = at(scratch.memories, j * memories * sizes.memory)
        inverse = at(scratch.inverses, j * memories * padded)
        places = at(scratch.places, j * segment)
        if t == steps - 1 or t % segment == segment - 1:
            replay(
                b,
                begin,
                t + 1,
                sizes,
                episode_starts,
                initial,
                tape,
                memory,
                inverse,
                places,
            )
        starts = from_initial and t == 0
        starts = starts or (episode_starts.size > 0 and episode_starts[b, t])
        previous = scratch.start
        if starts or t == 0:
            given = initial.weightings if starts else at(start_weightings, b * sizes.heads * n)
            copy_rows(given, n, sizes.heads, n, previous, padded)
        else:
            previous = tape_at(tape, sizes, b, t - 1).weightings
        state, kept = state_at(gradient, sizes, padded, j), tape_at(tape, sizes, b, t)
        d_read = at(d_features, (b * steps + t) * features + size)
        add(d_read, read_size, state.read_vectors)
        place = places[t - begin]
        _memory_step_backward(
            at(memory, place * sizes.memory),
            at(inverse, place * padded),
            previous,
            sizes,
            kept,
            state,
            scratch,
        )
        squash_heads_backward(
            kept.parameters, scratch.lowest, scratch.d_parameters, sizes, kept.d_parameters
        )
    of_first = tape_at(tape, sizes, first, t)
    combine(
        weights.heads,
        size,
        size,
        of_first.d_parameters,
        steps * sizes.parameters,
        1,
        sizes.parameters,
        at(d_features, (first * steps + t) * features),
        steps * features,
        scratch.d_outputs,
        size,
        sequences,
    )
    controller_backward(
        weights,
        of_first,
        sizes,
        sequences,
        gradient,
        scratch.d_outputs,
        scratch.d_seen,
        scratch.nothing,
    )
    for j in range(sequences):
        starts = from_initial and t == 0
        if starts or (episode_starts.size > 0 and episode_starts[first + j, t]):
            state = state_at(gradient, sizes, padded, j)
            move_state(state, sizes, state_at(d_initial, sizes, n, first + j))


@kernel
def backward(
    first: int,
    last: int,
    segment: int,
    num_read_heads: int,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    start_weightings: Any,
    tape: Tape,
    d_features: Any,
    gradient: State,
    d_initial: State,
) -> None:
    """Carry gradients back through sequences ``first … last - 1``.

    The last come first: of them the tape is still in the cache.

    Args:
        first: First sequence.
        last: One past the last sequence.
        segment: Steps between two checkpoints of memory.
        num_read_heads: R.
        weights: Matrices as they are, ``(outputs, inputs)``.
        from_initial: See `forward`.
        episode_starts: ``(B, T)``, or empty.
        initial: State at episode starts, with B = 1.
        start_weightings: Before the first step, ``(B, H, N)``; not looked at with
            ``from_initial``.
        tape: From `forward`; gradients are written to it.
        d_features: ``(B, T, C + R · M)``.
        gradient: Of the state after the last step; overwritten by that before the first.
        d_initial: Added to, for each sequence: gradient of the initial state.
    """
    steps, parameters = tape.d_parameters.shape[1], tape.d_parameters.shape[2]
    sizes = sizes_of(gradient, tape, steps, segment, num_read_heads, parameters)
    buffers = working_state(sizes, d_features), _new_scratch(sizes, d_features)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    gradients = pointers(gradient)
    lower_bounds(sizes, scratch.lowest)
    for tile in range(-(-(last - first) // TILE) - 1, -1, -1):
        b = first + tile * TILE
        sequences = min(TILE, last - b)
        for j in range(sequences):
            given = state_at(gradients, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(given, sizes.locations, sizes, taken, sizes.padded)
        for t in range(steps - 1, -1, -1):
            _step_backward(
                b,
                sequences,
                t,
                sizes,
                pointers(weights),
                from_initial,
                episode_starts,
                pointers(initial),
                pointer(start_weightings),
                pointers(tape),
                pointer(d_features),
                working,
                pointers(d_initial),
                scratch,
            )
        for j in range(sequences):
            given = state_at(gradients, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(taken, sizes.padded, sizes, given, sizes.locations)
    keep_alive(buffers)
