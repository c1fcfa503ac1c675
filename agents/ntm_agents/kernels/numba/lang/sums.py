"""Sums over all locations, one for each word: every row's lanes are added together at once.

To add the lanes of one vector takes as many shuffles as levels, and each level half the lanes
of the one before. Rows that wait until there are as many as a register has lanes are added in
pairs, with all lanes busy. Postponed sums are the rows of a matrix, one register wide.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.names import (
    Builder,
    Context,
    Lanes,
    Pointer,
    Signature,
    Type,
    Value,
    Values,
)
from ntm_agents.kernels.numba.lang.pointers import at, load_like, place_of, store, store_first
from ntm_agents.kernels.numba.lang.vectors import (
    REGISTERS,
    Vector,
    intrinsic,
    take,
    vector_of,
)


def _register_of(vector: Vector) -> Vector:
    return Vector(vector.number, vector.lanes // REGISTERS)


@intrinsic
def row_length(typing_context: Context, rows: Type) -> Type:
    """Return how many numbers a postponed sum has: as many as a register."""

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        return context.get_constant(types.intp, _register_of(vector_of(rows)).lanes)

    return types.intp(rows), generate


@intrinsic
def fold(typing_context: Context, value: Type) -> Type:
    """Add a vector's registers; one is left."""
    register = _register_of(value)

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        sums = [
            take(builder, args[0], args[0], range(k, k + register.lanes))
            for k in range(0, value.lanes, register.lanes)
        ]
        while len(sums) > 1:
            sums = [builder.fadd(a, b) for a, b in zip(sums[::2], sums[1::2], strict=True)]
        return sums[0]

    return register(value), generate


@intrinsic
def _load_row(typing_context: Context, rows: Type, row: Type) -> Type:
    """Read a postponed sum."""
    register = _register_of(vector_of(rows))

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        first = builder.mul(args[1], args[1].type(register.lanes))
        place = place_of(context, builder, register, args[0], first)
        return builder.load(place, align=register.number.bitwidth // 8)

    return register(rows, types.intp), generate


@inlined
def postpone(value: Lanes, rows: Pointer, row: int, first: bool) -> None:
    """Add a vector to a postponed sum, or begin one with the first vector."""
    # A vector of registers shrinks to one register with additions only.
    total = fold(value)
    if not first:
        total += _load_row(rows, row)
    store(total, rows, row * row_length(rows))


@intrinsic
def _sums_of_rows(typing_context: Context, rows: Type) -> Type:
    """Return the sums of as many rows as a register has lanes."""
    register = _register_of(vector_of(rows))

    def generate(context: Context, builder: Builder, found: Signature, args: Values) -> Value:
        sums = []
        for row in range(register.lanes):
            first = ir.Constant(ir.IntType(64), row * register.lanes)
            place = place_of(context, builder, register, args[0], first)
            sums.append(builder.load(place, align=register.number.bitwidth // 8))
        # Pairwise: R registers of R lanes become one register of R sums in log R levels.
        evens, odds = range(0, 2 * register.lanes, 2), range(1, 2 * register.lanes, 2)
        while len(sums) > 1:
            sums = [
                builder.fadd(take(builder, a, b, evens), take(builder, a, b, odds))
                for a, b in zip(sums[::2], sums[1::2], strict=True)
            ]
        return sums[0]

    return register(rows), generate


@kernel
def write_sums(rows: Pointer, count: int, target: Pointer) -> None:
    """Write the sum of each row.

    Args:
        rows: Postponed sums, ``(count, R)``; up to R more rows are read, but not used.
        count: How many.
        target: Written, ``(count,)``.
    """
    step = row_length(rows)
    for k in range(0, count, step):
        store_first(_sums_of_rows(at(rows, k * step)), target, k, count - k)


@kernel
def add_sums(rows: Pointer, count: int, target: Pointer) -> None:
    """Add the sum of each row to a number; see `write_sums`."""
    step = row_length(rows)
    for k in range(0, count, step):
        sums = _sums_of_rows(at(rows, k * step))
        store_first(sums + load_like(sums, target, k, count - k), target, k, count - k)
