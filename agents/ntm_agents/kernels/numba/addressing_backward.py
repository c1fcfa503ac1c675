"""Gradients of one head's addressing in one step (equations 5 to 9)."""

from __future__ import annotations

from typing import NamedTuple

from ntm_agents.kernels.numba.addressing import inverse_norm, join_ends, rotate
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import log
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.sums import add_sums, postpone
from ntm_agents.kernels.numba.lang.vectors import sum_of
from ntm_agents.kernels.numba.layout import Head, MemorySizes
from ntm_agents.ntm.addressing import SHARPENING_EPSILON


@kernel
def multiply_key(memory: Pointer, key: Pointer, sizes: MemorySizes, dot: Pointer) -> None:
    """Write the product of the key and each location."""
    # Of a read head these come from `read_backward`, which passes over the memory anyway.
    for i in range(0, sizes.padded, lanes(memory)):
        total = zeros(memory)
        for m in range(sizes.words):
            total += load(memory, m * sizes.padded + i) * key[m]
        store(total, dot, i)


@kernel
def _gate_around_the_circle(
    content: Pointer, previous: Pointer, gate: Pointer, sizes: MemorySizes, circle: Pointer
) -> None:
    """Write the gated weighting with ``max_shift`` neighbors repeated at both ends."""
    for i in range(0, sizes.padded, lanes(content)):
        before = load(previous, i)
        gated = before + (load(content, i) - before) * gate
        store(gated, circle, sizes.shifts // 2 + i)
    join_ends(circle, sizes)


class AddressingScratch(NamedTuple):
    """What one head's addressing needs on its way back.

    Attributes:
        dot: Product of the key and each location; then its gradient, ``(N,)``.
        shrink: Share of each location in its own negative gradient, ``(N,)``.
        circle: The gated weighting with its ends repeated, ``(N + S - 1,)``.
        d_circle: Its gradient.
        sums: M postponed sums, and R more.
    """

    dot: Pointer
    shrink: Pointer
    circle: Pointer
    d_circle: Pointer
    sums: Pointer


@kernel
def address_backward(
    inverse: Pointer,
    previous: Pointer,
    head: Head,
    sizes: MemorySizes,
    d_weighting: Pointer,
    d_parameters: Pointer,
    scratch: AddressingScratch,
) -> None:
    """Carry a gradient back through one head's addressing, up to what touches the memory.

    Args:
        inverse: See `address`, like all up to ``sizes``.
        previous: See `address`.
        head: See `address`.
        sizes: See `address`.
        d_weighting: Gradient of the weighting; overwritten by that of the last weighting.
        d_parameters: Written: gradient of the parameters in their ranges; of the key only
            what comes through its norm, ``(A,)``.
        scratch: ``dot`` holds products and is overwritten, ``shrink`` is written.
    """
    parameters, content, weighting = head.parameters, head.content, head.weighting
    dot, shrink = scratch.dot, scratch.shrink
    circle, d_circle = scratch.circle, scratch.d_circle
    words, padded, shifts, step = sizes.words, sizes.padded, sizes.shifts, lanes(inverse)
    strength, gate = parameters[words], parameters[words + 1]
    shift_weighting = at(parameters, words + 2)
    sharpening = shift_weighting[shifts]
    d_shift_weighting = at(d_parameters, words + 2)

    # Equation 9 is a softmax: the gradient of its exponents is that less its weighted mean.
    total = zeros(weighting)
    for i in range(0, padded, step):
        total += load(weighting, i) * load(d_weighting, i)
    mean = sum_of(total)
    # Equations 7 and 8 are cheaper to compute again than to keep.
    _gate_around_the_circle(content, previous, gate, sizes, circle)
    total = zeros(weighting)
    for i in range(0, padded, step):
        rotated = rotate(circle, shift_weighting, sizes, i) + SHARPENING_EPSILON
        d_logit = load(weighting, i) * (load(d_weighting, i) - mean)
        total += d_logit * log(rotated)
        # Written into a circle as well, for equation 8 is a correlation on the way back, too.
        store(d_logit * sharpening / rotated, d_circle, shifts // 2 + i)
    # The exponent's gradient is that of the logits times the logarithms.
    d_shift_weighting[shifts] = sum_of(total)

    # Equation 8: a correlation of the gradient with the gated weighting, and with the shifts.
    for q in range(shifts):
        total = zeros(weighting)
        for i in range(0, padded, step):
            total += load(d_circle, shifts // 2 + i) * load(circle, shifts - 1 - q + i)
        d_shift_weighting[q] = sum_of(total)
    join_ends(d_circle, sizes)
    # Equation 7: the gate's gradient, and what the last weighting gets, in one pass.
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

    # Equation 5, a softmax of cosines. A cosine changes with a vector's direction only: what
    # points along the key or the location is taken off, here what points along the key.
    key_scale = inverse_norm(parameters, words)
    total, radials = zeros(weighting), zeros(weighting)
    for i in range(0, padded, step):
        d_gated, scale = load(d_weighting, i), load(inverse, i)
        similarity = load(dot, i) * scale * key_scale
        d_logit = load(content, i) * (d_gated - mean) * gate
        total += d_logit * similarity
        d_similarity = d_logit * strength
        radial = d_similarity * similarity
        # What a similarity's gradient has along key and location, which both take off.
        radials += radial
        # Taken off the location by `compare_backward`, which has it at hand: (N,).
        store(radial * scale * scale, shrink, i)
        store(d_similarity * scale * key_scale, dot, i)
        store(d_gated * (1.0 - gate), d_weighting, i)
    d_parameters[words] = sum_of(total)
    along_key = sum_of(radials) * key_scale * key_scale
    for m in range(words):
        # Times the key; its products with the memory are added by `compare_backward`.
        d_parameters[m] = -parameters[m] * along_key


@kernel
def compare_backward(
    memory: Pointer,
    head: Head,
    sizes: MemorySizes,
    d_read: Pointer,
    d_memory: Pointer,
    d_key: Pointer,
    scratch: AddressingScratch,
) -> None:
    """Add what a head's comparison, and its reading if it reads, give memory and key.

    Args:
        memory: ``(M, N)``.
        head: Its key and weighting are read.
        sizes: The sizes.
        d_read: Gradient of the read vector, ``(M,)``; zeros for a write head.
        d_memory: Added to, ``(M, N)``.
        d_key: Added to, ``(M,)``.
        scratch: From `address_backward`.
    """
    key, d_dot, sums = head.parameters, scratch.dot, scratch.sums
    # One pass over memory and its gradient does for comparison and reading: they are far away.
    for i in range(0, sizes.padded, lanes(memory)):
        d_product, less, weight = (
            load(d_dot, i),
            load(scratch.shrink, i),
            load(head.weighting, i),
        )
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            d_row = load(d_memory, m * sizes.padded + i)
            d_row += d_product * key[m] - less * row + weight * d_read[m]
            store(d_row, d_memory, m * sizes.padded + i)
            # A sum over lanes for each word; see `lang.sums`.
            postpone(d_product * row, sums, m, i == 0)
    add_sums(sums, sizes.words, d_key)
