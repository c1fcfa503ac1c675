"""Addressing of one head in one step (equations 5 to 9).

Memory lies as ``(M, N)``, so that every inner loop runs over the contiguous locations, and a
loop over words keeps its sums in registers. Rows are padded to whole vectors; memory and
weightings are zero there.
"""

from __future__ import annotations

import math

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.functions import exp, log
from ntm_agents.kernels.numba.lang.names import (
    Lanes,
    Number,
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import (
    at,
    lanes,
    load,
    load_first,
    number_for,
    store,
    zeros,
)
from ntm_agents.kernels.numba.lang.vectors import (
    keep_first,
    larger,
    largest_of,
    square_root,
    sum_of,
)
from ntm_agents.kernels.numba.layout import Head, MemorySizes
from ntm_agents.ntm.addressing import SHARPENING_EPSILON, SIMILARITY_EPSILON

_NEVER = -1e30
_MODERATE_STRENGTH, _MODERATE_SHARPENING = 40.0, 2.8
"""Up to here powers need no largest number to begin at: similarities from -1 to 1, and
logarithms of weightings from that of their epsilon to 0, keep all of them above e**-80."""


@kernel
def inverse_norms(memory: Pointer, sizes: MemorySizes, inverse: Pointer) -> None:
    """Write one over the norm of each location."""
    for i in range(0, sizes.padded, lanes(memory)):
        squares = zeros(memory) + SIMILARITY_EPSILON
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            # A location is a lane: M additions, and no sum over lanes.
            squares += row * row
        # A division is slow; the norms' inverses are multiplied with in three places.
        store(1.0 / square_root(squares), inverse, i)


@kernel
def inverse_norm(key: Pointer, words: int) -> Number:
    """Return one over the norm of a key."""
    # The key lies along the lanes, so here their sum is needed, once.
    squares = zeros(key)
    for m in range(0, words, lanes(key)):
        some = load_first(key, m, words - m)
        squares += some * some
    one, epsilon = number_for(key, 1.0), number_for(key, SIMILARITY_EPSILON)
    return one / math.sqrt(sum_of(squares) + epsilon)


@kernel
def _largest(numbers: Pointer, sizes: MemorySizes) -> Number:
    """Return the largest number of all locations."""
    largest = zeros(numbers) + _NEVER
    for i in range(0, sizes.padded, lanes(numbers)):
        # The padding must not win: similarities may all be negative.
        some = keep_first(load(numbers, i), sizes.locations - i, _NEVER)
        largest = larger(largest, some)
    return largest_of(largest)


@kernel
def _to_powers(strength: Number, bound: Number, sizes: MemorySizes, numbers: Pointer) -> Number:
    """Replace numbers by a multiple of the softmax of ``strength`` times them.

    Args:
        strength: Factor of all numbers.
        bound: Not less than any number, nor so much more that powers vanish.
        sizes: The sizes.
        numbers: Replaced, ``(N,)``.

    Returns:
        What to multiply them by.
    """
    # The scale is left to whoever reads the powers next: that saves a pass over them.
    total = zeros(numbers)
    for i in range(0, sizes.padded, lanes(numbers)):
        power = exp((load(numbers, i) - bound) * strength)
        # exp(0) = 1 in the padding would be counted as a weight.
        power = keep_first(power, sizes.locations - i, 0.0)
        store(power, numbers, i)
        total += power
    return number_for(numbers, 1.0) / sum_of(total)


@inlined
def join_ends(circle: Pointer, sizes: MemorySizes) -> None:
    """Repeat the last locations before the first, and the first behind the last."""
    # (N + S - 1,): S // 2 neighbors before the first location and behind the last.
    max_shift = sizes.shifts // 2
    for j in range(max_shift):
        circle[j] = circle[sizes.locations + j]
        circle[sizes.locations + max_shift + j] = circle[max_shift + j]


@kernel
def rotate(circle: Pointer, shift_weighting: Pointer, sizes: MemorySizes, i: int) -> Lanes:
    """Return the rotated weighting (equation 8) from location ``i`` on."""
    # Shifted reads of the same row, which are unaligned, instead of shuffles.
    rotated = zeros(circle)
    for q in range(sizes.shifts):
        rotated += load(circle, sizes.shifts - 1 - q + i) * shift_weighting[q]
    return rotated


@kernel
def address(
    memory: Pointer,
    inverse: Pointer,
    previous: Pointer,
    head: Head,
    sizes: MemorySizes,
    circle: Pointer,
    any_previous: bool,
) -> None:
    """Address one head.

    Args:
        memory: ``(M, N)``.
        inverse: One over the norm of each location, ``(N,)``.
        previous: Last weighting, ``(N,)``.
        head: Its content and weighting, equations 5 and 9, are written.
        sizes: The sizes.
        circle: Scratch: a weighting with its ends repeated, ``(N + S - 1,)``.
        any_previous: Whether the last weighting may hold numbers above one.
    """
    parameters, content, weighting = head.parameters, head.content, head.weighting
    strength, gate = parameters[sizes.words], parameters[sizes.words + 1]
    shift_weighting = at(parameters, sizes.words + 2)
    sharpening = shift_weighting[sizes.shifts]

    # Cosine similarities: a key's products with all locations, a vector of them at a time.
    key_scale = inverse_norm(parameters, sizes.words)
    for i in range(0, sizes.padded, lanes(memory)):
        total = zeros(memory)
        for m in range(sizes.words):
            # (M, N) times (M,): one number of the key for a whole row of locations.
            total += load(memory, m * sizes.padded + i) * parameters[m]
        store(total * load(inverse, i) * key_scale, content, i)
    # Equation 5. A softmax may begin at any bound: that of a cosine is known.
    bound = number_for(memory, 1.0)
    # Only steep softmaxes need a pass for their largest number.
    if strength > _MODERATE_STRENGTH:
        bound = _largest(content, sizes)
    scale = _to_powers(strength, bound, sizes, content)

    # Equation 7, written where equation 8 can read around both ends without a remainder.
    for i in range(0, sizes.padded, lanes(memory)):
        by_content, before = load(content, i) * scale, load(previous, i)
        store(by_content, content, i)
        # w + g (w_c - w): one multiplication fewer than g w_c + (1 - g) w.
        store(before + (by_content - before) * gate, circle, sizes.shifts // 2 + i)
    join_ends(circle, sizes)
    # Equations 8 and 9; a power is taken as the exponential of a multiple of the logarithm.
    for i in range(0, sizes.padded, lanes(memory)):
        rotated = rotate(circle, shift_weighting, sizes, i)
        store(log(rotated + SHARPENING_EPSILON), weighting, i)
    # Logarithms of weights are not above zero, unless a user's state holds weights above one.
    bound = number_for(memory, 0.0)
    if sharpening > _MODERATE_SHARPENING or any_previous:
        bound = _largest(weighting, sizes)
    scale = _to_powers(sharpening, bound, sizes, weighting)
    for i in range(0, sizes.padded, lanes(memory)):
        store(load(weighting, i) * scale, weighting, i)
