"""Addressing of one head in one step, forward and backward (equations 5 to 9).

Letters: ``B`` sequences of a program, ``N`` and ``M`` padded to powers of two, where everything
is zero. Head parameters are raw, as the head layer puts them out.
"""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.tape import Sizes, WithGradient
from ntm_agents.kernels.triton.vectors import (
    Value,
    kernel,
    load_vector,
    masked_softmax,
    sigmoid,
    softplus,
    store_vector,
    tanh,
)
from ntm_agents.ntm.addressing import SHARPENING_EPSILON, SIMILARITY_EPSILON

_SHARPENING_EPSILON = tl.constexpr(SHARPENING_EPSILON)
_SIMILARITY_EPSILON = tl.constexpr(SIMILARITY_EPSILON)


@kernel
def inverse_norms(memory: tl.tensor) -> Value:
    """Return one over the norm of each location, ``(B, N)``."""
    return 1.0 / tl.sqrt(tl.sum(memory * memory, 2) + _SIMILARITY_EPSILON)


@kernel
def _moved(weighting: tl.tensor, places: int, sizes: Sizes) -> Value:
    """Return weightings moved around the circle by so many places, zero past N."""
    n = tl.arange(0, sizes.locations_block)
    # A gather in registers: a block has no neighbors that one could read around.
    source = (n - places + sizes.locations) % sizes.locations
    source = tl.broadcast_to(source[None, :], (sizes.sequences, sizes.locations_block))
    return tl.where((n < sizes.locations)[None, :], tl.gather(weighting, source, 1), 0.0)


@kernel
def _look(
    memory: tl.tensor, inverse: tl.tensor, parameters: tl.tensor, valid: tl.tensor, sizes: Sizes
) -> Value:
    """Return the key, one over its norm, its strength, similarities and equation 5."""
    m, n = tl.arange(0, sizes.words_block), tl.arange(0, sizes.locations_block)
    key = tanh(load_vector(parameters, m, sizes.words, valid))
    strength = softplus(tl.load(parameters + sizes.words, mask=valid, other=0.0))
    key_scale = 1.0 / tl.sqrt(tl.sum(key * key, 1) + _SIMILARITY_EPSILON)
    similarity = tl.sum(memory * key[:, None, :], 2) * inverse * key_scale[:, None]
    # (B, N): all locations of a program's sequences at once.
    content = masked_softmax(strength[:, None] * similarity, n < sizes.locations)
    return key, key_scale, strength, similarity, content


@kernel
def _turn(
    content: tl.tensor,
    previous: tl.tensor,
    parameters: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Return the gate, the gated weighting, the shifts and equation 8."""
    q = tl.arange(0, sizes.shifts_block)
    gate = sigmoid(tl.load(parameters + sizes.words + 1, mask=valid, other=0.0))
    gated = previous + gate[:, None] * (content - previous)
    raw_shifts = load_vector(parameters + sizes.words + 2, q, sizes.shifts, valid)
    shifts = masked_softmax(raw_shifts, q < sizes.shifts)
    rotated = tl.zeros_like(gated)
    for shift in range(sizes.shifts):
        share = tl.sum(tl.where((q == shift)[None, :], shifts, 0.0), 1)
        rotated += share[:, None] * _moved(gated, shift - sizes.shifts // 2, sizes)
    return gate, gated, shifts, rotated


@kernel
def _sharpen(
    rotated: tl.tensor, parameters: tl.tensor, valid: tl.tensor, sizes: Sizes
) -> Value:
    """Return the exponent, the logarithms that it multiplies, and equation 9."""
    n = tl.arange(0, sizes.locations_block)
    last = parameters + sizes.words + 2 + sizes.shifts
    sharpening = 1.0 + softplus(tl.load(last, mask=valid, other=0.0))
    logs = tl.log(rotated + _SHARPENING_EPSILON)
    weighting = masked_softmax(sharpening[:, None] * logs, n < sizes.locations)
    return sharpening, logs, weighting


@kernel
def address(
    memory: tl.tensor,
    inverse: tl.tensor,
    previous: tl.tensor,
    parameters: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Return the next weighting of one head, ``(B, N)``.

    Args:
        memory: ``(B, N, M)``.
        inverse: One over the norm of each location, ``(B, N)``.
        previous: Last weighting, ``(B, N)``.
        parameters: Row of pointers to the head's raw parameters.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    _, _, _, _, content = _look(memory, inverse, parameters, valid, sizes)
    _, _, _, rotated = _turn(content, previous, parameters, valid, sizes)
    _, _, weighting = _sharpen(rotated, parameters, valid, sizes)
    return weighting


@kernel
def address_backward(
    memory: tl.tensor,
    inverse: tl.tensor,
    previous: tl.tensor,
    row: WithGradient,
    d_weighting: tl.tensor,
    d_memory: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Carry a gradient back through one head's addressing, whose results are computed again.

    Args:
        memory: As in `address`, like all up to ``previous``.
        inverse: See `address`.
        previous: See `address`.
        row: The head's raw parameters; their gradient is stored.
        d_weighting: ``(B, N)``.
        d_memory: ``(B, N, M)``.
        valid: Which sequences exist.
        sizes: See `Sizes`.

    Returns:
        Gradient of the last weighting, and ``d_memory`` with this head's share.
    """
    parameters, d_parameters = row.numbers, row.gradient
    m, q = tl.arange(0, sizes.words_block), tl.arange(0, sizes.shifts_block)
    key, key_scale, strength, similarity, content = _look(
        memory, inverse, parameters, valid, sizes
    )
    gate, gated, shifts, rotated = _turn(content, previous, parameters, valid, sizes)
    sharpening, logs, weighting = _sharpen(rotated, parameters, valid, sizes)

    mean = tl.sum(weighting * d_weighting, 1)
    d_logit = weighting * (d_weighting - mean[:, None])
    d_sharpening = tl.sum(d_logit * logs, 1)
    d_rotated = sharpening[:, None] * d_logit / (rotated + _SHARPENING_EPSILON)

    d_gated = tl.zeros_like(d_rotated)
    d_shifts = tl.zeros_like(shifts)
    for shift in range(sizes.shifts):
        places = shift - sizes.shifts // 2
        here = (q == shift)[None, :]
        d_share = tl.sum(d_rotated * _moved(gated, places, sizes), 1)
        d_shifts += tl.where(here, d_share[:, None], 0.0)
        share = tl.sum(tl.where(here, shifts, 0.0), 1)
        d_gated += share[:, None] * _moved(d_rotated, -places, sizes)
    d_shifts = shifts * (d_shifts - tl.sum(shifts * d_shifts, 1)[:, None])
    d_gate = tl.sum(d_gated * (content - previous), 1) * gate * (1.0 - gate)

    mean = tl.sum(content * d_gated, 1)
    d_logit = gate[:, None] * content * (d_gated - mean[:, None])
    d_strength = tl.sum(d_logit * similarity, 1)
    d_similarity = strength[:, None] * d_logit
    d_dot = d_similarity * key_scale[:, None] * inverse
    radial = d_similarity * similarity
    along_key = tl.sum(radial, 1) * key_scale * key_scale
    d_key = tl.sum(d_dot[:, :, None] * memory, 1) - key * along_key[:, None]
    shrink = radial * inverse * inverse
    d_memory += d_dot[:, :, None] * key[:, None, :] - shrink[:, :, None] * memory

    store_vector(d_parameters, m, sizes.words, valid, d_key * (1.0 - key * key))
    store_vector(d_parameters + sizes.words + 2, q, sizes.shifts, valid, d_shifts)
    tl.store(d_parameters + sizes.words + 1, d_gate, mask=valid)
    of_strength, of_sharpening = sizes.words, sizes.words + 2 + sizes.shifts
    slope = sigmoid(tl.load(parameters + of_strength, mask=valid, other=0.0))
    tl.store(d_parameters + of_strength, d_strength * slope, mask=valid)
    slope = sigmoid(tl.load(parameters + of_sharpening, mask=valid, other=0.0))
    tl.store(d_parameters + of_sharpening, d_sharpening * slope, mask=valid)
    return (1.0 - gate)[:, None] * d_gated, d_memory
