"""Products of a vector and a matrix, as sums of rows that stay in registers."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba_math import kernel
from ntm_agents.kernels.numba_vectors import lanes, load, load_first, store, store_first


@kernel
def combine(
    rows: Any, width: int, numbers: Any, count: int, start: Any, combination: Any
) -> None:
    """Write ``start + Σ_k numbers[k] · rows[k]``, for ``count`` rows of ``width`` numbers.

    With a matrix as it is, ``(outputs, inputs)``, this is the product with its transposed;
    with the transposed matrix it is the product itself.
    """
    whole = width - width % lanes(rows)
    for i in range(0, whole, lanes(rows)):
        total = load(start, i)
        for k in range(count):
            total += load(rows, k * width + i) * numbers[k]
        store(total, combination, i)
    if whole < width:
        rest = width - whole
        total = load_first(start, whole, rest)
        for k in range(count):
            total += load_first(rows, k * width + whole, rest) * numbers[k]
        store_first(total, combination, whole, rest)
