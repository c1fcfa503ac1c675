"""The learned start of every sequence, forward and backward (section 3.4)."""

from __future__ import annotations

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import exp
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, number_for, pointer, pointers
from ntm_agents.kernels.numba.layout import State
from ntm_agents.kernels.numba.workspace import clear, copy


@kernel
def begin(
    memory: Pointer, logits: Pointer, read_vectors: Pointer, controller: Pointer, start: State
) -> None:
    """Write the state before the first step.

    Args:
        memory: ``(N, M)``, or ``(1, M)`` if all locations start alike.
        logits: Of the weightings, ``(H, N)``.
        read_vectors: ``(R, M)``.
        controller: ``(0 or 2, L, C)``.
        start: Written, with batch size one.
    """
    heads, locations = logits.shape
    words = read_vectors.shape[1]
    # With a shared row all locations read the same one: a stride of zero.
    stride, place = words if memory.shape[0] > 1 else 0, pointers(start)
    memories, logit = pointer(memory), pointer(logits)
    for m in range(words):
        for i in range(locations):
            place.memory[m * locations + i] = memories[i * stride + m]
    for h in range(heads):
        weighting, of_head = at(place.weightings, h * locations), at(logit, h * locations)
        # A softmax over locations, once a batch.
        largest = of_head[0]
        for i in range(locations):
            largest = max(largest, of_head[i])
        total = number_for(of_head, 0.0)
        for i in range(locations):
            weighting[i] = exp(of_head[i] - largest)
            total += weighting[i]
        for i in range(locations):
            weighting[i] /= total
    copy(pointer(read_vectors), read_vectors.size, place.read_vectors)
    copy(pointer(controller), controller.size, place.controller)


@kernel
def begin_backward(
    d_start: State,
    start: State,
    d_memory: Pointer,
    d_logits: Pointer,
    d_read_vectors: Pointer,
    d_controller: Pointer,
) -> None:
    """Write the gradients of `begin`'s arguments.

    Args:
        d_start: Gradient of the start, with batch size one.
        start: From `begin`.
        d_memory: Written.
        d_logits: Written.
        d_read_vectors: Written.
        d_controller: Written.
    """
    heads, locations = d_logits.shape
    words = d_read_vectors.shape[1]
    stride, weightings = words if d_memory.shape[0] > 1 else 0, pointer(start.weightings)
    memory, logits = pointer(d_memory), pointer(d_logits)
    clear(memory, d_memory.size)
    gradient = pointers(d_start)
    for i in range(locations):
        for m in range(words):
            memory[i * stride + m] += gradient.memory[m * locations + i]
    for h in range(heads):
        weighting = at(weightings, h * locations)
        d_weighting = at(gradient.weightings, h * locations)
        mean = number_for(weighting, 0.0)
        for i in range(locations):
            mean += weighting[i] * d_weighting[i]
        for i in range(locations):
            logits[h * locations + i] = weighting[i] * (d_weighting[i] - mean)
    copy(gradient.read_vectors, d_read_vectors.size, pointer(d_read_vectors))
    copy(gradient.controller, d_controller.size, pointer(d_controller))
