"""Scalar functions that LLVM can vectorize, for float32; exact ones for float64.

``math.exp`` is a call into libm, which keeps a loop from being vectorized. In single precision
range reduction by bit tricks and a polynomial are as accurate and a dozen times as fast. The
polynomials are those of the Cephes library (Moshier 1989).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import float32, int32, njit, types
from numba.extending import intrinsic, overload

_ORDERED = {"contract", "nnan", "ninf", "nsz", "arcp"}

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile a function, sums in any order; compiled code is kept on disk.

    There is no ``parallel``: its threading layers abort on concurrent use.
    """
    return _compile(function, fastmath=True)


def ordered_kernel(function: Function) -> Function:
    """Compile a function whose sums must be taken in the order in which they stand."""
    return _compile(function, fastmath=_ORDERED)


def _compile(function: Function, fastmath: bool | set[str]) -> Function:
    compiled: Any = njit(fastmath=fastmath, error_model="numpy", nogil=True, cache=True)
    return cast(Function, compiled(function))


_f = np.float32
_LOG2_E = _f(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = _f(0.693359375), _f(-2.12194440e-4)
_SMALLEST_EXPONENT = _f(-87.0)
_ROUND = _f(12582912.0)
_SQRT_HALF = _f(0.707106781186547524)


def _bitcast(source: Any, target: Any) -> Any:
    """Return a function that reads the bits of one type as another."""

    def typed(context: Any, number: Any) -> Any:
        def generate(ctx: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.bitcast(args[0], ctx.get_value_type(target))

        return target(source), generate

    return intrinsic(typed)


_bits_to_float = _bitcast(types.int32, types.float32)
_float_to_bits = _bitcast(types.float32, types.int32)


@ordered_kernel
def _exp_single(x: Any) -> Any:
    """Return e**x for x from -87 to 88, 1 ulp off; smaller x count as -87."""
    x = max(x, _SMALLEST_EXPONENT)
    whole = (x * _LOG2_E + _ROUND) - _ROUND
    rest = x - whole * _LN2_HIGH - whole * _LN2_LOW
    p = _f(1.9875691500e-4)
    p = p * rest + _f(1.3981999507e-3)
    p = p * rest + _f(8.3334519073e-3)
    p = p * rest + _f(4.1665795894e-2)
    p = p * rest + _f(1.6666665459e-1)
    p = p * rest + _f(5.0000001201e-1)
    power = p * rest * rest + rest + _f(1.0)
    return power * _bits_to_float(int32((int32(whole) + int32(127)) << int32(23)))


@kernel
def _log_single(x: Any) -> Any:
    """Return log(x) for normal positive x."""
    bits = _float_to_bits(x)
    exponent = int32((bits >> int32(23)) - int32(126))
    mantissa = _bits_to_float(int32((bits & int32(0x7FFFFF)) | int32(0x3F000000)))
    small = mantissa < _SQRT_HALF
    whole = float32(exponent) - (_f(1.0) if small else _f(0.0))
    m = (mantissa + mantissa if small else mantissa) - _f(1.0)
    p = _f(7.0376836292e-2)
    p = p * m + _f(-1.1514610310e-1)
    p = p * m + _f(1.1676998740e-1)
    p = p * m + _f(-1.2420140846e-1)
    p = p * m + _f(1.4249322787e-1)
    p = p * m + _f(-1.6668057665e-1)
    p = p * m + _f(2.0000714765e-1)
    p = p * m + _f(-2.4999993993e-1)
    p = p * m + _f(3.3333331174e-1)
    square = m * m
    rest = p * m * square + whole * _LN2_LOW - _f(0.5) * square
    return m + rest + whole * _LN2_HIGH


def exp(x: Any) -> Any:
    """Return e**x."""
    return math.exp(x)


def log(x: Any) -> Any:
    """Return the natural logarithm of a positive number."""
    return math.log(x)


def tanh(x: Any) -> Any:
    """Return the hyperbolic tangent."""
    return math.tanh(x)


def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e**-x)."""
    return 1 / (1 + math.exp(-x))


def softplus(x: Any) -> Any:
    """Return log(1 + e**x)."""
    return math.log1p(math.exp(-abs(x))) + max(x, 0.0)


@overload(exp)
def _exp(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _exp_single(x)
    return lambda x: math.exp(x)


@overload(log)
def _log(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _log_single(x)
    return lambda x: math.log(x)


@overload(tanh)
def _tanh(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _f(1.0) - _f(2.0) / (_f(1.0) + _exp_single(min(x + x, _f(80.0))))
    return lambda x: math.tanh(x)


@overload(sigmoid)
def _sigmoid(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _f(1.0) / (_f(1.0) + _exp_single(min(-x, _f(80.0))))
    return lambda x: 1 / (1 + math.exp(-x))


@overload(softplus)
def _softplus(x):  # type: ignore[no-untyped-def]
    if x == types.float32:
        return lambda x: _f(math.log1p(math.exp(-abs(x)))) + max(x, _f(0.0))
    return lambda x: math.log1p(math.exp(-abs(x))) + max(x, 0.0)


@kernel
def add_combination(rows: Any, numbers: Any, total: Any) -> None:
    """Add ``Σ_k numbers[k] · rows[k]``, four rows at a time: ``total`` is loaded less often.

    With a matrix as it is, ``(outputs, inputs)``, this is the product with its transposed;
    with the transposed matrix it is the product itself.
    """
    count = numbers.shape[0]
    fours = count - count % 4
    for k in range(0, fours, 4):
        n0, n1, n2, n3 = numbers[k], numbers[k + 1], numbers[k + 2], numbers[k + 3]
        r0, r1, r2, r3 = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        for i in range(total.shape[0]):
            total[i] += (n0 * r0[i] + n1 * r1[i]) + (n2 * r2[i] + n3 * r3[i])
    for k in range(fours, count):
        number, row = numbers[k], rows[k]
        for i in range(total.shape[0]):
            total[i] += number * row[i]
