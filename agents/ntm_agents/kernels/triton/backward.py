"""The recurrent core backward over whole sequences, in one launch."""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.addressing import address_backward, inverse_norms
from ntm_agents.kernels.triton.controller import controller_backward, head_layer_backward
from ntm_agents.kernels.triton.entropy import entropy_backward
from ntm_agents.kernels.triton.forward import or_initial
from ntm_agents.kernels.triton.memory import (
    load_memory,
    restart_memory,
    store_memory,
    write,
    write_backward,
)
from ntm_agents.kernels.triton.tape import (
    BackwardArrays,
    ControllerGradients,
    Lengths,
    Sizes,
    State,
    Tape,
    Weights,
    WithGradient,
)
from ntm_agents.kernels.triton.vectors import (
    Value,
    kernel,
    load_vector,
    sequence_kernel,
    store_vector,
)


@kernel
def _read_heads_backward(
    memory: tl.tensor,
    previous: tl.tensor,
    weightings: WithGradient,
    parameters: WithGradient,
    d_reads: WithGradient,
    d_memory: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Carry gradients back through all reads; return that of the memory.

    What is read has a gradient as a feature of this step, the numbers of ``d_reads``, and as
    what the controller sees in the next, their gradient.
    """
    m, n = tl.arange(0, sizes.words_block), tl.arange(0, sizes.locations_block)
    addressing = sizes.words + sizes.shifts + 3
    inverse = inverse_norms(memory)
    for h in range(sizes.reads):
        place, words = h * sizes.locations, h * sizes.words
        last = load_vector(previous + place, n, sizes.locations, valid)
        weighting = load_vector(weightings.numbers + place, n, sizes.locations, valid)
        d_read = load_vector(d_reads.gradient + words, m, sizes.words, valid)
        d_read += load_vector(d_reads.numbers + words, m, sizes.words, valid)
        d_weighting = load_vector(weightings.gradient + place, n, sizes.locations, valid)
        d_weighting += tl.sum(memory * d_read[:, None, :], 2)
        d_memory += weighting[:, :, None] * d_read[:, None, :]
        d_last, d_memory = address_backward(
            memory,
            inverse,
            last,
            WithGradient(
                parameters.numbers + h * addressing, parameters.gradient + h * addressing
            ),
            d_weighting,
            d_memory,
            valid,
            sizes,
        )
        store_vector(weightings.gradient + place, n, sizes.locations, valid, d_last)
    return d_memory


@kernel
def _write_heads_backward(
    memory: tl.tensor,
    previous: tl.tensor,
    parameters: tl.tensor,
    d_memory: tl.tensor,
    d_weightings: tl.tensor,
    d_parameters: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Carry gradients back through the write heads' addressing; return the memory's."""
    n = tl.arange(0, sizes.locations_block)
    inverse = inverse_norms(memory)
    for h in range(sizes.writes):
        place, head = h * sizes.locations, h * (3 * sizes.words + sizes.shifts + 3)
        last = load_vector(previous + place, n, sizes.locations, valid)
        d_weighting = load_vector(d_weightings + place, n, sizes.locations, valid)
        d_last, d_memory = address_backward(
            memory,
            inverse,
            last,
            WithGradient(parameters + head, d_parameters + head),
            d_weighting,
            d_memory,
            valid,
            sizes,
        )
        store_vector(d_weightings + place, n, sizes.locations, valid, d_last)
    return d_memory


@kernel
def _move(
    source: tl.tensor, target: tl.tensor, count: int, begins: tl.tensor, sizes: Sizes
) -> None:
    """Add vectors to others and set them to zero, in sequences whose episode begins."""
    for first in range(0, count, sizes.columns_block):
        k = first + tl.arange(0, sizes.columns_block)
        numbers = load_vector(source, k, count, begins)
        moved = load_vector(target, k, count, begins) + numbers
        store_vector(target, k, count, begins, moved)
        store_vector(source, k, count, begins, tl.zeros_like(numbers))


@sequence_kernel
def backward(
    arrays: BackwardArrays,
    weights: Weights,
    initial: State,
    tape: Tape,
    gradient: State,
    d_initial: State,
    lengths: Lengths,
    sizes: tl.constexpr,
) -> None:
    """Carry gradients back through some sequences, from their last step to their first.

    The memory is kept only every ``segment`` steps; what was written between is written again.

    Args:
        arrays: See `BackwardArrays`.
        weights: See `Weights`.
        initial: State at episode starts, without batch axis.
        tape: From `forward`.
        gradient: Of the state after the last step; overwritten by that before the first.
        d_initial: For each sequence, added to: gradient of the initial state.
        lengths: See `Lengths`.
        sizes: See `Sizes`.
    """
    b = tl.program_id(0) * sizes.sequences + tl.arange(0, sizes.sequences)
    valid = b < lengths.batch_size
    b = b.to(tl.int64)  # offsets into the tape of a large batch exceed 32 bits
    steps, segment = lengths.steps, lengths.segment
    starts, memories = arrays.starts, arrays.memories
    reading: tl.constexpr = sizes.reads * sizes.words
    addressing: tl.constexpr = sizes.words + sizes.shifts + 3
    writing: tl.constexpr = sizes.reads * addressing
    rows: tl.constexpr = writing + sizes.writes * (addressing + 2 * sizes.words)
    heads: tl.constexpr = (sizes.reads + sizes.writes) * sizes.locations
    write_places: tl.constexpr = sizes.reads * sizes.locations
    controller: tl.constexpr = 2 * sizes.layers * sizes.controller
    gates_size: tl.constexpr = sizes.layers * sizes.gates
    elements: tl.constexpr = sizes.locations * sizes.words

    d_read_vectors = gradient.read_vectors + b * reading
    d_weightings = gradient.weightings + b * heads
    d_controller = gradient.controller + b * controller
    d_output = arrays.d_outputs + b * sizes.controller
    d_memory = load_memory(gradient.memory + b * elements, valid, sizes)
    segments = tl.cdiv(steps, segment)
    for done in range(segments):
        begin = (segments - 1 - done) * segment
        end = tl.minimum(begin + segment, steps)
        checkpoint = b * segments + begin // segment
        memory = load_memory(tape.checkpoints + checkpoint * elements, valid, sizes)
        # The segment's memories are written again from its checkpoint.
        for t in range(begin, end):
            if sizes.resets:
                begins = (tl.load(starts + b * steps + t, mask=valid, other=0) != 0) & valid
                memory = restart_memory(memory, begins, initial.memory, sizes)
            place = (b * segment + t - begin) * elements
            store_memory(memories + place, valid, sizes, memory)
            memory = write(
                memory,
                tape.weightings + (b * (steps + 1) + t + 1) * heads + write_places,
                tape.parameters + (b * steps + t) * rows + writing,
                valid,
                sizes,
            )
        tl.debug_barrier()

        # Triton's loops count up only.
        for back in range(end - begin):
            t = end - 1 - back
            begins = valid
            if sizes.resets:
                begins = (tl.load(starts + b * steps + t, mask=valid, other=0) != 0) & valid
            step, before = b * steps + t, b * (steps + 1) + t
            parameters = tape.parameters + step * rows
            d_parameter = arrays.d_parameters + step * rows
            d_feature = arrays.d_features + step * (sizes.controller + reading)
            weightings = tape.weightings + (before + 1) * heads
            previous = or_initial(
                tape.weightings + before * heads, begins, initial.weightings, sizes
            )
            place = (b * segment + t - begin) * elements
            memory = load_memory(memories + place, valid, sizes)
            if sizes.entropy:
                slope = tl.load(arrays.d_entropy)
                entropy_backward(weightings, slope, d_weightings, valid, sizes)
                tl.debug_barrier()
            d_memory = _read_heads_backward(
                write(memory, weightings + write_places, parameters + writing, valid, sizes),
                previous,
                WithGradient(weightings, d_weightings),
                WithGradient(parameters, d_parameter),
                WithGradient(d_feature + sizes.controller, d_read_vectors),
                d_memory,
                valid,
                sizes,
            )
            d_memory = write_backward(
                memory,
                weightings + write_places,
                parameters + writing,
                d_memory,
                d_weightings + write_places,
                d_parameter + writing,
                valid,
                sizes,
            )
            tl.debug_barrier()
            d_memory = _write_heads_backward(
                memory,
                previous + write_places,
                parameters + writing,
                d_memory,
                d_weightings + write_places,
                d_parameter + writing,
                valid,
                sizes,
            )
            tl.debug_barrier()
            head_layer_backward(weights, d_parameter, rows, d_feature, d_output, valid, sizes)
            controller_backward(
                weights,
                tape.gates + step * gates_size,
                or_initial(
                    tape.controller + before * controller, begins, initial.controller, sizes
                ),
                ControllerGradients(
                    d_output, d_controller, d_read_vectors, arrays.d_gates + step * gates_size
                ),
                valid,
                sizes,
            )
            if sizes.resets:
                _move(
                    d_read_vectors, d_initial.read_vectors + b * reading, reading, begins, sizes
                )
                _move(d_weightings, d_initial.weightings + b * heads, heads, begins, sizes)
                if sizes.recurrent:
                    target = d_initial.controller + b * controller
                    _move(d_controller, target, controller, begins, sizes)
                target = d_initial.memory + b * elements
                total = load_memory(target, begins, sizes) + d_memory
                store_memory(target, begins, sizes, total)
                # Nothing passes from an episode to the one before.
                d_memory = tl.where(begins[:, None, None], 0.0, d_memory)
                tl.debug_barrier()
    store_memory(gradient.memory + b * elements, valid, sizes, d_memory)
