"""The learned start of every sequence, forward and backward (section 3.4)."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_compile import kernel
from ntm_agents.kernels.numba_math import exp
from ntm_agents.kernels.numba_tape import State


@kernel
def begin(memory: Any, logits: Any, read_vectors: Any, controller: Any, start: State) -> None:
    """Write the state before the first step.

    Args:
        memory: ``(N, M)``, or ``(1, M)`` if all locations start alike.
        logits: Of the weightings, ``(H, N)``.
        read_vectors: ``(R, M)``.
        controller: ``(0 or 2, L, C)``.
        start: Written, with batch size one.
    """
    heads, locations = logits.shape
    reads, words = read_vectors.shape
    for m in range(words):
        for i in range(locations):
            start.memory[0, m, i] = memory[i if memory.shape[0] > 1 else 0, m]
    for h in range(heads):
        largest = logits[h].max()
        weighting = start.weightings[0, h]
        for i in range(locations):
            weighting[i] = exp(logits[h, i] - largest)
        weighting /= weighting.sum()
    for r in range(reads):
        start.read_vectors[0, r * words : (r + 1) * words] = read_vectors[r]
    start.controller[0] = controller


@kernel
def begin_backward(
    d_start: State,
    start: State,
    d_memory: Any,
    d_logits: Any,
    d_read_vectors: Any,
    d_controller: Any,
) -> None:
    """Write the gradients of `begin`'s arguments, summed over sequences.

    Args:
        d_start: Gradient of the start of each sequence.
        start: From `begin`.
        d_memory: Written.
        d_logits: Written.
        d_read_vectors: Written.
        d_controller: Written.
    """
    heads, locations = d_logits.shape
    reads, words = d_read_vectors.shape
    d_memory[:], d_logits[:], d_read_vectors[:], d_controller[:] = 0, 0, 0, 0
    for b in range(d_start.memory.shape[0]):
        for m in range(words):
            for i in range(locations):
                d_memory[i if d_memory.shape[0] > 1 else 0, m] += d_start.memory[b, m, i]
        for h in range(heads):
            weighting, d_weighting = start.weightings[0, h], d_start.weightings[b, h]
            mean = (weighting * d_weighting).sum()
            for i in range(locations):
                d_logits[h, i] += weighting[i] * (d_weighting[i] - mean)
        for r in range(reads):
            d_read_vectors[r] += d_start.read_vectors[b, r * words : (r + 1) * words]
        d_controller += d_start.controller[b]
