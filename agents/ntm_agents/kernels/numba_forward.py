"""The recurrent core forward over whole sequences, one sequence after the other."""

from __future__ import annotations

from typing import Any

import numpy as np

from ntm_agents.kernels.numba_addressing import address, inverse_norms
from ntm_agents.kernels.numba_controller import lstm_layer, squash_heads
from ntm_agents.kernels.numba_math import add_combination, kernel, tanh
from ntm_agents.kernels.numba_memory import read, write
from ntm_agents.kernels.numba_tape import State, Tape, Weights


@kernel
def _assign(target: State, b: int, source: State) -> None:
    target.memory[b] = source.memory[0]
    target.weightings[b] = source.weightings[0]
    target.read_vectors[b] = source.read_vectors[0]
    target.controller[b] = source.controller[0]


@kernel
def _controller_step(
    projected: Any, weights: Weights, reads: Any, state: Any, gates: Any, outputs: Any
) -> None:
    """Update the controller state in place; write gates and outputs of all layers."""
    recurrent = state.shape[0] > 0
    for layer in range(outputs.shape[0]):
        if layer == 0:
            matrix, seen = weights.first, reads
            gates[0] = projected
        else:
            matrix, seen = weights.others[layer - 1], outputs[layer - 1]
            gates[layer] = weights.biases[layer - 1]
        add_combination(matrix[: seen.shape[0]], seen, gates[layer])
        if recurrent:
            add_combination(matrix[seen.shape[0] :], state[0, layer], gates[layer])
            lstm_layer(gates[layer], state[0, layer], state[1, layer])
            outputs[layer] = state[0, layer]
        else:
            for c in range(outputs.shape[1]):
                outputs[layer, c] = tanh(gates[layer, c])


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
    steps, words = projected.shape[1], state.memory.shape[1]
    reads, heads = num_read_heads, state.weightings.shape[1]
    writes, layers = heads - reads, tape.outputs.shape[2]
    size = (tape.parameters.shape[2] - writes * 2 * words) // heads
    stride, writing = size + 2 * words, reads * size
    num_shifts, controller_size = size - words - 3, tape.outputs.shape[3]
    padded = np.empty(state.memory.shape[2] + num_shifts - 1, state.memory.dtype)
    for b in range(first, last):
        memory, weightings = state.memory[b], state.weightings[b]
        read_vectors, controller = state.read_vectors[b], state.controller[b]
        for t in range(steps):
            s = t if segment > 0 else 0
            starts = from_initial and t == 0
            starts = starts or (episode_starts.shape[0] > 0 and episode_starts[b, t])
            if starts:
                _assign(state, b, initial)
            if segment > 0:
                if t % segment == 0:
                    tape.checkpoints[b, t // segment] = memory
                tape.read_vectors[b, t] = read_vectors
                tape.controller[b, t] = controller
            outputs = tape.outputs[b, s]
            _controller_step(
                projected[b, t], weights, read_vectors, controller, tape.gates[b, s], outputs
            )
            parameters = tape.parameters[b, s]
            parameters[:] = weights.head_bias
            add_combination(weights.heads, outputs[layers - 1], parameters)
            squash_heads(parameters, reads, writes, words, num_shifts)

            before, after = tape.inverse_norms[b, s, 0], tape.inverse_norms[b, s, 1]
            if t == 0 or starts:
                inverse_norms(memory, before)
            else:
                before[:] = tape.inverse_norms[b, t - 1 if segment > 0 else 0, 1]
            for h in range(reads, heads):
                place = writing + (h - reads) * stride
                address(
                    memory,
                    before,
                    weightings[h],
                    parameters[place : place + size],
                    tape.similarity[b, s, h],
                    tape.content[b, s, h],
                    tape.rotated[b, s, h],
                    tape.weightings[b, s, h],
                    padded,
                )
            weightings[reads:] = tape.weightings[b, s, reads:]
            write(memory, weightings[reads:], parameters[writing:], stride, size, memory)

            inverse_norms(memory, after)
            for h in range(reads):
                address(
                    memory,
                    after,
                    weightings[h],
                    parameters[h * size : (h + 1) * size],
                    tape.similarity[b, s, h],
                    tape.content[b, s, h],
                    tape.rotated[b, s, h],
                    tape.weightings[b, s, h],
                    padded,
                )
                weightings[h] = tape.weightings[b, s, h]
                read(memory, weightings[h], read_vectors[h * words : (h + 1) * words])
            features[b, t, :controller_size] = outputs[layers - 1]
            features[b, t, controller_size:] = read_vectors
