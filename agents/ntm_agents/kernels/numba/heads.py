"""The head parameters' ranges in one step, forward and backward (equations 3 to 9)."""

from __future__ import annotations

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.functions import exp, sigmoid, softplus
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import (
    at,
    half,
    lanes,
    load,
    load_like,
    number_for,
    store,
    store_first,
    zeros,
)
from ntm_agents.kernels.numba.layout import Sizes, head_offset


@kernel
def lower_bounds(sizes: Sizes, lowest: Pointer) -> None:
    """Write the lower end of each head parameter's range: -1 for keys and adds, else 0."""
    words = sizes.words
    for h in range(sizes.heads):
        head = at(lowest, head_offset(sizes, h))
        for m in range(words):
            head[m] = -1.0
        for m in range(words if h >= sizes.reads else 0):
            head[sizes.addressing + words + m] = -1.0


@kernel
def squash_heads(
    raw: Pointer,
    lowest: Pointer,
    sizes: Sizes,
    sequences: int,
    parameters: Pointer,
    above_zero: Pointer,
    shifts: Pointer,
) -> None:
    """Bring the head layer's output into the ranges of equations 3 to 9.

    Keys and adds are squashed by tanh, which is a sigmoid twice as steep and twice as wide,
    gates and erases by a sigmoid, so that vectors need not be cut where one ends. What else
    there is of all heads of a few sequences is collected, so that it fills vectors.

    Args:
        raw: The head layer's output, ``(sequences, P')``.
        lowest: See `lower_bounds`.
        sizes: The sizes.
        sequences: How many.
        parameters: Written, for the first sequence; a sequence's steps lie between.
        above_zero: Scratch: strengths and sharpenings, ``(sequences, H, 2)``.
        shifts: Scratch: shift weightings, ``(sequences, H, S)``.
    """
    of_parameters = sizes.kept * sizes.step.parameters
    for j in range(sequences):
        own = at(raw, j * sizes.step.parameters)
        for i in range(0, sizes.parameters, lanes(raw)):
            # low = -1 or 0 picks tanh or sigmoid: tanh(x) = -1 + 2 sigmoid(2 x), so neither
            # needs a branch.
            low = load(lowest, i)
            span = 1.0 - low
            squashed = low + span * sigmoid(load(own, i) * span)
            store(squashed, parameters, j * of_parameters + i)
        for h in range(sizes.heads):
            rest, place = at(own, head_offset(sizes, h) + sizes.words), j * sizes.heads + h
            _collect(rest, sizes, at(above_zero, 2 * place), at(shifts, place * sizes.shifts))
    # There are few numbers of these: a quarter of a vector wastes fewer lanes.
    few = half(half(zeros(raw)))
    step = lanes(raw) // 4
    for i in range(0, 2 * sequences * sizes.heads, step):
        store(softplus(load_like(few, above_zero, i, step)), above_zero, i)
    for i in range(0, sequences * sizes.heads * sizes.shifts, step):
        store(exp(load_like(few, shifts, i, step)), shifts, i)
    for j in range(sequences):
        own = at(parameters, j * of_parameters)
        for h in range(sizes.heads):
            rest, place = at(own, head_offset(sizes, h) + sizes.words), j * sizes.heads + h
            _put_back(at(above_zero, 2 * place), at(shifts, place * sizes.shifts), sizes, rest)


@inlined
def _collect(rest: Pointer, sizes: Sizes, above_zero: Pointer, shifts: Pointer) -> None:
    """Copy a head's strength and sharpening, and its shifts less the largest of them."""
    above_zero[0], above_zero[1] = rest[0], rest[sizes.shifts + 2]
    # Raw shifts may be of any size: their powers are taken from the largest on.
    largest = rest[2]
    for q in range(1, sizes.shifts):
        largest = max(largest, rest[2 + q])
    for q in range(sizes.shifts):
        shifts[q] = rest[2 + q] - largest


@inlined
def _put_back(above_zero: Pointer, shifts: Pointer, sizes: Sizes, rest: Pointer) -> None:
    """Copy back what was collected; powers become the shift weighting."""
    one, total = number_for(rest, 1.0), number_for(rest, 0.0)
    # Strengths are above zero, sharpenings above one.
    rest[0], rest[sizes.shifts + 2] = above_zero[0], above_zero[1] + one
    for q in range(sizes.shifts):
        total += shifts[q]
    scale = one / total
    for q in range(sizes.shifts):
        rest[2 + q] = shifts[q] * scale


@kernel
def squash_heads_backward(
    parameters: Pointer, lowest: Pointer, gradient: Pointer, sizes: Sizes, d_raw: Pointer
) -> None:
    """Turn the gradient of head parameters into that of the head layer's output."""
    for i in range(0, sizes.parameters, lanes(parameters)):
        squashed, rest = load(parameters, i), sizes.parameters - i
        # sigmoid' = s (1 - s), and tanh' = (t + 1) (1 - t): one expression for both.
        slope = (squashed - load(lowest, i)) * (1.0 - squashed)
        store_first(load(gradient, i) * slope, d_raw, i, rest)
    for h in range(sizes.heads):
        offset = head_offset(sizes, h) + sizes.words
        _squash_rest_backward(
            at(parameters, offset), at(gradient, offset), sizes.shifts, at(d_raw, offset)
        )


@kernel
def _squash_rest_backward(
    parameters: Pointer, gradient: Pointer, shifts: int, d_raw: Pointer
) -> None:
    one = number_for(parameters, 1.0)
    # softplus' = 1 - exp(-softplus): the raw number is not kept.
    d_raw[0] = gradient[0] * (one - exp(-parameters[0]))
    d_raw[shifts + 2] = gradient[shifts + 2] * (one - exp(one - parameters[shifts + 2]))
    # The shifts' softmax.
    mean = number_for(parameters, 0.0)
    for q in range(2, shifts + 2):
        mean += parameters[q] * gradient[q]
    for q in range(2, shifts + 2):
        d_raw[q] = parameters[q] * (gradient[q] - mean)
