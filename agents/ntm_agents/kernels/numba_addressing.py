"""Addressing of one head in one step, forward and backward (equations 5 to 9).

Memory lies as ``(M, N)``, so that every inner loop runs over the contiguous locations.
"""

from __future__ import annotations

import math
from typing import Any

from ntm_agents.addressing import SHARPENING_EPSILON, SIMILARITY_EPSILON
from ntm_agents.kernels.numba_math import add_combination, exp, kernel, log


@kernel
def inverse_norms(memory: Any, inverse: Any) -> None:
    """Write one over the norm of each location, ``(N,)``."""
    words, locations = memory.shape
    one = memory.dtype.type(1.0)
    for i in range(locations):
        inverse[i] = SIMILARITY_EPSILON
    fours = words - words % 4
    for m in range(0, fours, 4):
        r0, r1, r2, r3 = memory[m], memory[m + 1], memory[m + 2], memory[m + 3]
        for i in range(locations):
            inverse[i] += (r0[i] * r0[i] + r1[i] * r1[i]) + (r2[i] * r2[i] + r3[i] * r3[i])
    for m in range(fours, words):
        row = memory[m]
        for i in range(locations):
            inverse[i] += row[i] * row[i]
    for i in range(locations):
        inverse[i] = one / math.sqrt(inverse[i])


@kernel
def _inverse_norm(key: Any) -> Any:
    total = key.dtype.type(SIMILARITY_EPSILON)
    for m in range(key.shape[0]):
        total += key[m] * key[m]
    return key.dtype.type(1.0) / math.sqrt(total)


@kernel
def _gate_around_the_circle(
    content: Any, previous: Any, gate: Any, max_shift: int, padded: Any
) -> None:
    """Write the gated weighting with ``max_shift`` neighbours repeated at both ends."""
    locations = content.shape[0]
    gated = padded[max_shift : max_shift + locations]
    for i in range(locations):
        gated[i] = previous[i] + gate * (content[i] - previous[i])
    for j in range(max_shift):
        padded[j] = padded[locations + j]
        padded[locations + max_shift + j] = padded[max_shift + j]


@kernel
def _softmax_of_scaled(similarity: Any, strength: Any, content: Any) -> None:
    """Write the softmax of ``strength · similarity``."""
    locations = similarity.shape[0]
    largest = similarity[0]
    for i in range(locations):
        largest = max(largest, similarity[i])
    total = similarity.dtype.type(0.0)
    for i in range(locations):
        content[i] = exp(strength * (similarity[i] - largest))
        total += content[i]
    total = similarity.dtype.type(1.0) / total
    for i in range(locations):
        content[i] *= total


@kernel
def address(
    memory: Any,
    inverse: Any,
    previous: Any,
    parameters: Any,
    similarity: Any,
    content: Any,
    rotated: Any,
    weighting: Any,
    padded: Any,
) -> None:
    """Address one head.

    Args:
        memory: ``(M, N)``.
        inverse: One over the norm of each location, ``(N,)``.
        previous: Last weighting, ``(N,)``.
        parameters: Key, strength, gate, shifts, sharpening, in their ranges, ``(A,)``.
        similarity: Written: cosine of key and location, ``(N,)``.
        content: Written: equation 5.
        rotated: Written: equation 8.
        weighting: Written: equation 9.
        padded: Scratch, ``(N + S - 1,)``.
    """
    words, locations = memory.shape
    num_shifts = parameters.shape[0] - words - 3
    max_shift = num_shifts // 2
    strength, gate = parameters[words], parameters[words + 1]
    sharpening = parameters[words + 2 + num_shifts]
    zero, one = memory.dtype.type(0.0), memory.dtype.type(1.0)
    epsilon = memory.dtype.type(SHARPENING_EPSILON)

    for i in range(locations):
        similarity[i] = zero
    add_combination(memory, parameters[:words], similarity)
    key_scale = _inverse_norm(parameters[:words])
    for i in range(locations):
        similarity[i] *= key_scale * inverse[i]

    _softmax_of_scaled(similarity, strength, content)
    _gate_around_the_circle(content, previous, gate, max_shift, padded)
    for i in range(locations):
        rotated[i] = zero
    for q in range(num_shifts):
        share, source = parameters[words + 2 + q], padded[num_shifts - 1 - q :]
        for i in range(locations):
            rotated[i] += share * source[i]

    largest = zero
    for i in range(locations):
        largest = max(largest, rotated[i])
    log_largest = log(largest + epsilon)
    total = zero
    for i in range(locations):
        weighting[i] = exp(sharpening * (log(rotated[i] + epsilon) - log_largest))
        total += weighting[i]
    total = one / total
    for i in range(locations):
        weighting[i] *= total


@kernel
def address_backward(
    memory: Any,
    inverse: Any,
    previous: Any,
    parameters: Any,
    similarity: Any,
    content: Any,
    rotated: Any,
    weighting: Any,
    d_weighting: Any,
    d_memory: Any,
    d_parameters: Any,
    padded: Any,
    d_padded: Any,
    scratch: Any,
) -> None:
    """Carry a gradient back through one head's addressing.

    Args:
        memory: As in `address`, like all up to ``weighting``.
        inverse: See `address`.
        previous: See `address`.
        parameters: See `address`.
        similarity: See `address`.
        content: See `address`.
        rotated: See `address`.
        weighting: See `address`.
        d_weighting: Gradient of the weighting; overwritten by that of the last weighting.
        d_memory: Gradient of the memory, added to, ``(M, N)``.
        d_parameters: Written: gradient of the parameters in their ranges, ``(A,)``.
        padded: Scratch, ``(N + S - 1,)``.
        d_padded: Scratch, ``(N + S - 1,)``.
        scratch: Scratch, ``(2, N)``.
    """
    words, locations = memory.shape
    num_shifts = parameters.shape[0] - words - 3
    max_shift = num_shifts // 2
    strength, gate = parameters[words], parameters[words + 1]
    sharpening = parameters[words + 2 + num_shifts]
    zero, one = memory.dtype.type(0.0), memory.dtype.type(1.0)
    epsilon = memory.dtype.type(SHARPENING_EPSILON)

    mean = zero
    for i in range(locations):
        mean += weighting[i] * d_weighting[i]
    d_sharpening = zero
    d_rotated = d_padded[max_shift : max_shift + locations]
    for i in range(locations):
        d_logit = weighting[i] * (d_weighting[i] - mean)
        d_sharpening += d_logit * log(rotated[i] + epsilon)
        d_rotated[i] = sharpening * d_logit / (rotated[i] + epsilon)
    d_parameters[words + 2 + num_shifts] = d_sharpening
    for j in range(max_shift):
        d_padded[j] = d_padded[locations + j]
        d_padded[locations + max_shift + j] = d_padded[max_shift + j]

    _gate_around_the_circle(content, previous, gate, max_shift, padded)
    d_gated = scratch[0]
    for i in range(locations):
        d_gated[i] = zero
    for q in range(num_shifts):
        share, source = parameters[words + 2 + q], padded[num_shifts - 1 - q :]
        neighbours = d_padded[q:]
        d_share = zero
        for i in range(locations):
            d_share += d_rotated[i] * source[i]
            d_gated[i] += share * neighbours[i]
        d_parameters[words + 2 + q] = d_share

    d_gate, mean = zero, zero
    for i in range(locations):
        d_gate += d_gated[i] * (content[i] - previous[i])
        d_weighting[i] = (one - gate) * d_gated[i]
        mean += content[i] * d_gated[i]
    d_parameters[words + 1] = d_gate

    d_dot, shrink = scratch[0], scratch[1]
    key_scale = _inverse_norm(parameters[:words])
    d_strength, along_key = zero, zero
    for i in range(locations):
        d_logit = gate * content[i] * (d_gated[i] - mean)
        d_strength += d_logit * similarity[i]
        d_similarity = strength * d_logit
        radial = d_similarity * similarity[i]
        along_key += radial
        shrink[i] = radial * inverse[i] * inverse[i]
        d_dot[i] = d_similarity * key_scale * inverse[i]
    d_parameters[words] = d_strength

    along_key *= key_scale * key_scale
    for m in range(words):
        number, row, d_row = parameters[m], memory[m], d_memory[m]
        d_key = zero
        for i in range(locations):
            d_key += d_dot[i] * row[i]
            d_row[i] += d_dot[i] * number - shrink[i] * row[i]
        d_parameters[m] = d_key - number * along_key
