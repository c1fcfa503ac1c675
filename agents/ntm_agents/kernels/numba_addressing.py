"""Addressing of one head in one step, forward and backward (equations 5 to 9).

Memory lies as ``(M, N)``, so that every inner loop runs over the contiguous locations, and a
loop over words keeps its sums in registers. Rows are padded to whole vectors; memory and
weightings are zero there.
"""

from __future__ import annotations

import math
from typing import Any

from ntm_agents.addressing import SHARPENING_EPSILON, SIMILARITY_EPSILON
from ntm_agents.kernels.numba_compile import inlined, kernel
from ntm_agents.kernels.numba_math import exp, log
from ntm_agents.kernels.numba_pointers import (
    at,
    lanes,
    load,
    load_first,
    number_for,
    store,
    zeros,
)
from ntm_agents.kernels.numba_sums import add_sums, let_wait
from ntm_agents.kernels.numba_tape import Sizes
from ntm_agents.kernels.numba_vectors import (
    keep_first,
    larger,
    largest_of,
    square_root,
    sum_of,
)

_NEVER = -1e30
_MODERATE_STRENGTH, _MODERATE_SHARPENING = 20.0, 4.0
"""Up to here similarities, at most 1, and logarithms of weightings, at most 0, need no other
bound: the largest power is more than e**-40, in a memory of up to e**10 locations."""


@kernel
def inverse_norms(memory: Any, sizes: Sizes, inverse: Any) -> None:
    """Write one over the norm of each location."""
    for i in range(0, sizes.padded, lanes(memory)):
        squares = zeros(memory) + SIMILARITY_EPSILON
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            squares += row * row
        store(1.0 / square_root(squares), inverse, i)


@kernel
def _inverse_norm(key: Any, words: int) -> Any:
    squares = zeros(key)
    for m in range(0, words, lanes(key)):
        some = load_first(key, m, words - m)
        squares += some * some
    one, epsilon = number_for(key, 1.0), number_for(key, SIMILARITY_EPSILON)
    return one / math.sqrt(sum_of(squares) + epsilon)


@kernel
def multiply_key(memory: Any, key: Any, sizes: Sizes, dot: Any) -> None:
    """Write the product of the key and each location."""
    for i in range(0, sizes.padded, lanes(memory)):
        total = zeros(memory)
        for m in range(sizes.words):
            total += load(memory, m * sizes.padded + i) * key[m]
        store(total, dot, i)


@kernel
def _largest(numbers: Any, sizes: Sizes) -> Any:
    """Return the largest number of all locations."""
    largest = zeros(numbers) + _NEVER
    for i in range(0, sizes.padded, lanes(numbers)):
        some = keep_first(load(numbers, i), sizes.locations - i, _NEVER)
        largest = larger(largest, some)
    return largest_of(largest)


@kernel
def _to_powers(strength: Any, bound: Any, sizes: Sizes, numbers: Any) -> Any:
    """Replace numbers by a multiple of the softmax of ``strength`` times them.

    Args:
        strength: Factor of all numbers.
        bound: Not less than any number, nor so much more that the powers vanish.
        sizes: The sizes.
        numbers: Replaced, ``(N,)``.

    Returns:
        What to multiply them by.
    """
    total = zeros(numbers)
    for i in range(0, sizes.padded, lanes(numbers)):
        power = exp((load(numbers, i) - bound) * strength)
        power = keep_first(power, sizes.locations - i, 0.0)
        store(power, numbers, i)
        total += power
    return number_for(numbers, 1.0) / sum_of(total)


@inlined
def _join_ends(circle: Any, sizes: Sizes) -> None:
    """Repeat the last locations before the first, and the first behind the last."""
    max_shift = sizes.shifts // 2
    for j in range(max_shift):
        circle[j] = circle[sizes.locations + j]
        circle[sizes.locations + max_shift + j] = circle[max_shift + j]


@kernel
def _gate_around_the_circle(
    content: Any, previous: Any, gate: Any, sizes: Sizes, circle: Any
) -> None:
    """Write the gated weighting with ``max_shift`` neighbors repeated at both ends."""
    for i in range(0, sizes.padded, lanes(content)):
        before = load(previous, i)
        gated = before + (load(content, i) - before) * gate
        store(gated, circle, sizes.shifts // 2 + i)
    _join_ends(circle, sizes)


@kernel
def _rotated(circle: Any, shift_weighting: Any, sizes: Sizes, i: int) -> Any:
    """Return the rotated weighting (equation 8) from location ``i`` on."""
    rotated = zeros(circle)
    for q in range(sizes.shifts):
        rotated += load(circle, sizes.shifts - 1 - q + i) * shift_weighting[q]
    return rotated


@kernel
def address(
    memory: Any,
    inverse: Any,
    previous: Any,
    parameters: Any,
    sizes: Sizes,
    content: Any,
    weighting: Any,
    circle: Any,
) -> None:
    """Address one head.

    Args:
        memory: ``(M, N)``.
        inverse: One over the norm of each location, ``(N,)``.
        previous: Last weighting, ``(N,)``.
        parameters: Key, strength, gate, shifts, sharpening, in their ranges, ``(A,)``.
        sizes: The sizes.
        content: Written: equation 5, ``(N,)``.
        weighting: Written: equation 9, ``(N,)``.
        circle: Scratch, ``(N + S - 1,)``.
    """
    strength, gate = parameters[sizes.words], parameters[sizes.words + 1]
    shift_weighting = at(parameters, sizes.words + 2)
    sharpening = shift_weighting[sizes.shifts]

    key_scale = _inverse_norm(parameters, sizes.words)
    for i in range(0, sizes.padded, lanes(memory)):
        total = zeros(memory)
        for m in range(sizes.words):
            total += load(memory, m * sizes.padded + i) * parameters[m]
        store(total * load(inverse, i) * key_scale, content, i)
    bound = number_for(memory, 1.0)
    if strength > _MODERATE_STRENGTH:
        bound = _largest(content, sizes)
    scale = _to_powers(strength, bound, sizes, content)

    for i in range(0, sizes.padded, lanes(memory)):
        by_content, before = load(content, i) * scale, load(previous, i)
        store(by_content, content, i)
        store(before + (by_content - before) * gate, circle, sizes.shifts // 2 + i)
    _join_ends(circle, sizes)
    for i in range(0, sizes.padded, lanes(memory)):
        rotated = _rotated(circle, shift_weighting, sizes, i)
        store(log(rotated + SHARPENING_EPSILON), weighting, i)
    bound = number_for(memory, 0.0)
    if sharpening > _MODERATE_SHARPENING:
        bound = _largest(weighting, sizes)
    scale = _to_powers(sharpening, bound, sizes, weighting)
    for i in range(0, sizes.padded, lanes(memory)):
        store(load(weighting, i) * scale, weighting, i)


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
        rotated = _rotated(circle, shift_weighting, sizes, i) + SHARPENING_EPSILON
        d_logit = load(weighting, i) * (load(d_weighting, i) - mean)
        total += d_logit * log(rotated)
        store(d_logit * sharpening / rotated, d_circle, shifts // 2 + i)
    d_shift_weighting[shifts] = sum_of(total)

    for q in range(shifts):
        total = zeros(weighting)
        for i in range(0, padded, step):
            total += load(d_circle, shifts // 2 + i) * load(circle, shifts - 1 - q + i)
        d_shift_weighting[q] = sum_of(total)
    _join_ends(d_circle, sizes)
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

    key_scale = _inverse_norm(parameters, words)
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
