"""Pointers in Numba kernels, and the vectors that are read and written where they point.

A view of an array is counted, atomically, and checked; a pointer is a number. It does not keep
its array alive: see `keep_alive`.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils, errors

from ntm_agents.kernels.numba.lang.names import (
    Builder,
    Context,
    Signature,
    Type,
    Value,
    Values,
)
from ntm_agents.kernels.numba.lang.vectors import (
    Vector,
    call,
    first_lanes,
    intrinsic,
    suffix,
    vector_of,
)

_LANE = ir.IntType(32)


@intrinsic
def pointer(typing_context: Context, array: Type) -> Type:
    """Point to the first number of a contiguous array."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.make_array(array)(context, builder, args[0]).data

    return types.CPointer(array.dtype)(_contiguous(array)), generate


@intrinsic
def pointers(typing_context: Context, arrays: Type) -> Type:
    """Point to the first number of each of a named tuple's contiguous arrays."""
    to_numbers = [types.CPointer(_contiguous(array).dtype) for array in arrays]
    result = types.BaseTuple.from_types(to_numbers, arrays.instance_class)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
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


def _contiguous(array: Type) -> Type:
    if array.layout != "C":
        raise errors.TypingError(f"kernels point into contiguous arrays only, not {array}")
    return array


@intrinsic
def keep_alive(typing_context: Context, arrays: Type) -> Type:
    """Let nothing that is pointed to go before this is called with it."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.get_dummy_value()

    return types.void(arrays), generate


@intrinsic
def at(typing_context: Context, pointer: Type, distance: Type) -> Type:
    """Point some numbers further."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return builder.gep(args[0], [args[1]])

    return pointer(pointer, types.intp), generate


@intrinsic
def number_for(typing_context: Context, pointer: Type, number: Type) -> Type:
    """Return a number in the type of those pointed to."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.cast(builder, args[1], number, pointer.dtype)

    return pointer.dtype(pointer, number), generate


def place_of(
    context: Context, builder: Builder, vector: Vector, pointer: Value, index: Value
) -> Value:
    """Build a pointer to the vector that begins at ``pointer[index]``."""
    kind = context.get_value_type(vector)
    return builder.bitcast(builder.gep(pointer, [index]), kind.as_pointer())


@intrinsic
def lanes(typing_context: Context, pointer: Type) -> Type:
    """Return the number of lanes of a vector."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.get_constant(types.intp, vector_of(pointer).lanes)

    return types.intp(pointer), generate


@intrinsic
def lanes_of(typing_context: Context, value: Type) -> Type:
    """Return the number of lanes of a vector at hand."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.get_constant(types.intp, value.lanes)

    return types.intp(value), generate


@intrinsic
def zeros(typing_context: Context, pointer: Type) -> Type:
    """Return a vector of zeros."""
    vector = vector_of(pointer)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return ir.Constant(context.get_value_type(vector), None)

    return vector(pointer), generate


@intrinsic
def half(typing_context: Context, value: Type) -> Type:
    """Return zeros, half as many as there are lanes."""
    vector = Vector(value.number, value.lanes // 2)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return ir.Constant(context.get_value_type(vector), None)

    return vector(value), generate


@intrinsic
def load(typing_context: Context, pointer: Type, index: Type) -> Type:
    """Read a vector from ``pointer[index]`` on."""
    vector = vector_of(pointer)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        place = place_of(context, builder, vector, *args)
        # Alignment of a number: rows of a user's arrays begin anywhere.
        return builder.load(place, align=vector.number.bitwidth // 8)

    return vector(pointer, types.intp), generate


@intrinsic
def store(typing_context: Context, value: Type, pointer: Type, index: Type) -> Type:
    """Write a vector from ``pointer[index]`` on."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        place = place_of(context, builder, value, *args[1:])
        builder.store(args[0], place, align=value.number.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(value, pointer, types.intp), generate


def _build_load(
    context: Context,
    builder: Builder,
    vector: Vector,
    pointer: Value,
    index: Value,
    count: Value,
) -> Value:
    """Build a read of up to ``count`` numbers, and zeros."""
    place = place_of(context, builder, vector, pointer, index)
    align = vector.number.bitwidth // 8
    zeros = ir.Constant(context.get_value_type(vector), None)
    name = f"llvm.masked.load.{suffix(vector)}.p0"
    # Masked loads are slow on some processors: all but the last vector take the plain one.
    whole = builder.icmp_signed(">=", count, count.type(vector.lanes))
    with builder.if_else(whole) as (all_lanes, some_lanes):
        with all_lanes:
            everything, everything_from = builder.load(place, align=align), builder.block
        with some_lanes:
            mask = first_lanes(context, builder, vector, count)
            some = call(builder, name, zeros.type, [place, _LANE(align), mask, zeros])
            some_from = builder.block
    value = builder.phi(zeros.type)
    value.add_incoming(everything, everything_from)
    value.add_incoming(some, some_from)
    return value


@intrinsic
def load_first(typing_context: Context, pointer: Type, index: Type, count: Type) -> Type:
    """Read up to ``count`` numbers; the lanes behind them are zero."""
    vector = vector_of(pointer)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return _build_load(context, builder, vector, *args)

    return vector(pointer, types.intp, types.intp), generate


@intrinsic
def load_like(
    typing_context: Context, value: Type, pointer: Type, index: Type, count: Type
) -> Type:
    """Read up to ``count`` numbers into a vector with as many lanes as another."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return _build_load(context, builder, value, *args[1:])

    return value(value, pointer, types.intp, types.intp), generate


@intrinsic
def store_first(
    typing_context: Context, value: Type, pointer: Type, index: Type, count: Type
) -> Type:
    """Write up to ``count`` numbers of a vector, and nothing behind them."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        place = place_of(context, builder, value, *args[1:3])
        align = value.number.bitwidth // 8
        name = f"llvm.masked.store.{suffix(value)}.p0"
        whole = builder.icmp_signed(">=", args[3], args[3].type(value.lanes))
        with builder.if_else(whole) as (all_lanes, some_lanes):
            with all_lanes:
                builder.store(args[0], place, align=align)
            with some_lanes:
                mask = first_lanes(context, builder, value, args[3])
                call(builder, name, ir.VoidType(), [args[0], place, _LANE(align), mask])
        return context.get_dummy_value()

    return types.void(value, pointer, types.intp, types.intp), generate


@intrinsic
def prefetch_line(typing_context: Context, pointer: Type, index: Type) -> Type:
    """Ask for the cache line of ``pointer[index]``, which will be needed soon."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        place = builder.bitcast(builder.gep(args[0], [args[1]]), ir.IntType(8).as_pointer())
        # For writing, keep in all levels, data.
        hints = [_LANE(1), _LANE(3), _LANE(1)]
        call(builder, "llvm.prefetch.p0", ir.VoidType(), [place, *hints])
        return context.get_dummy_value()

    return types.void(pointer, types.intp), generate
