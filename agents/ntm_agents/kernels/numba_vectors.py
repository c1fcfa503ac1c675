"""Vectors as values in Numba kernels: a few of the machine's registers, read and written whole.

LLVM turns a plain loop over arrays into vector code only behind checks that no two arrays
overlap and with sums kept in memory from one row to the next; and every view of an array is
counted atomically. Kernels that say themselves what stays in registers, and point into arrays
instead of slicing them, are several times faster. LLVM splits a vector into registers of any
machine; the number of lanes only decides how many registers are busy at once.

A pointer does not keep its array alive: see `keep_alive`.
"""

from __future__ import annotations

import operator
from typing import Any

import llvmlite.binding
from llvmlite import ir
from numba import types
from numba.core import cgutils, errors
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as _untyped_intrinsic
from numba.extending import lower_builtin, models, register_model

_FEATURES = llvmlite.binding.get_host_cpu_features()
_REGISTER_BYTES = 64 if _FEATURES.get("avx512f") else 32 if _FEATURES.get("avx") else 16
VECTOR_BYTES = 4 * _REGISTER_BYTES
"""Four registers: as many sums at once hide each other's latency."""

_LANE = ir.IntType(32)
_FAST = ("fast",)


def intrinsic(typed: Any) -> Any:
    """Define a function of kernels by the code that it generates."""
    return _untyped_intrinsic(typed)


class Vector(types.Type):
    """The type of ``lanes`` numbers of type ``number``."""

    def __init__(self, number: Any, lanes: int) -> None:
        """Name the type."""
        self.number, self.lanes = number, lanes
        super().__init__(f"Vector({number}, {lanes})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, vector: Vector) -> None:
        number = manager.lookup(vector.number).get_value_type()
        super().__init__(manager, vector, ir.VectorType(number, vector.lanes))


def vector_of(pointer: Any) -> Vector:
    """Return the type of the vectors that are read where a pointer type points."""
    return Vector(pointer.dtype, VECTOR_BYTES * 8 // pointer.dtype.bitwidth)


def fill(context: Any, builder: Any, vector: Vector, number: Any) -> Any:
    """Build a vector with the same number in each lane."""
    kind = context.get_value_type(vector)
    first = builder.insert_element(ir.Constant(kind, ir.Undefined), number, _LANE(0))
    lanes = ir.Constant(ir.VectorType(_LANE, vector.lanes), [0] * vector.lanes)
    return builder.shuffle_vector(first, ir.Constant(kind, ir.Undefined), lanes)


def _as_vector(context: Any, builder: Any, source: Any, value: Any, vector: Vector) -> Any:
    if source == vector:
        return value
    if not isinstance(vector, Vector):
        return context.cast(builder, value, source, vector)
    return fill(context, builder, vector, context.cast(builder, value, source, vector.number))


def _define_arithmetic(function: Any, in_place: Any, instruction: str) -> None:
    """Let an operator work lane by lane; a number beside a vector counts in each lane."""

    class Typed(AbstractTemplate):
        def generic(self, args: Any, keywords: Any) -> Any:
            vectors = {arg for arg in args if isinstance(arg, Vector)}
            others = [arg for arg in args if not isinstance(arg, Vector)]
            if len(vectors) == 1 and all(isinstance(arg, types.Number) for arg in others):
                return signature(vectors.pop(), *args)
            return None

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
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


@intrinsic
def pointer(typing_context: Any, array: Any) -> Any:
    """Point to the first number of a contiguous array."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return context.make_array(array)(context, builder, args[0]).data

    return types.CPointer(array.dtype)(_contiguous(array)), generate


@intrinsic
def pointers(typing_context: Any, arrays: Any) -> Any:
    """Point to the first number of each of a named tuple's contiguous arrays."""
    to_numbers = [types.CPointer(_contiguous(array).dtype) for array in arrays]
    result = types.BaseTuple.from_types(to_numbers, arrays.instance_class)

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        fields = cgutils.unpack_tuple(builder, args[0])
        return context.make_tuple(
            builder,
            result,
            [
                context.make_array(array)(context, builder, field).data
                for array, field in zip(arrays, fields, strict=True)
            ],
        )

    return result(arrays), generate


def _contiguous(array: Any) -> Any:
    if array.layout != "C":
        raise errors.TypingError(f"kernels point into contiguous arrays only, not {array}")
    return array


@intrinsic
def keep_alive(typing_context: Any, arrays: Any) -> Any:
    """Let nothing that is pointed to go before this is called with it."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return context.get_dummy_value()

    return types.void(arrays), generate


@intrinsic
def at(typing_context: Any, pointer: Any, distance: Any) -> Any:
    """Point some numbers further."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), generate


@intrinsic
def number_for(typing_context: Any, pointer: Any, number: Any) -> Any:
    """Return a number in the type of those pointed to."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return context.cast(builder, args[1], number, pointer.dtype)

    return pointer.dtype(pointer, number), generate


def _place(context: Any, builder: Any, vector: Vector, pointer: Any, index: Any) -> Any:
    kind = context.get_value_type(vector)
    return builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())


@intrinsic
def lanes(typing_context: Any, pointer: Any) -> Any:
    """Return the number of lanes of a vector."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return context.get_constant(types.intp, vector_of(pointer).lanes)

    return types.intp(pointer), generate


@intrinsic
def load(typing_context: Any, pointer: Any, index: Any) -> Any:
    """Read a vector from ``pointer[index]`` on."""
    vector = vector_of(pointer)

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        place = _place(context, builder, vector, *args)
        return builder.load(place, align=vector.number.bitwidth // 8)

    return vector(pointer, types.intp), generate


@intrinsic
def store(typing_context: Any, value: Any, pointer: Any, index: Any) -> Any:
    """Write a vector from ``pointer[index]`` on."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        place = _place(context, builder, value, *args[1:])
        builder.store(args[0], place, align=value.number.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(value, pointer, types.intp), generate


def _first_lanes(context: Any, builder: Any, vector: Vector, count: Any) -> Any:
    """Build a mask of the first ``count`` lanes."""
    of_indices = Vector(types.intc, vector.lanes)
    kind = context.get_value_type(of_indices)
    limits = fill(context, builder, of_indices, builder.trunc(count, _LANE))
    return builder.icmp_signed("<", ir.Constant(kind, list(range(vector.lanes))), limits)


def _call(builder: Any, name: str, result: Any, args: Any) -> Any:
    function_type = ir.FunctionType(result, [arg.type for arg in args])
    function = builder.module.declare_intrinsic(name, (), function_type)
    return builder.call(function, args, fastmath=_FAST if _is_float(result) else ())


def _is_float(kind: Any) -> bool:
    return isinstance(getattr(kind, "element", kind), (ir.FloatType, ir.DoubleType))


def _suffix(vector: Vector) -> str:
    return f"v{vector.lanes}f{vector.number.bitwidth}"


@intrinsic
def load_first(typing_context: Any, pointer: Any, index: Any, count: Any) -> Any:
    """Read up to ``count`` numbers; the lanes behind them are zero."""
    vector = vector_of(pointer)

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        place = _place(context, builder, vector, *args[:2])
        align = vector.number.bitwidth // 8
        zeros = ir.Constant(context.get_value_type(vector), None)
        name = f"llvm.masked.load.{_suffix(vector)}.p0"
        whole = builder.icmp_signed(">=", args[2], args[2].type(vector.lanes))
        with builder.if_else(whole) as (all_lanes, some_lanes):
            with all_lanes:
                everything, everything_from = builder.load(place, align=align), builder.block
            with some_lanes:
                mask = _first_lanes(context, builder, vector, args[2])
                some = _call(builder, name, zeros.type, [place, _LANE(align), mask, zeros])
                some_from = builder.block
        value = builder.phi(zeros.type)
        value.add_incoming(everything, everything_from)
        value.add_incoming(some, some_from)
        return value

    return vector(pointer, types.intp, types.intp), generate


@intrinsic
def store_first(typing_context: Any, value: Any, pointer: Any, index: Any, count: Any) -> Any:
    """Write up to ``count`` numbers of a vector, and nothing behind them."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        place = _place(context, builder, value, *args[1:3])
        align = value.number.bitwidth // 8
        name = f"llvm.masked.store.{_suffix(value)}.p0"
        whole = builder.icmp_signed(">=", args[3], args[3].type(value.lanes))
        with builder.if_else(whole) as (all_lanes, some_lanes):
            with all_lanes:
                builder.store(args[0], place, align=align)
            with some_lanes:
                mask = _first_lanes(context, builder, value, args[3])
                _call(builder, name, ir.VoidType(), [args[0], place, _LANE(align), mask])
        return context.get_dummy_value()

    return types.void(value, pointer, types.intp, types.intp), generate


@intrinsic
def keep_first(typing_context: Any, value: Any, count: Any, otherwise: Any) -> Any:
    """Replace all lanes behind the first ``count`` by a number."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        mask = _first_lanes(context, builder, value, args[1])
        other = _as_vector(context, builder, found.args[2], args[2], value)
        return builder.select(mask, args[0], other)

    return value(value, types.intp, otherwise), generate


@intrinsic
def zeros(typing_context: Any, pointer: Any) -> Any:
    """Return a vector of zeros."""
    vector = vector_of(pointer)

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        return ir.Constant(context.get_value_type(vector), None)

    return vector(pointer), generate


@intrinsic
def sum_of(typing_context: Any, value: Any) -> Any:
    """Return the sum of all lanes."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        zero = context.get_constant(value.number, 0.0)
        name = f"llvm.vector.reduce.fadd.{_suffix(value)}"
        return _call(builder, name, zero.type, [zero, args[0]])

    return value.number(value), generate


@intrinsic
def largest_of(typing_context: Any, value: Any) -> Any:
    """Return the largest of all lanes."""

    def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
        name = f"llvm.vector.reduce.fmax.{_suffix(value)}"
        return _call(builder, name, args[0].type.element, [args[0]])

    return value.number(value), generate


def _define_choice(comparison: str, summary: str) -> Any:
    def typed(typing_context: Any, left: Any, right: Any) -> Any:
        def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
            first, second = (
                _as_vector(context, builder, source, value, found.return_type)
                for source, value in zip(found.args, args, strict=True)
            )
            return builder.select(
                builder.fcmp_ordered(comparison, first, second), first, second
            )

        return left(left, right), generate

    typed.__doc__ = summary
    return intrinsic(typed)


larger = _define_choice(">", "Return the larger number in each lane.")
smaller = _define_choice("<", "Return the smaller number in each lane.")


def _define_unary(name: str, summary: str) -> Any:
    """Define a function of LLVM, which calls libm for each lane if the machine has none."""

    def typed(typing_context: Any, value: Any) -> Any:
        def generate(context: Any, builder: Any, found: Any, args: Any) -> Any:
            return _call(builder, f"llvm.{name}.{_suffix(value)}", args[0].type, args)

        return value(value), generate

    typed.__doc__ = summary
    return intrinsic(typed)


square_root = _define_unary("sqrt", "Return the square root of each lane.")
exact_exp = _define_unary("exp", "Return e**x of each lane.")
exact_log = _define_unary("log", "Return the natural logarithm of each lane.")
