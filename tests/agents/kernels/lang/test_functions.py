"""Functions of vectors in the Numba kernels, against numpy in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("numba")
from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import exp, log, sigmoid, softplus, tanh
from ntm_agents.kernels.numba.lang.pointers import lanes, load_first, pointer, store_first
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES, keep_first, largest_of, sum_of

COUNT = 1000
DTYPES = [np.float32, np.float64]


@kernel
def _exp(x: Any, y: Any) -> None:
    for i in range(0, x.size, lanes(pointer(x))):
        rest = x.size - i
        store_first(exp(load_first(pointer(x), i, rest)), pointer(y), i, rest)


@kernel
def _log(x: Any, y: Any) -> None:
    for i in range(0, x.size, lanes(pointer(x))):
        rest = x.size - i
        store_first(log(load_first(pointer(x), i, rest)), pointer(y), i, rest)


@kernel
def _sigmoid(x: Any, y: Any) -> None:
    for i in range(0, x.size, lanes(pointer(x))):
        rest = x.size - i
        store_first(sigmoid(load_first(pointer(x), i, rest)), pointer(y), i, rest)


@kernel
def _tanh(x: Any, y: Any) -> None:
    for i in range(0, x.size, lanes(pointer(x))):
        rest = x.size - i
        store_first(tanh(load_first(pointer(x), i, rest)), pointer(y), i, rest)


@kernel
def _softplus(x: Any, y: Any) -> None:
    for i in range(0, x.size, lanes(pointer(x))):
        rest = x.size - i
        store_first(softplus(load_first(pointer(x), i, rest)), pointer(y), i, rest)


@kernel
def _reduce(x: Any, count: int) -> Any:
    vector = load_first(pointer(x), 0, count)
    return sum_of(vector), largest_of(keep_first(vector, count, -1e30))


def grid(low: float, high: float, dtype: type[np.floating]) -> NDArray[np.floating]:
    return np.linspace(low, high, COUNT).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("function", "expected", "low", "high", "units"),
    [
        pytest.param(_exp, np.exp, -80.0, 80.0, 3, id="exp"),
        pytest.param(_log, np.log, 1e-12, 3.0, 3, id="log"),
        pytest.param(_sigmoid, lambda x: 1 / (1 + np.exp(-x)), -30.0, 30.0, 4, id="sigmoid"),
        pytest.param(_softplus, lambda x: np.logaddexp(0, x), -80.0, 80.0, 4, id="softplus"),
    ],
)
def test_functions_are_a_few_units_in_the_last_place_off(
    function: Any, expected: Any, low: float, high: float, units: int, dtype: Any
) -> None:
    x = grid(low, high, dtype)
    found = np.full(COUNT + 5, 9, dtype)

    function(x, found[:COUNT])

    np.testing.assert_allclose(
        found[:COUNT],
        expected(x.astype(np.float64)),
        rtol=units * np.finfo(dtype).eps,
        atol=np.finfo(dtype).tiny,
    )
    assert (found[COUNT:] == 9).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_is_exact_to_a_few_units_of_one(dtype: Any) -> None:
    x, found = grid(-12.0, 12.0, dtype), np.empty(COUNT, dtype)

    _tanh(x, found)

    np.testing.assert_allclose(
        found, np.tanh(x.astype(np.float64)), atol=4 * np.finfo(dtype).eps
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("function", "expected", "low"),
    [
        pytest.param(_exp, np.exp, -80.0, id="exp"),
        pytest.param(_log, np.log, 1e-12, id="log"),
        pytest.param(_sigmoid, lambda x: 1 / (1 + np.exp(-x)), -80.0, id="sigmoid"),
        pytest.param(_tanh, np.tanh, -80.0, id="tanh"),
        pytest.param(_softplus, lambda x: np.logaddexp(0, x), -80.0, id="softplus"),
    ],
)
def test_nan_is_nan_in_its_lane_alone(
    function: Any, expected: Any, low: float, dtype: Any
) -> None:
    x = grid(low, 3.0, dtype)
    x[::3] = np.nan
    found = np.empty(COUNT, dtype)

    function(x, found)

    np.testing.assert_array_equal(np.isnan(found), np.isnan(x))


@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithms_of_what_is_not_positive_and_finite(dtype: Any) -> None:
    x, found = np.array([np.inf, -np.inf, -1.0, -1e-20], dtype), np.empty(4, dtype)

    _log(x, found)

    np.testing.assert_array_equal(found, [np.inf, np.nan, np.nan, np.nan])


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions_end_where_they_are_bounded(dtype: Any) -> None:
    x = np.array([np.inf, -np.inf], dtype)
    found = {function: np.empty(2, dtype) for function in (_sigmoid, _tanh, _softplus)}
    for function, y in found.items():
        function(x, y)

    tiny = 1e-30
    np.testing.assert_allclose(found[_sigmoid], [1, 0], atol=tiny)
    np.testing.assert_array_equal(found[_tanh], [1, -1])
    np.testing.assert_allclose(found[_softplus], [np.inf, 0], atol=tiny)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("behind", [None, 2, 1, 0])
def test_lanes_behind_the_first_do_not_count(dtype: Any, behind: int | None) -> None:
    of_vector = VECTOR_BYTES // np.dtype(dtype).itemsize
    count = 1 if behind is None else of_vector - behind
    x = np.full(2 * of_vector, 7, dtype)
    x[:count] = np.arange(count) - 100

    total, largest = _reduce(x, count)

    assert total == x[:count].sum()
    assert largest == x[:count].max()
