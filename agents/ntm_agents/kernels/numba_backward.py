"""The recurrent core backward over whole sequences, one sequence after the other."""

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
from ntm_agents.kernels.numba_tape import Sizes, State, Tape, Weights, head_offset, sizes_of
from ntm_agents.kernels.numba_vectors import VECTOR_BYTES, at, pointer
from ntm_agents.kernels.numba_workspace import (
    add_rows,
    aligned_zeros,
    copy,
    copy_rows,
    copy_state,
    working_state,
)


class Scratch(NamedTuple):
    """Numbers that no step needs from another, except for the replayed memories.

    Attributes:
        memories: As they were before and after the steps of a segment, ``(2 K + 1, M, N')``.
        inverses: One over the norms of their locations, ``(2 K + 1, N')``.
        places: Of each step, which memory was before it and which after it, ``(K, 2)``.
        start: Weightings where a sequence or an episode begins, ``(H, N')``.
        circle: See `address`.
        d_circle: Its gradient.
        dot: See `address_backward`.
        shrink: See `address_backward`.
        kept: See `write_backward`.
        lowest: See `lower_bounds`.
        d_parameters: Gradient of the head parameters in their ranges, ``(P',)``.
        d_output: Gradient of a controller layer's output, ``(C,)``.
        d_inputs: Gradient of what a layer sees.
        nothing: Zeros, as many.
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
    d_output: Any
    d_inputs: Any
    nothing: Any


@kernel
def _new_scratch(segment: int, sizes: Sizes, weights: Weights, tape: Tape) -> Scratch:
    memories, like = 2 * segment + 1, tape.weightings
    controller_size = tape.outputs.shape[3]
    widest = max(weights.first.shape[1], 2 * controller_size)
    return Scratch(
        aligned_zeros(memories * sizes.words * sizes.padded, like).reshape(
            (memories, sizes.words, sizes.padded)
        ),
        aligned_zeros(memories * sizes.padded, like).reshape((memories, sizes.padded)),
        np.empty((segment, 2), np.int64),
        aligned_zeros((sizes.reads + sizes.writes) * sizes.padded, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.writes * VECTOR_BYTES // like.itemsize, like),
        aligned_zeros(tape.parameters.shape[2], like),
        aligned_zeros(tape.parameters.shape[2], like),
        aligned_zeros(controller_size, like),
        aligned_zeros(widest, like),
        aligned_zeros(widest, like),
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
    segment: int,
    scratch: Scratch,
) -> None:
    """Write again what steps ``begin … end - 1`` wrote."""
    numbers, used = sizes.words * sizes.padded, 0
    memory = pointer(scratch.memories)
    copy(pointer(tape.checkpoints[b, begin // segment]), numbers, memory)
    inverse_norms(memory, sizes, pointer(scratch.inverses))
    for t in range(begin, end):
        if t > begin and episode_starts.shape[0] > 0 and episode_starts[b, t]:
            used += 1
            memory = pointer(scratch.memories[used])
            copy_rows(
                pointer(initial.memory),
                sizes.locations,
                sizes.words,
                sizes.locations,
                memory,
                sizes.padded,
            )
            inverse_norms(memory, sizes, pointer(scratch.inverses[used]))
        scratch.places[t - begin, 0], scratch.places[t - begin, 1] = used, used + 1
        used += 1
        written = pointer(scratch.memories[used])
        write(
            memory,
            pointer(tape.weightings[b, t, sizes.reads]),
            at(pointer(tape.parameters[b, t]), head_offset(sizes, sizes.reads)),
            sizes,
            written,
            pointer(scratch.inverses[used]),
        )
        memory = written


@kernel
def _memory_step_backward(
    before: int,
    after: int,
    previous: Any,
    parameters: Any,
    content: Any,
    weightings: Any,
    sizes: Sizes,
    gradient: State,
    scratch: Scratch,
) -> None:
    """Carry gradients back through the reads and the write of one step.

    Args:
        before: Place of the memory before the write among the replayed.
        after: Place of the memory after it.
        previous: Last weightings, ``(H, N')``.
        parameters: Of all heads, ``(P',)``.
        content: Equation 5, ``(H, N')``.
        weightings: Equation 9, ``(H, N')``.
        sizes: The sizes.
        gradient: Of the state after the step; of memory and weightings overwritten by that
            before it.
        scratch: Scratch, into which gradients of the head parameters are written.
    """
    padded, first_write = sizes.padded, head_offset(sizes, sizes.reads)
    d_memory, d_weightings = pointer(gradient.memory), pointer(gradient.weightings)
    d_parameters, dot = pointer(scratch.d_parameters), pointer(scratch.dot)
    memory, inverse = pointer(scratch.memories[after]), pointer(scratch.inverses[after])
    for h in range(sizes.reads):
        head, row = head_offset(sizes, h), h * padded
        d_read = at(pointer(gradient.read_vectors), h * sizes.words)
        read_backward(memory, at(parameters, head), d_read, sizes, at(d_weightings, row), dot)
        address_backward(
            inverse,
            at(previous, row),
            at(parameters, head),
            sizes,
            at(content, row),
            at(weightings, row),
            dot,
            at(d_weightings, row),
            at(d_parameters, head),
            pointer(scratch.circle),
            pointer(scratch.d_circle),
            pointer(scratch.shrink),
        )
        compare_backward(
            memory,
            at(parameters, head),
            sizes,
            dot,
            pointer(scratch.shrink),
            at(weightings, row),
            d_read,
            d_memory,
            at(d_parameters, head),
        )
    memory, inverse = pointer(scratch.memories[before]), pointer(scratch.inverses[before])
    write_backward(
        memory,
        at(weightings, sizes.reads * padded),
        at(parameters, first_write),
        sizes,
        d_memory,
        at(d_weightings, sizes.reads * padded),
        at(d_parameters, first_write),
        pointer(scratch.kept),
    )
    for h in range(sizes.reads, sizes.reads + sizes.writes):
        head, row = head_offset(sizes, h), h * padded
        multiply_key(memory, at(parameters, head), sizes, dot)
        address_backward(
            inverse,
            at(previous, row),
            at(parameters, head),
            sizes,
            at(content, row),
            at(weightings, row),
            dot,
            at(d_weightings, row),
            at(d_parameters, head),
            pointer(scratch.circle),
            pointer(scratch.d_circle),
            pointer(scratch.shrink),
        )
        compare_backward(
            memory,
            at(parameters, head),
            sizes,
            dot,
            pointer(scratch.shrink),
            at(weightings, row),
            None,
            d_memory,
            at(d_parameters, head),
        )


@kernel
def _controller_backward(
    weights: Weights,
    tape: Tape,
    b: int,
    t: int,
    gradient: State,
    d_gates: Any,
    scratch: Scratch,
) -> None:
    """Carry ``d_output`` back through all layers, to the state before the step."""
    layers, size = tape.outputs.shape[2:]
    recurrent = tape.controller.shape[2] > 0
    d_controller = pointer(gradient.controller)
    d_output, d_inputs = pointer(scratch.d_output), pointer(scratch.d_inputs)
    for layer in range(layers - 1, -1, -1):
        d_gate = at(d_gates, layer * tape.gates.shape[3])
        d_hidden, d_cell = (
            at(d_controller, layer * size),
            at(d_controller, (layers + layer) * size),
        )
        if recurrent:
            for c in range(size):
                d_output[c] += d_hidden[c]
            lstm_layer_backward(
                pointer(tape.gates[b, t, layer]),
                pointer(tape.controller[b, t, 1, layer]),
                size,
                d_output,
                d_cell,
                d_gate,
            )
        else:
            feedforward_layer_backward(
                pointer(tape.outputs[b, t, layer]), d_output, size, d_gate
            )
        matrix = pointer(weights.first)
        inputs = weights.first.shape[1]
        d_seen, width = pointer(gradient.read_vectors), gradient.read_vectors.shape[1]
        if layer > 0:
            matrix = pointer(weights.others[layer - 1])
            inputs = weights.others.shape[2]
            d_seen, width = d_output, size
        combine(matrix, inputs, d_gate, tape.gates.shape[3], pointer(scratch.nothing), d_inputs)
        copy(d_inputs, width, d_seen)
        if recurrent:
            copy(at(d_inputs, width), size, d_hidden)


@kernel
def _hand_over(gradient: State, b: int, sizes: Sizes, d_initial: State) -> None:
    """Give the gradient of the state before a step to the initial state."""
    add_rows(gradient.memory[0], sizes.locations, d_initial.memory[b])
    add_rows(gradient.weightings[0], sizes.locations, d_initial.weightings[b])
    d_initial.read_vectors[b] += gradient.read_vectors[0]
    d_initial.controller[b] += gradient.controller[0]
    gradient.memory[:] = 0
    gradient.weightings[:] = 0
    gradient.read_vectors[:] = 0
    gradient.controller[:] = 0


@kernel
def _sequence_backward(
    b: int,
    segment: int,
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
    """Carry gradients back through one sequence; see `backward`."""
    steps, layers, size = tape.outputs.shape[1:]
    heads = sizes.reads + sizes.writes
    d_reads = pointer(gradient.read_vectors)
    for t in range(steps - 1, -1, -1):
        begin = t - t % segment
        if t == steps - 1 or t % segment == segment - 1:
            _replay(b, begin, t + 1, sizes, episode_starts, initial, tape, segment, scratch)
        starts = from_initial and t == 0
        starts = starts or (episode_starts.shape[0] > 0 and episode_starts[b, t])
        previous = pointer(scratch.start)
        if starts or t == 0:
            given = pointer(initial.weightings) if starts else pointer(start_weightings[b])
            copy_rows(given, sizes.locations, heads, sizes.locations, previous, sizes.padded)
        else:
            previous = pointer(tape.weightings[b, t - 1])
        parameters, d_feature = pointer(tape.parameters[b, t]), pointer(d_features[b, t])
        for k in range(sizes.reads * sizes.words):
            d_reads[k] += d_feature[size + k]
        _memory_step_backward(
            scratch.places[t - begin, 0],
            scratch.places[t - begin, 1],
            previous,
            parameters,
            pointer(tape.content[b, t]),
            pointer(tape.weightings[b, t]),
            sizes,
            gradient,
            scratch,
        )
        d_parameter = pointer(d_parameters[b, t])
        squash_heads_backward(
            parameters,
            pointer(scratch.lowest),
            pointer(scratch.d_parameters),
            sizes,
            d_parameter,
        )
        combine(
            pointer(weights.heads),
            size,
            d_parameter,
            sizes.parameters,
            d_feature,
            pointer(scratch.d_output),
        )
        _controller_backward(weights, tape, b, t, gradient, pointer(d_gates[b, t]), scratch)
        if starts:
            _hand_over(gradient, b, sizes, d_initial)


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
    sizes = sizes_of(gradient, num_read_heads, tape, d_parameters.shape[2])
    working, scratch = (
        working_state(gradient, sizes),
        _new_scratch(segment, sizes, weights, tape),
    )
    lower_bounds(sizes, pointer(scratch.lowest))
    for b in range(first, last):
        copy_state(gradient, b, sizes, working, 0)
        _sequence_backward(
            b,
            segment,
            sizes,
            weights,
            from_initial,
            episode_starts,
            initial,
            start_weightings,
            tape,
            d_features,
            working,
            d_initial,
            d_gates,
            d_parameters,
            scratch,
        )
        copy_state(working, 0, sizes, gradient, b)
