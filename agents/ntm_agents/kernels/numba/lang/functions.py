"""Functions of a number or of each lane of a vector: fast in float32, exact in float64.

``math.exp`` is a call into libm for each number. In single precision range reduction by bit
tricks and a polynomial are as accurate and a dozen times as fast. The polynomials are those of
the Cephes library (Moshier 1989).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import overload

from ntm_agents.kernels.numba.lang.compile import kernel, ordered_kernel
from ntm_agents.kernels.numba.lang.names import (
    Builder,
    Context,
    Lanes,
    Signature,
    Type,
    Value,
    Values,
)
from ntm_agents.kernels.numba.lang.vectors import (
    Vector,
    exact_exp,
    exact_log,
    fill,
    intrinsic,
    larger,
    smaller,
)

_f = np.float32
_LOG2_E = _f(1.44269504088896341)
_LN2_HIGH, _LN2_LOW = _f(0.693359375), _f(-2.12194440e-4)
_SMALLEST_EXPONENT = _f(-87.0)
_ROUND = _f(12582912.0)
_LARGEST_SQUASHED = _f(80.0)
_BITS_OF_ONE, _BITS_OF_SQRT_HALF = 0x3F800000, 0x3F3504F3
_MANTISSA_BITS, _MANTISSA_MASK = 23, 0x7FFFFF
_EXPONENT_BIAS = 127


def _define_on_bits(generate_with: Callable[[Builder, Value, Type, Type], Value]) -> Type:
    """Define a function of float32, one or a vector of them, by its bits."""

    def typed(typing_context: Context, value: Type) -> Type:
        def generate(
            context: Context, builder: Builder, found: Signature, args: Values
        ) -> Value:
            kind = args[0].type
            if isinstance(value, Vector):
                bits: Type = ir.VectorType(ir.IntType(32), value.lanes)
                return generate_with(
                    builder, args[0], kind, lambda n: ir.Constant(bits, [n] * value.lanes)
                )
            return generate_with(builder, args[0], kind, ir.IntType(32))

        return value(value), generate

    typed.__doc__ = generate_with.__doc__
    return intrinsic(typed)


@_define_on_bits
def _power_of_two(builder: Builder, raised: Value, kind: Type, constant: Type) -> Value:
    """Return ``2**n`` for ``raised = _ROUND + n``, n from -126 to 127, and inf for 128.

    The last bits of such a number are n itself. Converting n to an integer instead would be
    undefined for a NaN.
    """
    biased = builder.add(builder.bitcast(raised, constant(0).type), constant(_EXPONENT_BIAS))
    return builder.bitcast(builder.shl(biased, constant(_MANTISSA_BITS)), kind)


def _from_sqrt_half(builder: Builder, x: Value, constant: Type) -> Value:
    """Return the bits of x, raised so that sqrt(1/2) has those of one."""
    bits = builder.bitcast(x, constant(0).type)
    return builder.add(bits, constant(_BITS_OF_ONE - _BITS_OF_SQRT_HALF))


@_define_on_bits
def _exponent(builder: Builder, x: Value, kind: Type, constant: Type) -> Value:
    """Return the whole power of two for which the rest is from sqrt(1/2) to sqrt(2)."""
    bits = _from_sqrt_half(builder, x, constant)
    biased = builder.ashr(bits, constant(_MANTISSA_BITS))
    return builder.sitofp(builder.sub(biased, constant(_EXPONENT_BIAS)), kind)


def _define_logarithm_of_any(typing_context: Context, x: Type, logarithm: Type) -> Type:
    """Return a logarithm where x is positive and finite, and x itself or NaN elsewhere."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        number, value = args
        infinity, zero, nan = (
            _constant_like(context, builder, x, which) for which in (math.inf, 0.0, math.nan)
        )
        value = builder.select(builder.fcmp_ordered("<", number, infinity), value, number)
        return builder.select(builder.fcmp_ordered("<", number, zero), nan, value)

    return x(x, logarithm), generate


_logarithm_of_any = intrinsic(_define_logarithm_of_any)


def _constant_like(context: Context, builder: Builder, kind: Type, number: float) -> Value:
    """Build a number, or a vector with it in each lane."""
    if not isinstance(kind, Vector):
        return context.get_constant(kind, number)
    return fill(context, builder, kind, context.get_constant(kind.number, number))


@_define_on_bits
def _mantissa(builder: Builder, x: Value, kind: Type, constant: Type) -> Value:
    """Return x over its power of two, from sqrt(1/2) to sqrt(2)."""
    bits = _from_sqrt_half(builder, x, constant)
    rest = builder.and_(bits, constant(_MANTISSA_MASK))
    return builder.bitcast(builder.add(rest, constant(_BITS_OF_SQRT_HALF)), kind)


@ordered_kernel
def _exp_single(x: Lanes) -> Lanes:
    """Return e**x for x up to 88, 1 ulp off; smaller x than -87 count as that; NaN is NaN."""
    x = larger(x, _SMALLEST_EXPONENT)
    raised = x * _LOG2_E + _ROUND
    whole = raised - _ROUND
    rest = x - whole * _LN2_HIGH - whole * _LN2_LOW
    p = rest * _f(1.9875691500e-4) + _f(1.3981999507e-3)
    p = p * rest + _f(8.3334519073e-3)
    p = p * rest + _f(4.1665795894e-2)
    p = p * rest + _f(1.6666665459e-1)
    p = p * rest + _f(5.0000001201e-1)
    power = p * rest * rest + rest + _f(1.0)
    return power * _power_of_two(raised)


@kernel
def _log_single(x: Lanes) -> Lanes:
    """Return log(x) for normal x: inf of inf, NaN of NaN and of a negative number."""
    whole, m = _exponent(x), _mantissa(x) - _f(1.0)
    p = m * _f(7.0376836292e-2) + _f(-1.1514610310e-1)
    p = p * m + _f(1.1676998740e-1)
    p = p * m + _f(-1.2420140846e-1)
    p = p * m + _f(1.4249322787e-1)
    p = p * m + _f(-1.6668057665e-1)
    p = p * m + _f(2.0000714765e-1)
    p = p * m + _f(-2.4999993993e-1)
    p = p * m + _f(3.3333331174e-1)
    square = m * m
    rest = p * m * square + whole * _LN2_LOW - _f(0.5) * square
    return _logarithm_of_any(x, m + rest + whole * _LN2_HIGH)


def exp(x: Lanes) -> Lanes:
    """Return e**x."""
    return math.exp(x)


def log(x: Lanes) -> Lanes:
    """Return the natural logarithm of a positive number."""
    return math.log(x)


def sigmoid(x: Lanes) -> Lanes:
    """Return 1 / (1 + e**-x)."""
    return 1 / (1 + math.exp(-x))


def _is_single(x: Type) -> bool:
    return bool(getattr(x, "number", x) == types.float32)


@overload(exp)
def _exp(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda x: _exp_single(x)
    if isinstance(x, Vector):
        return lambda x: exact_exp(x)
    return lambda x: math.exp(x)


@overload(log)
def _log(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        return lambda x: _log_single(x)
    if isinstance(x, Vector):
        return lambda x: exact_log(x)
    return lambda x: math.log(x)


@overload(sigmoid)
def _sigmoid(x):  # type: ignore[no-untyped-def]
    if _is_single(x):
        one, largest = _f(1.0), _LARGEST_SQUASHED
        return lambda x: one / (one + _exp_single(smaller(x * -one, largest)))
    if isinstance(x, Vector):
        return lambda x: 1.0 / (1.0 + exact_exp(0.0 - x))
    return lambda x: 1.0 / (1.0 + math.exp(-x))


@kernel
def tanh(x: Lanes) -> Lanes:
    """Return the hyperbolic tangent of each lane."""
    return sigmoid(x + x) * 2.0 - 1.0


@ordered_kernel
def softplus(x: Lanes) -> Lanes:
    """Return log(1 + e**x) of each lane, also where adding one to a small power loses it."""
    power = exp(smaller(x, 0.0 - x))
    more = power + 1.0
    lost = power - (more - 1.0)
    return log(more) + lost / more + larger(x, 0.0)
