"""Reading and writing in one step, forward and backward (equations 2 to 4)."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_math import kernel


@kernel
def write(
    memory: Any, weightings: Any, parameters: Any, stride: int, offset: int, written: Any
) -> None:
    """Write with all heads: every erase before every add.

    Args:
        memory: Before, ``(M, N)``; may be ``written`` itself.
        weightings: Of the write heads, ``(W, N)``.
        parameters: Of the write heads; head ``h`` has its erase vector from
            ``h * stride + offset`` on, and its add vector behind it.
        stride: Parameters of one write head.
        offset: Parameters before its erase vector.
        written: Written: memory after, ``(M, N)``.
    """
    words, locations = memory.shape
    heads = weightings.shape[0]
    one = memory.dtype.type(1.0)
    for m in range(words):
        row, target = memory[m], written[m]
        for i in range(locations):
            target[i] = row[i]
        for h in range(heads):
            erase, weighting = parameters[h * stride + offset + m], weightings[h]
            for i in range(locations):
                target[i] *= one - weighting[i] * erase
        for h in range(heads):
            number, weighting = parameters[h * stride + offset + words + m], weightings[h]
            for i in range(locations):
                target[i] += weighting[i] * number


@kernel
def write_backward(
    memory: Any,
    weightings: Any,
    parameters: Any,
    stride: int,
    offset: int,
    d_memory: Any,
    d_weightings: Any,
    d_parameters: Any,
    kept: Any,
) -> None:
    """Carry a gradient back through a write.

    Args:
        memory: Before the write, ``(M, N)``.
        weightings: ``(W, N)``.
        parameters: As in `write`.
        stride: As in `write`.
        offset: As in `write`.
        d_memory: Gradient of the memory after the write; overwritten by that before it.
        d_weightings: Added to, ``(W, N)``.
        d_parameters: Written where the erase and add vectors are.
        kept: Scratch, ``(W + 1, N)``.
    """
    words, locations = memory.shape
    heads = weightings.shape[0]
    zero, one = memory.dtype.type(0.0), memory.dtype.type(1.0)
    for m in range(words):
        row, d_row = memory[m], d_memory[m]
        for h in range(heads):
            place = h * stride + offset + words + m
            number, weighting, d_weighting = parameters[place], weightings[h], d_weightings[h]
            d_number = zero
            for i in range(locations):
                d_number += weighting[i] * d_row[i]
                d_weighting[i] += number * d_row[i]
            d_parameters[place] = d_number
        before = kept[0]
        for i in range(locations):
            before[i] = row[i] * d_row[i]
        for h in range(heads):
            erase, weighting = parameters[h * stride + offset + m], weightings[h]
            before, after = kept[h], kept[h + 1]
            for i in range(locations):
                after[i] = before[i] * (one - weighting[i] * erase)
        for h in range(heads - 1, -1, -1):
            place = h * stride + offset + m
            erase, weighting, d_weighting = parameters[place], weightings[h], d_weightings[h]
            before, others = kept[h], kept[heads]
            d_erase = zero
            if h == heads - 1:
                for i in range(locations):
                    others[i] = one
            for i in range(locations):
                d_kept = before[i] * others[i]
                d_erase -= d_kept * weighting[i]
                d_weighting[i] -= d_kept * erase
                others[i] *= one - weighting[i] * erase
            d_parameters[place] = d_erase
        for i in range(locations):
            d_row[i] *= kept[heads, i]


@kernel
def read(memory: Any, weighting: Any, read_vector: Any) -> None:
    """Read with one head into ``(M,)``."""
    words, locations = memory.shape
    for m in range(words):
        row = memory[m]
        total = memory.dtype.type(0.0)
        for i in range(locations):
            total += weighting[i] * row[i]
        read_vector[m] = total


@kernel
def read_backward(
    memory: Any, weighting: Any, d_read_vector: Any, d_memory: Any, d_weighting: Any
) -> None:
    """Add the gradients of a read to those of memory and weighting."""
    words, locations = memory.shape
    for m in range(words):
        row, d_row, gradient = memory[m], d_memory[m], d_read_vector[m]
        for i in range(locations):
            d_row[i] += weighting[i] * gradient
            d_weighting[i] += gradient * row[i]
