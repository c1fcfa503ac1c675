"""The controller and the head parameters in one step, forward and backward."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_math import exp, kernel, sigmoid, softplus, tanh


@kernel
def lstm_layer(gates: Any, hidden: Any, cell: Any) -> None:
    """Update one LSTM layer in place; ``gates`` are replaced by their activations."""
    size = cell.shape[0]
    inputs, forgets = gates[:size], gates[size : 2 * size]
    candidates, outputs = gates[2 * size : 3 * size], gates[3 * size :]
    for c in range(size):
        inputs[c] = sigmoid(inputs[c])
        forgets[c] = sigmoid(forgets[c])
        candidates[c] = tanh(candidates[c])
        outputs[c] = sigmoid(outputs[c])
        cell[c] = forgets[c] * cell[c] + inputs[c] * candidates[c]
        hidden[c] = outputs[c] * tanh(cell[c])


@kernel
def lstm_layer_backward(
    gates: Any, cell: Any, d_hidden: Any, d_cell: Any, d_gates: Any
) -> None:
    """Carry gradients back through one LSTM layer.

    ``cell`` is that before the step. ``d_cell`` is the gradient of the next cell, overwritten
    by that of ``cell``; ``d_gates`` is written, that of the pre-activations.
    """
    size = cell.shape[0]
    one = cell.dtype.type(1.0)
    inputs, forgets = gates[:size], gates[size : 2 * size]
    candidates, outputs = gates[2 * size : 3 * size], gates[3 * size :]
    d_inputs, d_forgets = d_gates[:size], d_gates[size : 2 * size]
    d_candidates, d_outputs = d_gates[2 * size : 3 * size], d_gates[3 * size :]
    for c in range(size):
        i, f, g, o = inputs[c], forgets[c], candidates[c], outputs[c]
        squashed = tanh(f * cell[c] + i * g)
        d_next = d_cell[c] + d_hidden[c] * o * (one - squashed * squashed)
        d_inputs[c] = d_next * g * i * (one - i)
        d_forgets[c] = d_next * cell[c] * f * (one - f)
        d_candidates[c] = d_next * i * (one - g * g)
        d_outputs[c] = d_hidden[c] * squashed * o * (one - o)
        d_cell[c] = d_next * f


@kernel
def _squash_addressing(parameters: Any, words: int, num_shifts: int) -> None:
    one = parameters.dtype.type(1.0)
    for m in range(words):
        parameters[m] = tanh(parameters[m])
    parameters[words] = softplus(parameters[words])
    parameters[words + 1] = sigmoid(parameters[words + 1])
    shifts = parameters[words + 2 : words + 2 + num_shifts]
    largest = shifts[0]
    for q in range(num_shifts):
        largest = max(largest, shifts[q])
    total = parameters.dtype.type(0.0)
    for q in range(num_shifts):
        shifts[q] = exp(shifts[q] - largest)
        total += shifts[q]
    for q in range(num_shifts):
        shifts[q] /= total
    last = words + 2 + num_shifts
    parameters[last] = one + softplus(parameters[last])


@kernel
def _squash_addressing_backward(
    parameters: Any, gradient: Any, words: int, num_shifts: int
) -> None:
    zero, one = parameters.dtype.type(0.0), parameters.dtype.type(1.0)
    for m in range(words):
        gradient[m] *= one - parameters[m] * parameters[m]
    gradient[words] *= one - exp(-parameters[words])
    gate = parameters[words + 1]
    gradient[words + 1] *= gate * (one - gate)
    mean = zero
    for q in range(words + 2, words + 2 + num_shifts):
        mean += parameters[q] * gradient[q]
    for q in range(words + 2, words + 2 + num_shifts):
        gradient[q] = parameters[q] * (gradient[q] - mean)
    last = words + 2 + num_shifts
    gradient[last] *= one - exp(one - parameters[last])


@kernel
def squash_heads(parameters: Any, reads: int, writes: int, words: int, num_shifts: int) -> None:
    """Bring the head layer's output, ``(P,)``, into the ranges of equations 3 to 9."""
    size = words + num_shifts + 3
    for h in range(reads):
        _squash_addressing(parameters[h * size :], words, num_shifts)
    for h in range(writes):
        head = parameters[reads * size + h * (size + 2 * words) :]
        _squash_addressing(head, words, num_shifts)
        for m in range(words):
            head[size + m] = sigmoid(head[size + m])
        for m in range(words):
            head[size + words + m] = tanh(head[size + words + m])


@kernel
def squash_heads_backward(
    parameters: Any, gradient: Any, reads: int, writes: int, words: int, num_shifts: int
) -> None:
    """Turn the gradient of head parameters, in place, into that of the head layer's output."""
    one = parameters.dtype.type(1.0)
    size = words + num_shifts + 3
    for h in range(reads):
        first = h * size
        _squash_addressing_backward(parameters[first:], gradient[first:], words, num_shifts)
    for h in range(writes):
        first = reads * size + h * (size + 2 * words)
        head, d_head = parameters[first:], gradient[first:]
        _squash_addressing_backward(head, d_head, words, num_shifts)
        for m in range(size, size + words):
            d_head[m] *= head[m] * (one - head[m])
        for m in range(size + words, size + 2 * words):
            d_head[m] *= one - head[m] * head[m]
