"""Products of the Numba kernels against numpy, for all lengths around those of vectors."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.pointers import pointer
from ntm_agents.kernels.numba.lang.products import (
    Factors,
    Rows,
    add_outer_products,
    combine,
    transpose,
)

WIDTHS = [1, 15, 16, 17, 33, 64, 65, 100, 129]
DTYPES = [np.float32, np.float64]


@kernel
def _combine(
    rows: NDArray[np.floating],
    numbers: NDArray[np.floating],
    start: NDArray[np.floating],
    combination: NDArray[np.floating],
) -> None:
    count, width = rows.shape
    combine(
        Rows(pointer(rows), width),
        width,
        Factors(pointer(numbers), count, 1),
        count,
        Rows(pointer(start), width),
        Rows(pointer(combination), width),
        numbers.shape[0],
    )


def normal(dtype: type[np.floating], *shape: int) -> NDArray[np.floating]:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def tolerance(dtype: type[np.floating]) -> float:
    return 100 * float(np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("combinations", [1, 3, 4, 6, 8])
def test_combining_rows_is_a_matrix_product_and_writes_nothing_behind_it(
    dtype: type[np.floating], width: int, combinations: int
) -> None:
    rows, numbers = normal(dtype, 7, width), normal(dtype, combinations, 7)
    start = normal(dtype, combinations, width)
    written = np.full(combinations * width + 5, 9, dtype)

    _combine(rows, numbers, start, written)

    found = written[: combinations * width].reshape(combinations, width)
    np.testing.assert_allclose(found, start + numbers @ rows, atol=tolerance(dtype))
    assert (written[combinations * width :] == 9).all()


@kernel
def _add_outer_products(
    lefts: NDArray[np.floating], rights: NDArray[np.floating], total: NDArray[np.floating]
) -> None:
    outputs, inputs = total.shape
    add_outer_products(
        Rows(pointer(lefts), lefts.shape[1]),
        outputs,
        Rows(pointer(rights), rights.shape[1]),
        inputs,
        lefts.shape[0],
        pointer(total),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", WIDTHS)
def test_outer_products_are_added_for_more_rows_than_are_kept_in_cache(
    dtype: type[np.floating], width: int
) -> None:
    lefts, rights = normal(dtype, 300, 11), normal(dtype, 300, width + 3)
    total = np.ones((6, width), dtype)

    _add_outer_products(lefts, rights, total)

    expected = 1 + lefts[:, :6].T @ rights[:, :width]
    np.testing.assert_allclose(total, expected, atol=300 * tolerance(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("inputs", WIDTHS)
def test_transposed_matrices_lie_below_each_other(
    dtype: type[np.floating], inputs: int
) -> None:
    upper, lower = normal(dtype, 5, inputs), normal(dtype, 5, 3)
    transposed = np.empty((inputs + 3, 5), dtype)

    transpose(upper, transposed, 0)
    transpose(lower, transposed, inputs)

    np.testing.assert_array_equal(transposed, np.concatenate([upper.T, lower.T]))
