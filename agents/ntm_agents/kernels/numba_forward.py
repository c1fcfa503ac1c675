"""The recurrent core forward over whole sequences, one sequence after the other."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_addressing import address, inverse_norms
from ntm_agents.kernels.numba_controller import (
    feedforward_layer,
    lower_bounds,
    lstm_layer,
    squash_heads,
)
from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_memory import read, write
from ntm_agents.kernels.numba_products import combine
from ntm_agents.kernels.numba_tape import Sizes, State, Tape, Weights, head_offset, sizes_of
from ntm_agents.kernels.numba_vectors import at, pointer
from ntm_agents.kernels.numba_workspace import (
    aligned_zeros,
    copy,
    copy_rows,
    copy_state,
    working_state,
)


@kernel
def _controller_step(
    projected: Any, weights: Weights, state: State, seen: Any, gates: Any, outputs: Any
) -> None:
    """Update the controller state; write gates and outputs of all layers."""
    parts, layers, size = state.controller.shape[1:]
    gates_size, controller = weights.first.shape[1], pointer(state.controller)
    for layer in range(layers):
        gate, output = at(gates, layer * gates_size), at(outputs, layer * size)
        hidden, cell = at(controller, layer * size), at(controller, (layers + layer) * size)
        if layer == 0:
            width = state.read_vectors.shape[1]
            copy(pointer(state.read_vectors), width, seen)
            matrix, start = pointer(weights.first), projected
        else:
            width = size
            copy(at(outputs, (layer - 1) * size), width, seen)
            matrix, start = (
                pointer(weights.others[layer - 1]),
                pointer(weights.biases[layer - 1]),
            )
        if parts > 0:
            copy(hidden, size, at(seen, width))
            combine(matrix, gates_size, seen, width + size, start, gate)
            lstm_layer(gate, size, cell, hidden)
            copy(hidden, size, output)
        else:
            combine(matrix, gates_size, seen, width, start, gate)
            feedforward_layer(gate, size, output)


@kernel
def _memory_step(
    state: State,
    inverse: Any,
    previous: Any,
    parameters: Any,
    sizes: Sizes,
    content: Any,
    weightings: Any,
    circle: Any,
) -> None:
    """Write, then read; ``inverse`` are the norms of the memory, before and then after."""
    memory, padded = pointer(state.memory), sizes.padded
    for kind in range(2):
        first = sizes.reads if kind == 0 else 0
        last = sizes.reads + sizes.writes if kind == 0 else sizes.reads
        for h in range(first, last):
            address(
                memory,
                inverse,
                at(previous, h * padded),
                at(parameters, head_offset(sizes, h)),
                sizes,
                at(content, h * padded),
                at(weightings, h * padded),
                circle,
            )
        if kind == 0:
            write(
                memory,
                at(weightings, sizes.reads * padded),
                at(parameters, head_offset(sizes, sizes.reads)),
                sizes,
                memory,
                inverse,
            )
    for h in range(sizes.reads):
        read(
            memory,
            at(weightings, h * padded),
            sizes,
            at(pointer(state.read_vectors), h * sizes.words),
        )


@kernel
def _sequence(
    b: int,
    segment: int,
    sizes: Sizes,
    projected: Any,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    working: State,
    tape: Tape,
    features: Any,
    lowest: Any,
    raw: Any,
    inverse: Any,
    circle: Any,
    seen: Any,
) -> None:
    """Run one sequence from the working state on."""
    steps, layers, controller_size = (
        projected.shape[1],
        tape.outputs.shape[2],
        tape.outputs.shape[3],
    )
    memory, reads = pointer(working.memory), pointer(working.read_vectors)
    read_size = working.read_vectors.shape[1]
    weightings = pointer(working.weightings)
    inverse_norms(memory, sizes, pointer(inverse))
    for t in range(steps):
        s = t if segment > 0 else 0
        starts = from_initial and t == 0
        starts = starts or (episode_starts.shape[0] > 0 and episode_starts[b, t])
        if starts:
            copy_state(initial, 0, sizes, working, 0)
            inverse_norms(memory, sizes, pointer(inverse))
            weightings = pointer(working.weightings)
        if segment > 0:
            if t % segment == 0:
                copy(
                    memory,
                    sizes.words * sizes.padded,
                    pointer(tape.checkpoints[b, t // segment]),
                )
            copy(reads, read_size, pointer(tape.read_vectors[b, t]))
            copy(
                pointer(working.controller),
                working.controller.size,
                pointer(tape.controller[b, t]),
            )
        outputs, parameters = pointer(tape.outputs[b, s]), pointer(tape.parameters[b, s])
        _controller_step(
            pointer(projected[b, t]),
            weights,
            working,
            pointer(seen),
            pointer(tape.gates[b, s]),
            outputs,
        )
        output = at(outputs, (layers - 1) * controller_size)
        combine(
            pointer(weights.heads),
            sizes.parameters,
            output,
            controller_size,
            pointer(weights.head_bias),
            pointer(raw),
        )
        squash_heads(pointer(raw), pointer(lowest), sizes, parameters)
        _memory_step(
            working,
            pointer(inverse),
            weightings,
            parameters,
            sizes,
            pointer(tape.content[b, s]),
            pointer(tape.weightings[b, s]),
            pointer(circle),
        )
        weightings = pointer(tape.weightings[b, s])
        copy(output, controller_size, pointer(features[b, t]))
        copy(reads, read_size, at(pointer(features[b, t]), controller_size))
    copy_rows(
        weightings,
        sizes.padded,
        sizes.reads + sizes.writes,
        sizes.padded,
        pointer(working.weightings),
        sizes.padded,
    )


@kernel
def forward(
    first: int,
    last: int,
    segment: int,
    num_read_heads: int,
    projected: Any,
    weights: Weights,
    from_initial: bool,
    episode_starts: Any,
    initial: State,
    state: State,
    tape: Tape,
    features: Any,
) -> None:
    """Run sequences ``first … last - 1``.

    Args:
        first: First sequence.
        last: One past the last sequence.
        segment: Steps between two checkpoints of memory; 0 keeps nothing.
        num_read_heads: R.
        projected: ``(B, T, G)``.
        weights: Matrices transposed, ``(inputs, outputs)``.
        from_initial: Whether every sequence begins with an episode.
        episode_starts: ``(B, T)``, or empty.
        initial: State at episode starts, with B = 1.
        state: Before the first step; overwritten by that after the last.
        tape: Written.
        features: Written, ``(B, T, C + R · M)``.
    """
    sizes = sizes_of(state, num_read_heads, tape, weights.head_bias.shape[0])
    working = working_state(state, sizes)
    lowest = aligned_zeros(tape.parameters.shape[2], state.memory)
    lower_bounds(sizes, pointer(lowest))
    raw = aligned_zeros(tape.parameters.shape[2], state.memory)
    inverse = aligned_zeros(sizes.padded, state.memory)
    circle = aligned_zeros(sizes.padded + sizes.shifts, state.memory)
    seen = aligned_zeros(max(weights.first.shape[0], 2 * tape.outputs.shape[3]), state.memory)
    for b in range(first, last):
        if not from_initial:
            copy_state(state, b, sizes, working, 0)
        _sequence(
            b,
            segment,
            sizes,
            projected,
            weights,
            from_initial,
            episode_starts,
            initial,
            working,
            tape,
            features,
            lowest,
            raw,
            inverse,
            circle,
            seen,
        )
        copy_state(working, 0, sizes, state, b)
