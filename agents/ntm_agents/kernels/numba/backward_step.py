"""One step of the backward pass, of a tile of sequences."""

from __future__ import annotations

from ntm_agents.kernels.numba.addressing_backward import (
    AddressingScratch,
    address_backward,
    compare_backward,
    multiply_key,
)
from ntm_agents.kernels.numba.backward_scratch import BackwardPass, Scratch
from ntm_agents.kernels.numba.controller import controller_backward
from ntm_agents.kernels.numba.entropy import entropy_backward
from ntm_agents.kernels.numba.heads import squash_heads_backward
from ntm_agents.kernels.numba.lang.compile import kernel, step_of
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.pointers import at
from ntm_agents.kernels.numba.lang.products import Factors, Rows, combine
from ntm_agents.kernels.numba.layout import (
    Sizes,
    State,
    Tape,
    begins_episode,
    head_at,
    head_offset,
    memory_sizes,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba.reads import read_backward
from ntm_agents.kernels.numba.replay import Segment, replay
from ntm_agents.kernels.numba.workspace import (
    add,
    copy,
    copy_rows,
    move_state,
    prefetch,
    prefetch_step,
)
from ntm_agents.kernels.numba.writes import WriteScratch, write_backward


@step_of
def _memory_step_backward(
    memory: Pointer,
    inverse: Pointer,
    previous: Pointer,
    sizes: Sizes,
    d_entropy: float,
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
        d_entropy: Gradient of the weightings' entropy.
        tape: This step.
        gradient: Of the state after the step; of memory and weightings overwritten by that
            before it.
        scratch: Scratch, into which the gradient of the head parameters is written.
    """
    addressing = AddressingScratch(
        scratch.dot, scratch.shrink, scratch.circle, scratch.d_circle, scratch.sums
    )
    of_memory = memory_sizes(sizes)
    # Read heads first: the gradient of what they read is part of that of what was written.
    for h in range(sizes.heads):
        reads, head, row = h < sizes.reads, head_at(tape, sizes, h), h * sizes.padded
        seen = at(memory, sizes.state.memory if reads else 0)
        d_parameters = at(scratch.d_parameters, head_offset(sizes, h))
        d_weighting = at(gradient.weightings, row)
        d_read = at(gradient.read_vectors, h * sizes.words)
        if reads:
            read_backward(seen, head.parameters, d_read, of_memory, d_weighting, scratch.dot)
        else:
            if h == sizes.reads:
                write_backward(
                    seen,
                    head.weighting,
                    head.parameters,
                    of_memory,
                    gradient.memory,
                    d_weighting,
                    d_parameters,
                    WriteScratch(scratch.kept, scratch.sums),
                )
            multiply_key(seen, head.parameters, of_memory, scratch.dot)
        if d_entropy != 0.0:
            entropy_backward(head.weighting, d_entropy, of_memory, d_weighting)
        address_backward(
            at(inverse, sizes.padded if reads else 0),
            at(previous, row),
            head,
            of_memory,
            d_weighting,
            d_parameters,
            addressing,
        )
        compare_backward(
            seen,
            head,
            of_memory,
            d_read if reads else scratch.zeros,
            gradient.memory,
            d_parameters,
            addressing,
        )


@kernel
def _prefetch_earlier(tape: Tape, sizes: Sizes, b: int, t: int) -> None:
    """Prefetch what earlier steps need: of the tape what the next replay reads, in time."""
    segment, memory = sizes.segment, sizes.state.memory
    earlier = tape_at(tape, sizes, b, max(0, t - segment))
    prefetch_step(earlier, sizes)
    # Each step of a segment asks for its part of the checkpoint before.
    part = -(-memory // segment)
    offset = t % segment * part
    prefetch(at(earlier.checkpoints, offset), min(part, memory - offset))


@step_of
def _copy_features(
    run: BackwardPass, first: int, sequences: int, t: int, d_features: Pointer
) -> None:
    """Copy the gradient of a tile's features, where there is no output layer."""
    sizes, features = run.sizes, run.sizes.features
    for j in range(sequences):
        d_result = at(run.d_results, ((first + j) * sizes.steps + t) * features)
        copy(d_result, features, at(d_features, j * features))


@step_of
def step_backward(
    run: BackwardPass, first: int, sequences: int, t: int, gradient: State, scratch: Scratch
) -> None:
    """Carry gradients back through step ``t`` of a tile of sequences.

    Args:
        run: See `BackwardPass`.
        first: First sequence.
        sequences: How many.
        t: The step.
        gradient: Of the tile's states after the step; overwritten by that before it.
        scratch: Scratch; the gradients of the layers' sums are written.
    """
    sizes, padded, segment = run.sizes, run.sizes.padded, run.sizes.segment
    begin, memories = t - t % segment, 2 * segment + 1
    size, features, steps = sizes.controller, sizes.features, sizes.steps
    if sizes.outputs > 0:
        d_results = at(run.d_results, (first * steps + t) * sizes.outputs)
        combine(
            Rows(run.weights.output, features),
            features,
            Factors(d_results, steps * sizes.outputs, 1),
            sizes.outputs,
            Rows(scratch.zeros, 0),
            Rows(scratch.d_features, features),
            sequences,
        )
    else:
        _copy_features(run, first, sequences, t, scratch.d_features)
    for j in range(sequences):
        b = first + j
        _prefetch_earlier(run.tape, sizes, b, t)
        of_segment = Segment(
            at(scratch.memories, j * memories * sizes.state.memory),
            at(scratch.inverses, j * memories * padded),
            at(scratch.places, j * segment),
        )
        # At the last step of a segment all its memories are written again.
        if t == steps - 1 or t % segment == segment - 1:
            replay(b, begin, t + 1, sizes, run.episodes, run.tape, of_segment)
        # Last weightings are on the tape, but where a sequence or an episode begins.
        previous = scratch.start
        starts = begins_episode(run.episodes, sizes, b, t)
        if starts or t == 0:
            n = sizes.locations
            source = at(run.start_weightings, b * sizes.heads * n)
            if starts:
                source = run.episodes.initial.weightings
            copy_rows(source, n, sizes.heads, n, previous, padded)
        else:
            previous = tape_at(run.tape, sizes, b, t - 1).weightings
        state, tape = state_at(gradient, sizes, padded, j), tape_at(run.tape, sizes, b, t)
        # Features are outputs (C,) and then read vectors (R · M,).
        d_read_vectors = at(scratch.d_features, j * features + size)
        add(d_read_vectors, sizes.state.read_vectors, state.read_vectors)
        # Memory before the write; the one after it lies behind.
        place = of_segment.places[t - begin]
        _memory_step_backward(
            at(of_segment.memories, place * sizes.state.memory),
            at(of_segment.inverses, place * padded),
            previous,
            sizes,
            run.d_entropy,
            tape,
            state,
            scratch,
        )
        d_raw = at(scratch.d_raw, (j * steps + t) * sizes.parameters)
        squash_heads_backward(
            tape.parameters, scratch.lowest, scratch.d_parameters, sizes, d_raw
        )
    combine(
        Rows(run.weights.heads, size),
        size,
        Factors(at(scratch.d_raw, t * sizes.parameters), steps * sizes.parameters, 1),
        sizes.parameters,
        Rows(scratch.d_features, features),
        Rows(scratch.d_outputs, size),
        sequences,
    )
    # (TILE, T, L, G): all steps are kept until the tile's products with them.
    d_gates = at(scratch.d_gates, t * sizes.layers * sizes.gates)
    first_tape = tape_at(run.tape, sizes, first, t)
    controller_backward(run.weights, first_tape, sizes, sequences, gradient, d_gates, scratch)
    for j in range(sequences):
        if begins_episode(run.episodes, sizes, first + j, t):
            # Nothing passes from an episode to the one before.
            move_state(state_at(gradient, sizes, padded, j), sizes, run.d_initial)
