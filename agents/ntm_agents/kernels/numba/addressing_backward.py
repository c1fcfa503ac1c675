"""Gradients of one head's addressing in one step (equations 5 to 9)."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.addressing import inverse_norm, join_ends, rotate
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import log
from ntm_agents.kernels.numba.lang.pointers import at, lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.sums import add_sums, let_wait
from ntm_agents.kernels.numba.lang.vectors import sum_of
from ntm_agents.kernels.numba.layout import Sizes
from ntm_agents.ntm.addressing import SHARPENING_EPSILON


@kernel
def multiply_key(memory: Any, key: Any, sizes: Sizes, dot: Any) -> None:
    """Write the product of the key and each location."""
    for i in range(0, sizes.padded, lanes(memory)):
        total = zeros(memory)
        for m in range(sizes.words):
            total += load(memory, m * sizes.padded + i) * key[m]
        store(total, dot, i)


@kernel
def _gate_around_the_circle(
    content: Any, previous: Any, gate: Any, sizes: Sizes, circle: Any
) -> None:
    """Write the gated weighting with ``max_shift`` neighbors repeated at both ends."""
    for i in range(0, sizes.padded, lanes(content)):
        before = load(previous, i)
        gated = before + (load(content, i) - before) * gate
        store(gated, circle, sizes.shifts // 2 + i)
    join_ends(circle, sizes)


@kernel
def address_backward(
    inverse: Any,
    previous: Any,
    parameters: Any,
    sizes: Sizes,
    content: Any,
    weighting: Any,
    dot: Any,
    d_weighting: Any,
    d_parameters: Any,
    circle: Any,
    d_circle: Any,
    shrink: Any,
) -> None:
    """Carry a gradient back through one head's addressing, up to what touches the memory.

    Args:
        inverse: See `address`, like all up to ``weighting``.
        previous: See `address`.
        parameters: See `address`.
        sizes: See `address`.
        content: See `address`.
        weighting: See `address`.
        dot: Product of the key and each location; overwritten by its gradient, ``(N,)``.
        d_weighting: Gradient of the weighting; overwritten by that of the last weighting.
        d_parameters: Written: gradient of the parameters in their ranges; of the key only
            what comes through its norm, ``(A,)``.
        circle: Scratch, ``(N + S - 1,)``.
        d_circle: Scratch, ``(N + S - 1,)``.
        shrink: Written: share of each location in its own negative gradient, ``(N,)``.
    """
    words, padded, shifts, step = sizes.words, sizes.padded, sizes.shifts, lanes(inverse)
    strength, gate = parameters[words], parameters[words + 1]
    shift_weighting = at(parameters, words + 2)
    sharpening = shift_weighting[shifts]
    d_shift_weighting = at(d_parameters, words + 2)

    total = zeros(weighting)
    for i in range(0, padded, step):
        total += load(weighting, i) * load(d_weighting, i)
    mean = sum_of(total)
    _gate_around_the_circle(content, previous, gate, sizes, circle)
    total = zeros(weighting)
    for i in range(0, padded, step):
        rotated = rotate(circle, shift_weighting, sizes, i) + SHARPENING_EPSILON
        d_logit = load(weighting, i) * (load(d_weighting, i) - mean)
        total += d_logit * log(rotated)
        store(d_logit * sharpening / rotated, d_circle, shifts // 2 + i)
    d_shift_weighting[shifts] = sum_of(total)

    for q in range(shifts):
        total = zeros(weighting)
        for i in range(0, padded, step):
            total += load(d_circle, shifts // 2 + i) * load(circle, shifts - 1 - q + i)
        d_shift_weighting[q] = sum_of(total)
    join_ends(d_circle, sizes)
    d_gates, total = zeros(weighting), zeros(weighting)
    for i in range(0, padded, step):
        d_gated = zeros(weighting)
        for q in range(shifts):
            d_gated += load(d_circle, q + i) * shift_weighting[q]
        by_content = load(content, i)
        d_gates += d_gated * (by_content - load(previous, i))
        total += d_gated * by_content
        store(d_gated, d_weighting, i)
    d_parameters[words + 1] = sum_of(d_gates)
    mean = sum_of(total)

    key_scale = inverse_norm(parameters, words)
    total, radials = zeros(weighting), zeros(weighting)
    for i in range(0, padded, step):
        d_gated, scale = load(d_weighting, i), load(inverse, i)
        similarity = load(dot, i) * scale * key_scale
        d_logit = load(content, i) * (d_gated - mean) * gate
        total += d_logit * similarity
        d_similarity = d_logit * strength
        radial = d_similarity * similarity
        radials += radial
        store(radial * scale * scale, shrink, i)
        store(d_similarity * scale * key_scale, dot, i)
        store(d_gated * (1.0 - gate), d_weighting, i)
    d_parameters[words] = sum_of(total)
    along_key = sum_of(radials) * key_scale * key_scale
    for m in range(words):
        d_parameters[m] = -parameters[m] * along_key


@kernel
def compare_backward(
    memory: Any,
    key: Any,
    sizes: Sizes,
    d_dot: Any,
    shrink: Any,
    weighting: Any,
    d_read: Any,
    d_memory: Any,
    d_key: Any,
    sums: Any,
) -> None:
    """Add what a head's comparison, and its reading if it reads, give memory and key.

    Args:
        memory: ``(M, N)``.
        key: ``(M,)``.
        sizes: The sizes.
        d_dot: From `address_backward`.
        shrink: From `address_backward`.
        weighting: ``(N,)``.
        d_read: Gradient of the read vector, ``(M,)``; zeros for a write head.
        d_memory: Added to, ``(M, N)``.
        d_key: Added to, ``(M,)``.
        sums: Scratch: M waiting sums, and R more.
    """
    for i in range(0, sizes.padded, lanes(memory)):
        d_product, less, weight = load(d_dot, i), load(shrink, i), load(weighting, i)
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            d_row = load(d_memory, m * sizes.padded + i)
            d_row += d_product * key[m] - less * row + weight * d_read[m]
            store(d_row, d_memory, m * sizes.padded + i)
            let_wait(d_product * row, sums, m, i == 0)
    add_sums(sums, sizes.words, d_key)
