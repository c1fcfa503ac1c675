"""The controller and the head parameters in one step, forward and backward."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_math import exp, kernel, sigmoid, softplus, tanh
from ntm_agents.kernels.numba_tape import Sizes, head_offset
from ntm_agents.kernels.numba_vectors import (
    at,
    lanes,
    load,
    load_first,
    number_for,
    store,
    store_first,
)


@kernel
def feedforward_layer(total: Any, size: int, output: Any) -> None:
    """Write a layer's activations."""
    for c in range(0, size, lanes(total)):
        rest = size - c
        store_first(tanh(load_first(total, c, rest)), output, c, rest)


@kernel
def feedforward_layer_backward(output: Any, d_output: Any, size: int, d_total: Any) -> None:
    """Write the gradient of a layer's pre-activations."""
    for c in range(0, size, lanes(output)):
        rest = size - c
        active = load_first(output, c, rest)
        d_sum = load_first(d_output, c, rest) * (1.0 - active * active)
        store_first(d_sum, d_total, c, rest)


@kernel
def lstm_layer(gates: Any, size: int, cell: Any, hidden: Any) -> None:
    """Update one LSTM layer in place; ``gates`` are replaced by their activations."""
    for c in range(0, size, lanes(gates)):
        rest = size - c
        inputs = sigmoid(load_first(gates, c, rest))
        forgets = sigmoid(load_first(gates, size + c, rest))
        candidates = tanh(load_first(gates, 2 * size + c, rest))
        outputs = sigmoid(load_first(gates, 3 * size + c, rest))
        next_cell = forgets * load_first(cell, c, rest) + inputs * candidates
        store_first(inputs, gates, c, rest)
        store_first(forgets, gates, size + c, rest)
        store_first(candidates, gates, 2 * size + c, rest)
        store_first(outputs, gates, 3 * size + c, rest)
        store_first(next_cell, cell, c, rest)
        store_first(outputs * tanh(next_cell), hidden, c, rest)


@kernel
def lstm_layer_backward(
    gates: Any, cell: Any, size: int, d_hidden: Any, d_cell: Any, d_gates: Any
) -> None:
    """Carry gradients back through one LSTM layer.

    ``cell`` is that before the step. ``d_cell`` is the gradient of the next cell, overwritten
    by that of ``cell``; ``d_gates`` is written, that of the pre-activations.
    """
    for c in range(0, size, lanes(gates)):
        rest = size - c
        i, f = load_first(gates, c, rest), load_first(gates, size + c, rest)
        g, o = load_first(gates, 2 * size + c, rest), load_first(gates, 3 * size + c, rest)
        before, d_output = load_first(cell, c, rest), load_first(d_hidden, c, rest)
        squashed = tanh(f * before + i * g)
        d_next = load_first(d_cell, c, rest) + d_output * o * (1.0 - squashed * squashed)
        store_first(d_next * g * i * (1.0 - i), d_gates, c, rest)
        store_first(d_next * before * f * (1.0 - f), d_gates, size + c, rest)
        store_first(d_next * i * (1.0 - g * g), d_gates, 2 * size + c, rest)
        store_first(d_output * squashed * o * (1.0 - o), d_gates, 3 * size + c, rest)
        store_first(d_next * f, d_cell, c, rest)


@kernel
def lower_bounds(sizes: Sizes, lowest: Any) -> None:
    """Write the lower end of each head parameter's range: -1 for keys and adds, else 0."""
    words = sizes.words
    for h in range(sizes.heads):
        head = at(lowest, head_offset(sizes, h))
        for m in range(words):
            head[m] = -1.0
        for m in range(words if h >= sizes.reads else 0):
            head[sizes.addressing + words + m] = -1.0


@kernel
def squash_heads(raw: Any, lowest: Any, sizes: Sizes, parameters: Any) -> None:
    """Bring the head layer's output, ``(P,)``, into the ranges of equations 3 to 9.

    Keys and adds are squashed by tanh, which is a sigmoid twice as steep and twice as wide,
    gates and erases by a sigmoid, so that vectors need not be cut where one ends.
    """
    for i in range(0, sizes.parameters, lanes(raw)):
        low = load(lowest, i)
        span = 1.0 - low
        store(low + span * sigmoid(load(raw, i) * span), parameters, i)
    for h in range(sizes.heads):
        offset = head_offset(sizes, h) + sizes.words
        _squash_rest(at(raw, offset), sizes.shifts, at(parameters, offset))


@kernel
def _squash_rest(raw: Any, shifts: int, parameters: Any) -> None:
    """Squash strength, shift weighting and sharpening; the gate is between them."""
    parameters[0] = softplus(raw[0])
    parameters[shifts + 2] = softplus(raw[shifts + 2]) + number_for(raw, 1.0)
    largest = raw[2]
    for q in range(3, shifts + 2):
        largest = max(largest, raw[q])
    total = number_for(raw, 0.0)
    for q in range(2, shifts + 2):
        parameters[q] = exp(raw[q] - largest)
        total += parameters[q]
    for q in range(2, shifts + 2):
        parameters[q] /= total


@kernel
def squash_heads_backward(
    parameters: Any, lowest: Any, gradient: Any, sizes: Sizes, d_raw: Any
) -> None:
    """Turn the gradient of head parameters into that of the head layer's output."""
    for i in range(0, sizes.parameters, lanes(parameters)):
        squashed, rest = load(parameters, i), sizes.parameters - i
        slope = (squashed - load(lowest, i)) * (1.0 - squashed)
        store_first(load(gradient, i) * slope, d_raw, i, rest)
    for h in range(sizes.heads):
        offset = head_offset(sizes, h) + sizes.words
        _squash_rest_backward(
            at(parameters, offset), at(gradient, offset), sizes.shifts, at(d_raw, offset)
        )


@kernel
def _squash_rest_backward(parameters: Any, gradient: Any, shifts: int, d_raw: Any) -> None:
    one = number_for(parameters, 1.0)
    d_raw[0] = gradient[0] * (one - exp(-parameters[0]))
    d_raw[shifts + 2] = gradient[shifts + 2] * (one - exp(one - parameters[shifts + 2]))
    mean = number_for(parameters, 0.0)
    for q in range(2, shifts + 2):
        mean += parameters[q] * gradient[q]
    for q in range(2, shifts + 2):
        d_raw[q] = parameters[q] * (gradient[q] - mean)
