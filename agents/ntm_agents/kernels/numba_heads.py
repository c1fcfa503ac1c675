"""The head parameters' ranges in one step, forward and backward (equations 3 to 9)."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_compile import kernel
from ntm_agents.kernels.numba_math import exp, sigmoid, softplus
from ntm_agents.kernels.numba_pointers import at, lanes, load, number_for, store, store_first
from ntm_agents.kernels.numba_tape import Sizes, head_offset


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
