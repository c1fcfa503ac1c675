"""Products of a matrix and vectors of a few sequences: sums of rows, kept in registers."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_vectors import at, lanes, load_first, store_first


@kernel
def combine(
    rows: Any,
    width: int,
    numbers: Any,
    number_stride: int,
    count: int,
    start: Any,
    start_stride: int,
    combination: Any,
    combination_stride: int,
    sequences: int,
) -> None:
    """Write ``start + Σ_k numbers[k] · rows[k]`` for each of a few sequences.

    With a matrix as it is, ``(outputs, inputs)``, this is the product with its transposed;
    with the transposed matrix it is the product itself.

    Args:
        rows: Matrix, ``(count, width)``.
        width: Numbers in a row.
        numbers: Of the first sequence, ``(count,)``.
        number_stride: From there to those of the next.
        count: Rows.
        start: Of the first sequence, ``(width,)``.
        start_stride: From there to that of the next.
        combination: Written.
        combination_stride: From one to the next.
        sequences: How many.
    """
    for i in range(0, width, lanes(rows)):
        rest = width - i
        for b in range(0, sequences - sequences % 4, 4):
            n0 = at(numbers, b * number_stride)
            n1, n2, n3 = (
                at(n0, number_stride),
                at(n0, 2 * number_stride),
                at(n0, 3 * number_stride),
            )
            first = b * start_stride + i
            s0 = load_first(start, first, rest)
            s1 = load_first(start, first + start_stride, rest)
            s2 = load_first(start, first + 2 * start_stride, rest)
            s3 = load_first(start, first + 3 * start_stride, rest)
            for k in range(count):
                row = load_first(rows, k * width + i, rest)
                s0 += row * n0[k]
                s1 += row * n1[k]
                s2 += row * n2[k]
                s3 += row * n3[k]
            first = b * combination_stride + i
            store_first(s0, combination, first, rest)
            store_first(s1, combination, first + combination_stride, rest)
            store_first(s2, combination, first + 2 * combination_stride, rest)
            store_first(s3, combination, first + 3 * combination_stride, rest)
        for b in range(sequences - sequences % 4, sequences):
            of_sequence = at(numbers, b * number_stride)
            total = load_first(start, b * start_stride + i, rest)
            for k in range(count):
                total += load_first(rows, k * width + i, rest) * of_sequence[k]
            store_first(total, combination, b * combination_stride + i, rest)
