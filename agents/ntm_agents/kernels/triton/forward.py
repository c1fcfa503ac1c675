"""The recurrent core forward over whole sequences, in one launch."""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.addressing import address, inverse_norms
from ntm_agents.kernels.triton.controller import controller_step, head_layer, layer_outputs
from ntm_agents.kernels.triton.entropy import entropy_of
from ntm_agents.kernels.triton.memory import (
    load_memory,
    read,
    restart_memory,
    store_memory,
    write,
)
from ntm_agents.kernels.triton.tape import ForwardArrays, Lengths, Sizes, State, Tape, Weights
from ntm_agents.kernels.triton.vectors import (
    Value,
    kernel,
    load_vector,
    sequence_kernel,
    store_vector,
)


@kernel
def or_initial(
    pointers: tl.tensor, begins: tl.tensor, initial: tl.tensor, sizes: Sizes
) -> Value:
    """Return where to find a part of the state before a step: the initial one at a start."""
    if sizes.resets:
        pointers = tl.where(begins, initial + 0 * tl.arange(0, sizes.sequences), pointers)
    return pointers


@kernel
def _read_heads(
    memory: tl.tensor,
    previous: tl.tensor,
    parameters: tl.tensor,
    weightings: tl.tensor,
    read_vectors: tl.tensor,
    features: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Move all read heads and store weightings, read vectors and, once more, as features."""
    m, n = tl.arange(0, sizes.words_block), tl.arange(0, sizes.locations_block)
    inverse = inverse_norms(memory)
    for h in range(sizes.reads):
        place = h * sizes.locations
        last = load_vector(previous + place, n, sizes.locations, valid)
        head = parameters + h * (sizes.words + sizes.shifts + 3)
        weighting = address(memory, inverse, last, head, valid, sizes)
        store_vector(weightings + place, n, sizes.locations, valid, weighting)
        read_vector = read(memory, weighting)
        store_vector(read_vectors + h * sizes.words, m, sizes.words, valid, read_vector)
        store_vector(features + h * sizes.words, m, sizes.words, valid, read_vector)


@kernel
def _write_heads(
    memory: tl.tensor,
    previous: tl.tensor,
    parameters: tl.tensor,
    weightings: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Move all write heads and store their weightings."""
    n = tl.arange(0, sizes.locations_block)
    inverse = inverse_norms(memory)
    for h in range(sizes.writes):
        place = h * sizes.locations
        last = load_vector(previous + place, n, sizes.locations, valid)
        head = parameters + h * (3 * sizes.words + sizes.shifts + 3)
        weighting = address(memory, inverse, last, head, valid, sizes)
        store_vector(weightings + place, n, sizes.locations, valid, weighting)


@sequence_kernel
def forward(
    arrays: ForwardArrays,
    weights: Weights,
    initial: State,
    tape: Tape,
    lengths: Lengths,
    sizes: tl.constexpr,
) -> None:
    """Run some sequences from their first step to their last.

    Args:
        arrays: See `ForwardArrays`.
        weights: See `Weights`.
        initial: State at episode starts, without batch axis.
        tape: See `Tape`; its first slots hold the state before the first step.
        lengths: See `Lengths`.
        sizes: See `Sizes`.
    """
    b = tl.program_id(0) * sizes.sequences + tl.arange(0, sizes.sequences)
    valid = b < lengths.batch_size
    b = b.to(tl.int64)  # offsets into the tape of a large batch exceed 32 bits
    steps, segment, features = lengths.steps, lengths.segment, arrays.features
    reading: tl.constexpr = sizes.reads * sizes.words
    addressing: tl.constexpr = sizes.words + sizes.shifts + 3
    writing: tl.constexpr = sizes.reads * addressing
    rows: tl.constexpr = writing + sizes.writes * (addressing + 2 * sizes.words)
    heads: tl.constexpr = (sizes.reads + sizes.writes) * sizes.locations
    write_places: tl.constexpr = sizes.reads * sizes.locations
    controller: tl.constexpr = 2 * sizes.layers * sizes.controller
    gates_size: tl.constexpr = sizes.layers * sizes.gates
    elements: tl.constexpr = sizes.locations * sizes.words

    memory = load_memory(arrays.memories + b * elements, valid, sizes)
    of_sequences: tl.constexpr = (sizes.sequences,)
    entropy = tl.zeros(of_sequences, memory.dtype)
    for t in range(steps):
        begins = valid
        # Without episodes in mid-sequence this is compiled away.
        if sizes.resets:
            begins = (tl.load(arrays.starts + b * steps + t, mask=valid, other=0) != 0) & valid
            memory = restart_memory(memory, begins, initial.memory, sizes)
        # Without a backward pass one slot of the tape is written again and again.
        step, before, after = b, b, b
        if sizes.records:
            step, before = b * steps + t, b * (steps + 1) + t
            after = before + 1
            if t % segment == 0:
                checkpoint = b * tl.cdiv(steps, segment) + t // segment
                store_memory(tape.checkpoints + checkpoint * elements, valid, sizes, memory)
        gates, parameters = tape.gates + step * gates_size, tape.parameters + step * rows
        answers = features + (b * steps + t) * (sizes.controller + reading)
        next_controller = tape.controller + after * controller
        controller_step(
            arrays.projected + (b * steps + t) * sizes.gates,
            weights,
            or_initial(
                tape.read_vectors + before * reading, begins, initial.read_vectors, sizes
            ),
            or_initial(
                tape.controller + before * controller, begins, initial.controller, sizes
            ),
            gates,
            next_controller,
            valid,
            sizes,
        )
        outputs = layer_outputs(gates, next_controller, sizes.layers - 1, sizes)
        head_layer(weights, outputs, parameters, rows, answers, valid, sizes)

        previous = or_initial(
            tape.weightings + before * heads, begins, initial.weightings, sizes
        )
        weightings = tape.weightings + after * heads
        writers, write_parameters = weightings + write_places, parameters + writing
        _write_heads(memory, previous + write_places, write_parameters, writers, valid, sizes)
        # Weightings are read by other threads than those that stored them.
        tl.debug_barrier()
        memory = write(memory, writers, write_parameters, valid, sizes)
        _read_heads(
            memory,
            previous,
            parameters,
            weightings,
            tape.read_vectors + after * reading,
            answers + sizes.controller,
            valid,
            sizes,
        )
        tl.debug_barrier()
        if sizes.entropy:
            entropy += entropy_of(weightings, valid, sizes)
    store_memory(arrays.memories + b * elements, valid, sizes, memory)
    if sizes.entropy:
        tl.store(arrays.entropies + b, entropy, mask=valid)
