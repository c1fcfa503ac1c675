"""Reading in one step, forward and backward (equation 2)."""

from __future__ import annotations

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.vectors import sum_of
from ntm_agents.kernels.numba.layout import MemorySizes


@kernel
def read(memory: Pointer, weighting: Pointer, sizes: MemorySizes, read_vector: Pointer) -> None:
    """Read with one head into ``(M,)``."""
    # Lanes are added here, once a word: rows are read once, and there are few words.
    for m in range(sizes.words):
        total = zeros(memory)
        for i in range(0, sizes.padded, lanes(memory)):
            total += load(weighting, i) * load(memory, m * sizes.padded + i)
        read_vector[m] = sum_of(total)


@kernel
def read_backward(
    memory: Pointer,
    key: Pointer,
    d_read: Pointer,
    sizes: MemorySizes,
    d_weighting: Pointer,
    dot: Pointer,
) -> None:
    """Add the gradient of a read to that of the weighting; write the key's products.

    Args:
        memory: ``(M, N)``.
        key: Of the same head, ``(M,)``.
        d_read: Gradient of the read vector, ``(M,)``.
        sizes: The sizes.
        d_weighting: Added to, ``(N,)``.
        dot: Written: the product of the key and each location, ``(N,)``.
    """
    # The key's products are needed next, and the memory is at hand.
    for i in range(0, sizes.padded, lanes(memory)):
        gradient, product = load(d_weighting, i), zeros(memory)
        for m in range(sizes.words):
            row = load(memory, m * sizes.padded + i)
            gradient += row * d_read[m]
            product += row * key[m]
        store(gradient, d_weighting, i)
        store(product, dot, i)
