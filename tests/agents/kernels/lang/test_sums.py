"""Waiting sums of the Numba kernels against numpy, for all counts around a register's lanes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.pointers import keep_alive, lanes, load, pointer
from ntm_agents.kernels.numba.lang.sums import add_sums, postpone, write_sums
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.kernels.numba.workspace import postponed_sums

COUNTS = [1, 3, 4, 8, 15, 16, 17, 40]
DTYPES = [np.float32, np.float64]


@kernel
def _sum_rows(rows: NDArray[np.floating], target: NDArray[np.floating], writes: bool) -> None:
    count, width = rows.shape
    waiting = postponed_sums(count, rows)
    sums = pointer(waiting)
    for row in range(count):
        for i in range(0, width, lanes(sums)):
            postpone(load(pointer(rows), row * width + i), sums, row, i == 0)
    if writes:
        write_sums(sums, count, pointer(target))
    else:
        add_sums(sums, count, pointer(target))
    keep_alive(waiting)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize(("writes", "before"), [(True, 0), (False, 7)])
def test_sums_of_rows_are_written_or_added_and_nothing_behind_them(
    dtype: type[np.floating], count: int, writes: bool, before: float
) -> None:
    width = 3 * VECTOR_BYTES // np.dtype(dtype).itemsize
    rows = np.random.default_rng(0).standard_normal((count, width)).astype(dtype)
    target = np.full(count + 5, 7, dtype)

    _sum_rows(rows, target, writes)

    tolerance = width * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(target[:count], before + rows.sum(1), atol=10 * tolerance)
    assert (target[count:] == 7).all()
