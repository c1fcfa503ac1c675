"""One step of the backward pass, of a few sequences."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.addressing_backward import (
    address_backward,
    compare_backward,
    multiply_key,
)
from ntm_agents.kernels.numba.backward_scratch import Scratch
from ntm_agents.kernels.numba.controller import controller_backward
from ntm_agents.kernels.numba.heads import squash_heads_backward
from ntm_agents.kernels.numba.lang.compile import kernel, step_of
from ntm_agents.kernels.numba.lang.pointers import at
from ntm_agents.kernels.numba.lang.products import combine
from ntm_agents.kernels.numba.reads import read_backward
from ntm_agents.kernels.numba.replay import replay
from ntm_agents.kernels.numba.tape import (
    Sizes,
    State,
    Tape,
    Weights,
    head_offset,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba.workspace import (
    add,
    copy,
    copy_rows,
    move_state,
    prefetch,
    prefetch_step,
)
from ntm_agents.kernels.numba.writes import write_backward


@step_of
def _memory_step_backward(
    memory: Any,
    inverse: Any,
    previous: Any,
    sizes: Sizes,
    blur_penalty: float,
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
        blur_penalty: See `Run`.
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
            blur_penalty,
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
def _prefetch_earlier(tape: Tape, sizes: Sizes, b: int, t: int) -> None:
    """Ask for what earlier steps need: of the tape what the next replay reads, in time."""
    segment = sizes.segment
    earlier = tape_at(tape, sizes, b, max(0, t - segment))
    prefetch_step(earlier, sizes)
    part = -(-sizes.memory // segment)
    offset = t % segment * part
    prefetch(at(earlier.checkpoints, offset), min(part, sizes.memory - offset))


@step_of
def _features_backward(
    first: int,
    sequences: int,
    t: int,
    sizes: Sizes,
    weights: Weights,
    d_results: Any,
    scratch: Scratch,
) -> None:
    """Write the gradient of the features of a few sequences in step ``t``."""
    features, outputs, steps = sizes.features, sizes.outputs, sizes.steps
    if outputs > 0:
        combine(
            weights.output,
            features,
            features,
            at(d_results, (first * steps + t) * outputs),
            steps * outputs,
            1,
            outputs,
            scratch.nothing,
            0,
            scratch.d_features,
            features,
            sequences,
        )
    else:
        for j in range(sequences):
            d_result = at(d_results, ((first + j) * steps + t) * features)
            copy(d_result, features, at(scratch.d_features, j * features))


@step_of
def step_backward(
    first: int,
    sequences: int,
    t: int,
    sizes: Sizes,
    blur_penalty: float,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    start_weightings: Any,
    tape: Tape,
    d_results: Any,
    gradient: State,
    d_initial: State,
    scratch: Scratch,
) -> None:
    """Carry gradients back through step ``t`` of a few sequences; see `backward`."""
    steps, padded, segment, size = sizes.steps, sizes.padded, sizes.segment, sizes.controller
    begin, memories = t - t % segment, 2 * segment + 1
    read_size, n = sizes.reads * sizes.words, sizes.locations
    features = sizes.features
    _features_backward(first, sequences, t, sizes, weights, d_results, scratch)
    for j in range(sequences):
        b = first + j
        _prefetch_earlier(tape, sizes, b, t)
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
        add(at(scratch.d_features, j * features + size), read_size, state.read_vectors)
        place = places[t - begin]
        _memory_step_backward(
            at(memory, place * sizes.memory),
            at(inverse, place * padded),
            previous,
            sizes,
            blur_penalty,
            kept,
            state,
            scratch,
        )
        d_raw = at(scratch.d_raw, (j * steps + t) * sizes.parameters)
        squash_heads_backward(
            kept.parameters, scratch.lowest, scratch.d_parameters, sizes, d_raw
        )
    combine(
        weights.heads,
        size,
        size,
        at(scratch.d_raw, t * sizes.parameters),
        steps * sizes.parameters,
        1,
        sizes.parameters,
        scratch.d_features,
        features,
        scratch.d_outputs,
        size,
        sequences,
    )
    controller_backward(
        weights,
        tape_at(tape, sizes, first, t),
        sizes,
        sequences,
        gradient,
        at(scratch.d_gates, t * sizes.layers * sizes.gates),
        scratch.d_outputs,
        scratch.d_seen,
        scratch.nothing,
    )
    for j in range(sequences):
        starts = from_initial and t == 0
        if starts or (episode_starts.size > 0 and episode_starts[first + j, t]):
            state = state_at(gradient, sizes, padded, j)
            move_state(state, sizes, d_initial)
