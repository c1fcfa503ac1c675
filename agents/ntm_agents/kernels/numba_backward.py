"""The recurrent core backward over whole sequences, one sequence after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_agents.kernels.numba_addressing import address_backward
from ntm_agents.kernels.numba_controller import lstm_layer_backward, squash_heads_backward
from ntm_agents.kernels.numba_math import add_combination, kernel
from ntm_agents.kernels.numba_memory import read_backward, write, write_backward
from ntm_agents.kernels.numba_tape import State, Tape, Weights


@kernel
def _replay(
    b: int,
    begin: int,
    end: int,
    num_read_heads: int,
    episode_starts: Any,
    initial: State,
    tape: Tape,
    checkpoint: Any,
    memories: Any,
    places: Any,
) -> None:
    """Write again what steps ``begin … end - 1`` wrote.

    ``memories[places[j, 0]]`` is the memory before step ``begin + j``, ``places[j, 1]`` leads
    to the one after it.
    """
    words, heads = memories.shape[1], tape.weightings.shape[2]
    writes = heads - num_read_heads
    size = (tape.parameters.shape[2] - writes * 2 * words) // heads
    used = 0
    memories[0] = checkpoint
    for j in range(end - begin):
        if j > 0 and episode_starts.shape[0] > 0 and episode_starts[b, begin + j]:
            used += 1
            memories[used] = initial.memory[0]
        places[j, 0], places[j, 1] = used, used + 1
        write(
            memories[used],
            tape.weightings[b, begin + j, num_read_heads:],
            tape.parameters[b, begin + j, num_read_heads * size :],
            size + 2 * words,
            size,
            memories[used + 1],
        )
        used += 1


@kernel
def _controller_backward(
    weights: Weights,
    tape: Tape,
    b: int,
    t: int,
    d_output: Any,
    d_controller: Any,
    d_reads: Any,
    d_gates: Any,
    d_inputs: Any,
) -> None:
    """Carry ``d_output`` back through all layers; ``d_controller`` is updated in place."""
    layers, size = tape.outputs.shape[2], tape.outputs.shape[3]
    recurrent = d_controller.shape[0] > 0
    one = d_output.dtype.type(1.0)
    for layer in range(layers - 1, -1, -1):
        d_gate = d_gates[layer]
        if recurrent:
            for c in range(size):
                d_output[c] += d_controller[0, layer, c]
            lstm_layer_backward(
                tape.gates[b, t, layer],
                tape.controller[b, t, 1, layer],
                d_output,
                d_controller[1, layer],
                d_gate,
            )
        else:
            for c in range(size):
                output = tape.outputs[b, t, layer, c]
                d_gate[c] = d_output[c] * (one - output * output)
        d_seen = d_reads if layer == 0 else d_output
        width = d_seen.shape[0]
        d_inputs[:] = 0
        if layer == 0:
            add_combination(weights.first, d_gate, d_inputs[: weights.first.shape[1]])
        else:
            other = weights.others[layer - 1]
            add_combination(other, d_gate, d_inputs[: other.shape[1]])
        d_seen[:] = d_inputs[:width]
        if recurrent:
            d_controller[0, layer] = d_inputs[width : width + size]


@kernel
def _hand_over(gradient: State, b: int, d_initial: State) -> None:
    """Give the gradient of the state before a step to the initial state."""
    d_initial.memory[b] += gradient.memory[b]
    d_initial.weightings[b] += gradient.weightings[b]
    d_initial.read_vectors[b] += gradient.read_vectors[b]
    d_initial.controller[b] += gradient.controller[b]
    gradient.memory[b] = 0
    gradient.weightings[b] = 0
    gradient.read_vectors[b] = 0
    gradient.controller[b] = 0


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
    steps = d_features.shape[1]
    words, locations = gradient.memory.shape[1:]
    reads, heads = num_read_heads, gradient.weightings.shape[1]
    writes, controller_size = heads - reads, tape.outputs.shape[3]
    size = (tape.parameters.shape[2] - writes * 2 * words) // heads
    stride, writing = size + 2 * words, reads * size
    num_shifts = size - words - 3
    dtype = gradient.memory.dtype
    memories = np.empty((2 * segment + 1, words, locations), dtype)
    places = np.empty((segment, 2), np.int64)
    padded = np.empty(locations + num_shifts - 1, dtype)
    d_padded = np.empty_like(padded)
    scratch = np.empty((2, locations), dtype)
    kept = np.empty((writes + 1, locations), dtype)
    d_output = np.empty(controller_size, dtype)
    d_inputs = np.empty(max(weights.first.shape[1], 2 * controller_size), dtype)
    for b in range(first, last):
        d_memory, d_weightings = gradient.memory[b], gradient.weightings[b]
        d_reads, d_controller = gradient.read_vectors[b], gradient.controller[b]
        for t in range(steps - 1, -1, -1):
            begin = t - t % segment
            if t == steps - 1 or t % segment == segment - 1:
                _replay(
                    b,
                    begin,
                    t + 1,
                    reads,
                    episode_starts,
                    initial,
                    tape,
                    tape.checkpoints[b, begin // segment],
                    memories,
                    places,
                )
            before, after = memories[places[t - begin, 0]], memories[places[t - begin, 1]]
            starts = from_initial and t == 0
            starts = starts or (episode_starts.shape[0] > 0 and episode_starts[b, t])
            if starts:
                previous = initial.weightings[0]
            elif t == 0:
                previous = start_weightings[b]
            else:
                previous = tape.weightings[b, t - 1]
            parameters, d_parameter = tape.parameters[b, t], d_parameters[b, t]

            for k in range(reads * words):
                d_reads[k] += d_features[b, t, controller_size + k]
            for h in range(reads):
                read_backward(
                    after,
                    tape.weightings[b, t, h],
                    d_reads[h * words : (h + 1) * words],
                    d_memory,
                    d_weightings[h],
                )
                address_backward(
                    after,
                    tape.inverse_norms[b, t, 1],
                    previous[h],
                    parameters[h * size : (h + 1) * size],
                    tape.similarity[b, t, h],
                    tape.content[b, t, h],
                    tape.rotated[b, t, h],
                    tape.weightings[b, t, h],
                    d_weightings[h],
                    d_memory,
                    d_parameter[h * size : (h + 1) * size],
                    padded,
                    d_padded,
                    scratch,
                )
            write_backward(
                before,
                tape.weightings[b, t, reads:],
                parameters[writing:],
                stride,
                size,
                d_memory,
                d_weightings[reads:],
                d_parameter[writing:],
                kept,
            )
            for h in range(reads, heads):
                place = writing + (h - reads) * stride
                address_backward(
                    before,
                    tape.inverse_norms[b, t, 0],
                    previous[h],
                    parameters[place : place + size],
                    tape.similarity[b, t, h],
                    tape.content[b, t, h],
                    tape.rotated[b, t, h],
                    tape.weightings[b, t, h],
                    d_weightings[h],
                    d_memory,
                    d_parameter[place : place + size],
                    padded,
                    d_padded,
                    scratch,
                )
            squash_heads_backward(parameters, d_parameter, reads, writes, words, num_shifts)

            d_output[:] = d_features[b, t, :controller_size]
            add_combination(weights.heads, d_parameter, d_output)
            _controller_backward(
                weights, tape, b, t, d_output, d_controller, d_reads, d_gates[b, t], d_inputs
            )
            if starts:
                _hand_over(gradient, b, d_initial)
