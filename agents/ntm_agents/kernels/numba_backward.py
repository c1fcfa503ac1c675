"""The recurrent core backward over whole sequences, a few of them in step."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ntm_agents.kernels.numba_addressing import (
    address_backward,
    compare_backward,
    inverse_norms,
    multiply_key,
)
from ntm_agents.kernels.numba_controller import (
    feedforward_layer_backward,
    lower_bounds,
    lstm_layer_backward,
    squash_heads_backward,
)
from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_memory import read_backward, write, write_backward
from ntm_agents.kernels.numba_products import combine
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
from ntm_agents.kernels.numba_vectors import VECTOR_BYTES, at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba_workspace import (
    TILE,
    add,
    aligned_zeros,
    copy,
    copy_rows,
    copy_state,
    move_state,
    working_state,
)


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
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(TILE * sizes.controller, like),
        aligned_zeros(TILE * seen, like),
        aligned_zeros(seen, like),
    )


@kernel
def _replay(
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


@kernel
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
        )


@kernel
def _controller_backward(
    weights: Weights,
    tape: Tape,
    sizes: Sizes,
    sequences: int,
    gradient: State,
    d_gates: Any,
    scratch: Scratch,
) -> None:
    """Carry ``d_outputs`` back through all layers, to the state before the step.

    Args:
        weights: See `backward`.
        tape: This step of the first sequence.
        sizes: The sizes.
        sequences: How many take the step.
        gradient: Of the state after the step; of the controller and the read vectors
            overwritten by that before it.
        d_gates: Written: of this step of the first sequence.
        scratch: Scratch, with ``d_outputs``.
    """
    size, gates, recurrent = sizes.controller, sizes.gates, sizes.parts // 2
    of_controller, of_reads = sizes.parts * sizes.layers * size, sizes.reads * sizes.words
    of_gates = sizes.kept * sizes.layers * gates
    for layer in range(sizes.layers - 1, -1, -1):
        d_gate = at(d_gates, layer * gates)
        for j in range(sequences):
            d_output, d_gate_j = at(scratch.d_outputs, j * size), at(d_gate, j * of_gates)
            output = at(tape.outputs, (j * sizes.kept * sizes.layers + layer) * size)
            if recurrent:
                d_hidden = at(gradient.controller, j * of_controller + layer * size)
                cell = at(tape.controller, (j * sizes.kept * 2 + 1) * sizes.layers * size)
                add(d_hidden, size, d_output)
                lstm_layer_backward(
                    at(tape.gates, j * of_gates + layer * gates),
                    at(cell, layer * size),
                    size,
                    d_output,
                    at(d_hidden, sizes.layers * size),
                    d_gate_j,
                )
            else:
                feedforward_layer_backward(output, d_output, size, d_gate_j)
        matrix, width, d_below = weights.first, of_reads, gradient.read_vectors
        if layer > 0:
            width, d_below = size, scratch.d_outputs
            matrix = at(weights.others, (layer - 1) * gates * (1 + recurrent) * size)
        inputs = width + recurrent * size
        combine(
            matrix,
            inputs,
            d_gate,
            of_gates,
            gates,
            scratch.nothing,
            0,
            scratch.d_seen,
            inputs,
            sequences,
        )
        for j in range(sequences):
            d_seen = at(scratch.d_seen, j * inputs)
            copy(d_seen, width, at(d_below, j * width))
            d_hidden = at(gradient.controller, j * of_controller + layer * size)
            copy(at(d_seen, width), recurrent * size, d_hidden)


@kernel
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
    d_gates: Any,
    d_parameters: Any,
    scratch: Scratch,
) -> None:
    """Carry gradients back through step ``t`` of a few sequences; see `backward`."""
    steps, padded, segment, size = sizes.steps, sizes.padded, sizes.segment, sizes.controller
    begin, memories = t - t % segment, 2 * segment + 1
    read_size = sizes.reads * sizes.words
    features = size + read_size
    d_feature = at(d_features, (first * steps + t) * features)
    d_parameter = at(d_parameters, (first * steps + t) * sizes.parameters)
    for j in range(sequences):
        b = first + j
        memory = at(scratch.memories, j * memories * sizes.memory)
        inverse = at(scratch.inverses, j * memories * padded)
        places = at(scratch.places, j * segment)
        if t == steps - 1 or t % segment == segment - 1:
            _replay(
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
            n = sizes.locations
            given = initial.weightings if starts else at(start_weightings, b * sizes.heads * n)
            copy_rows(given, n, sizes.heads, n, previous, padded)
        else:
            previous = tape_at(tape, sizes, b, t - 1).weightings
        state, kept = state_at(gradient, sizes, padded, j), tape_at(tape, sizes, b, t)
        add(at(d_feature, j * steps * features + size), read_size, state.read_vectors)
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
            kept.parameters,
            scratch.lowest,
            scratch.d_parameters,
            sizes,
            at(d_parameter, j * steps * sizes.parameters),
        )
    combine(
        weights.heads,
        size,
        d_parameter,
        steps * sizes.parameters,
        sizes.parameters,
        d_feature,
        steps * features,
        scratch.d_outputs,
        size,
        sequences,
    )
    kept, of_gates = tape_at(tape, sizes, first, t), sizes.layers * sizes.gates
    d_gate = at(d_gates, (first * steps + t) * of_gates)
    _controller_backward(weights, kept, sizes, sequences, gradient, d_gate, scratch)
    for j in range(sequences):
        starts = from_initial and t == 0
        if starts or (episode_starts.size > 0 and episode_starts[first + j, t]):
            state = state_at(gradient, sizes, padded, j)
            move_state(state, sizes, state_at(d_initial, sizes, sizes.locations, first + j))


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
    d_gates: Any,
    d_parameters: Any,
) -> None:
    """Carry gradients back through sequences ``first … last - 1``.

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
        tape: From `forward`.
        d_features: ``(B, T, C + R · M)``.
        gradient: Of the state after the last step; overwritten by that before the first.
        d_initial: Added to, for each sequence: gradient of the initial state.
        d_gates: Written: of all layers' pre-activations, ``(B, T, L, G)``.
        d_parameters: Written: of the head layer's output, ``(B, T, P)``.
    """
    steps, parameters = d_parameters.shape[1], d_parameters.shape[2]
    sizes = sizes_of(gradient, tape, steps, segment, num_read_heads, parameters)
    buffers = working_state(sizes, d_features), _new_scratch(sizes, d_features)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    gradients = pointers(gradient)
    lower_bounds(sizes, scratch.lowest)
    for b in range(first, last, TILE):
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
                pointer(d_gates),
                pointer(d_parameters),
                scratch,
            )
        for j in range(sequences):
            given = state_at(gradients, sizes, sizes.locations, b + j)
            taken = state_at(working, sizes, sizes.padded, j)
            copy_state(taken, sizes.padded, sizes, given, sizes.locations)
    keep_alive(buffers)
