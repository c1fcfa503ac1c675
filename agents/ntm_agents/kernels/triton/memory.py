"""Memory in one step, forward and backward (equations 2 to 4).

Memory is a tensor ``(B, N, M)`` on the chip, zero where N and M are padded. Weightings and raw
head parameters are rows of pointers to those of the first write head.
"""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.tape import Sizes
from ntm_agents.kernels.triton.vectors import (
    Value,
    kernel,
    load_vector,
    sigmoid,
    store_vector,
    tanh,
)


@kernel
def memory_elements(first: tl.tensor, valid: tl.tensor, sizes: Sizes) -> Value:
    """Return pointers to all elements of matrices ``(N, M)``, and which of them exist.

    Args:
        first: Row of pointers, one for each sequence, or one broadcast to all.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    n, m = tl.arange(0, sizes.locations_block), tl.arange(0, sizes.words_block)
    places = n[:, None] * sizes.words + m[None, :]
    inside = (n < sizes.locations)[:, None] & (m < sizes.words)[None, :]
    return first[:, None, None] + places[None, :, :], valid[:, None, None] & inside[None, :, :]


@kernel
def load_memory(first: tl.tensor, valid: tl.tensor, sizes: Sizes) -> Value:
    """Return memories, ``(B, N, M)``; see `memory_elements`."""
    pointers, inside = memory_elements(first, valid, sizes)
    return tl.load(pointers, mask=inside, other=0.0)


@kernel
def store_memory(first: tl.tensor, valid: tl.tensor, sizes: Sizes, memory: tl.tensor) -> None:
    """Store memories, ``(B, N, M)``; see `memory_elements`."""
    pointers, inside = memory_elements(first, valid, sizes)
    tl.store(pointers, memory, mask=inside)


@kernel
def restart_memory(
    memory: tl.tensor, begins: tl.tensor, initial: tl.tensor, sizes: Sizes
) -> Value:
    """Return the initial memory where an episode begins, else the memory."""
    pointers = initial + 0 * tl.arange(0, sizes.sequences)
    start = load_memory(pointers, begins, sizes)
    return tl.where(begins[:, None, None], start, memory)


@kernel
def read(memory: tl.tensor, weighting: tl.tensor) -> Value:
    """Return read vectors, ``(B, M)``."""
    return tl.sum(memory * weighting[:, :, None], 1)


@kernel
def _write_parameters(
    parameters: tl.tensor, head: int, valid: tl.tensor, sizes: Sizes
) -> Value:
    """Return erase and add vectors of one write head, ``(B, M)``."""
    m = tl.arange(0, sizes.words_block)
    addressing = sizes.words + sizes.shifts + 3
    first = parameters + head * (addressing + 2 * sizes.words) + addressing
    erase_vector = sigmoid(load_vector(first, m, sizes.words, valid))
    add_vector = tanh(load_vector(first + sizes.words, m, sizes.words, valid))
    return erase_vector, add_vector


@kernel
def _kept(
    weightings: tl.tensor, parameters: tl.tensor, but: int, valid: tl.tensor, sizes: Sizes
) -> Value:
    """Return what all write heads but one leave of each element, ``(B, N, M)``."""
    n = tl.arange(0, sizes.locations_block)
    shape: tl.constexpr = (sizes.sequences, sizes.locations_block, sizes.words_block)
    kept = tl.full(shape, 1.0, weightings.dtype.element_ty)
    for h in range(sizes.writes):
        weighting = load_vector(weightings + h * sizes.locations, n, sizes.locations, valid)
        erase_vector, _ = _write_parameters(parameters, h, valid, sizes)
        factor = 1.0 - weighting[:, :, None] * erase_vector[:, None, :]
        # Products without one head are computed again: to divide fails where a factor is zero.
        kept *= tl.where(h == but, 1.0, factor)
    return kept


@kernel
def write(
    memory: tl.tensor,
    weightings: tl.tensor,
    parameters: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Return the memory after all write heads: every erase before every add."""
    n = tl.arange(0, sizes.locations_block)
    # Equation 3 for all heads, then equation 4.
    memory *= _kept(weightings, parameters, -1, valid, sizes)
    for h in range(sizes.writes):
        weighting = load_vector(weightings + h * sizes.locations, n, sizes.locations, valid)
        _, add_vector = _write_parameters(parameters, h, valid, sizes)
        memory += weighting[:, :, None] * add_vector[:, None, :]
    return memory


@kernel
def write_backward(
    memory: tl.tensor,
    weightings: tl.tensor,
    parameters: tl.tensor,
    d_memory: tl.tensor,
    d_weightings: tl.tensor,
    d_parameters: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Carry a gradient back through a write.

    Args:
        memory: Before the write.
        weightings: Of the write heads.
        parameters: Of the write heads.
        d_memory: Gradient of the memory after the write.
        d_weightings: Row of pointers to gradients of the write heads' weightings, added to.
        d_parameters: Row of pointers; gradients of the raw erase and add vectors are stored.
        valid: Which sequences exist.
        sizes: See `Sizes`.

    Returns:
        Gradient of the memory before the write.
    """
    m, n = tl.arange(0, sizes.words_block), tl.arange(0, sizes.locations_block)
    addressing = sizes.words + sizes.shifts + 3
    for h in range(sizes.writes):
        weighting = load_vector(weightings + h * sizes.locations, n, sizes.locations, valid)
        erase_vector, add_vector = _write_parameters(parameters, h, valid, sizes)
        d_add = tl.sum(weighting[:, :, None] * d_memory, 1)
        d_kept = memory * d_memory * _kept(weightings, parameters, h, valid, sizes)
        d_erase = -tl.sum(weighting[:, :, None] * d_kept, 1)
        through_add = tl.sum(add_vector[:, None, :] * d_memory, 2)
        through_erase = tl.sum(erase_vector[:, None, :] * d_kept, 2)

        target = d_weightings + h * sizes.locations
        d_weighting = load_vector(target, n, sizes.locations, valid)
        d_weighting += through_add - through_erase
        store_vector(target, n, sizes.locations, valid, d_weighting)
        target = d_parameters + h * (addressing + 2 * sizes.words) + addressing
        d_erase *= erase_vector * (1.0 - erase_vector)
        store_vector(target, m, sizes.words, valid, d_erase)
        d_add *= 1.0 - add_vector * add_vector
        store_vector(target + sizes.words, m, sizes.words, valid, d_add)
    return d_memory * _kept(weightings, parameters, -1, valid, sizes)
