"""Vectors as values in Numba kernels: a few of the machine's registers, read and written whole.

LLVM turns a plain loop over arrays into vector code only behind checks that no two arrays
overlap, and keeps sums in memory from one row to the next. Kernels that say themselves what
stays in registers are several times faster. LLVM splits a vector into registers of any machine;
the number of lanes only decides how many registers are busy at once.
"""

from __future__ import annotations

import operator

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as _untyped_intrinsic
from numba.extending import lower_builtin, models, register_model

from ntm_agents.kernels.numba.lang.machine import REGISTER_BYTES, REGISTER_COUNT
from ntm_agents.kernels.numba.lang.names import (
    Builder,
    Context,
    Signature,
    Type,
    Value,
    Values,
)

REGISTERS = 4 if REGISTER_COUNT >= 32 else 2
"""In a vector: as many sums at once hide each other's latency, and a few vectors must fit the
registers together: a loop over words needs three that stay, two rows and what comes of them."""

VECTOR_BYTES = REGISTERS * REGISTER_BYTES

_LANE = ir.IntType(32)
_ANY_ORDER = ("reassoc", "nsz", "arcp", "contract", "afn")


def intrinsic(typed: Type) -> Type:
    """Define a function of kernels by the code that it generates."""
    return _untyped_intrinsic(typed)


class Vector(types.Type):
    """The type of ``lanes`` numbers of type ``number``."""

    def __init__(self, number: Type, lanes: int) -> None:
        """Name the type."""
        self.number, self.lanes = number, lanes
        super().__init__(f"Vector({number}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager: Type, vector: Vector) -> None:
        number = manager.lookup(vector.number).get_value_type()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))  # type: ignore[no-untyped-call]


def vector_of(pointer: Type) -> Vector:
    """Return the type of the vectors that are read where a pointer type points."""
    return Vector(pointer.dtype, VECTOR_BYTES * 8 // pointer.dtype.bitwidth)


def fill(context: Context, builder: Builder, vector: Vector, number: Value) -> Value:
    """Build a vector with the same number in each lane."""
    kind = context.get_value_type(vector)
    # LLVM's idiom for a broadcast: insert, then shuffle lane 0 everywhere.
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, _LANE(0))
    lanes = ir.Constant(ir.VectorType(_LANE, vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), lanes)


def _as_vector(
    context: Context, builder: Builder, source: Type, value: Value, vector: Type
) -> Value:
    if source == vector:
        return value
    if not isinstance(vector, Vector):
        return context.cast(builder, value, source, vector)
    return fill(context, builder, vector, context.cast(builder, value, source, vector.number))


def _define_arithmetic(function: Type, in_place: Type, instruction: str) -> None:
    """Let an operator work lane by lane; a number beside a vector counts in each lane."""

    class Typed(AbstractTemplate):
        def generic(self, args: Type, keywords: Type) -> Type:
            vectors = {arg for arg in args if isinstance(arg, Vector)}
            others = [arg for arg in args if not isinstance(arg, Vector)]
            # A vector with a number, or two of one type; anything else is an error of types.
            if len(vectors) == 1 and all(isinstance(arg, types.Number) for arg in others):
                return signature(vectors.pop(), *args)
            return None

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        left, right = (
            _as_vector(context, builder, source, value, found.return_type)
            for source, value in zip(found.args, args, strict=True)
        )
        return getattr(builder, instruction)(left, right)

    infer_global(function)(Typed)
    infer_global(in_place)(Typed)
    for kinds in ((Vector, Vector), (Vector, types.Number), (types.Number, Vector)):
        lower_builtin(function, *kinds)(generate)


_define_arithmetic(operator.add, operator.iadd, "fadd")
_define_arithmetic(operator.sub, operator.isub, "fsub")
_define_arithmetic(operator.mul, operator.imul, "fmul")
_define_arithmetic(operator.truediv, operator.itruediv, "fdiv")


def take(builder: Builder, first: Value, second: Value, indices: range) -> Value:
    """Build a vector of some lanes of two; those of the second count on."""
    places = ir.Constant(ir.VectorType(_LANE, len(indices)), list(indices))
    return builder.shuffle_vector(first, second, places)


def first_lanes(context: Context, builder: Builder, vector: Vector, count: Value) -> Value:
    """Build a mask of the first ``count`` lanes."""
    of_indices = Vector(types.intc, vector.lanes)
    kind = context.get_value_type(of_indices)
    # lane < count, compared in all lanes at once: a mask, no branch.
    limits = fill(context, builder, of_indices, builder.trunc(count, _LANE))
    return builder.icmp_signed("<", ir.Constant(kind, list(range(vector.lanes))), limits)


def call(builder: Builder, name: str, result: Type, args: Values) -> Value:
    """Build a call of a function of LLVM."""
    function_type = ir.FunctionType(result, [arg.type for arg in args])
    function = builder.module.declare_intrinsic(name, (), function_type)
    # Without these flags LLVM adds up lanes in their order, one by one.
    return builder.call(function, args, fastmath=_ANY_ORDER if _is_float(result) else ())


def _is_float(kind: Type) -> bool:
    return isinstance(getattr(kind, "element", kind), (ir.FloatType, ir.DoubleType))


def suffix(vector: Vector) -> str:
    """Return how LLVM's functions of such vectors end."""
    return f"v{vector.lanes}f{vector.number.bitwidth}"


@intrinsic
def keep_first(typing_context: Context, value: Type, count: Type, otherwise: Type) -> Type:
    """Replace all lanes behind the first ``count`` by a number."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        mask = first_lanes(context, builder, value, args[1])
        other = _as_vector(context, builder, found.args[2], args[2], value)
        return builder.select(mask, args[0], other)

    return value(value, types.intp, otherwise), generate


@intrinsic
def sum_of(typing_context: Context, value: Type) -> Type:
    """Return the sum of all lanes."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        zero = context.get_constant(value.number, 0.0)
        name = f"llvm.vector.reduce.fadd.{suffix(value)}"
        return call(builder, name, zero.type, [zero, args[0]])

    return value.number(value), generate


@intrinsic
def largest_of(typing_context: Context, value: Type) -> Type:
    """Return the largest of all lanes that are numbers."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        name = f"llvm.vector.reduce.fmax.{suffix(value)}"
        return call(builder, name, args[0].type.element, [args[0]])

    return value.number(value), generate


def _define_choice(comparison: str, summary: str) -> Type:
    def typed(typing_context: Context, left: Type, right: Type) -> Type:
        def generate(
            context: Context, builder: Builder, found: Signature, args: Values
        ) -> Value:
            first, second = (
                _as_vector(context, builder, source, value, found.return_type)
                for source, value in zip(found.args, args, strict=True)
            )
            return builder.select(
                builder.fcmp_ordered(comparison, second, first), second, first
            )

        return left(left, right), generate

    typed.__doc__ = summary
    return intrinsic(typed)


larger = _define_choice(">", "Return the larger number in each lane; a NaN on the left stays.")
smaller = _define_choice(
    "<", "Return the smaller number in each lane; a NaN on the left stays."
)


def _define_unary(name: str, summary: str) -> Type:
    """Define a function of LLVM, which calls libm for each lane if the machine has none."""

    def typed(typing_context: Context, value: Type) -> Type:
        def generate(
            context: Context, builder: Builder, found: Signature, args: Values
        ) -> Value:
            return call(builder, f"llvm.{name}.{suffix(value)}", args[0].type, args)

        return value(value), generate

    typed.__doc__ = summary
    return intrinsic(typed)


square_root = _define_unary("sqrt", "Return the square root of each lane.")
exact_exp = _define_unary("exp", "Return e**x of each lane.")
exact_log = _define_unary("log", "Return the natural logarithm of each lane.")
