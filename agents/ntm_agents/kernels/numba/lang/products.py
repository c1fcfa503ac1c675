"""Products of a matrix and vectors of a few sequences: sums of rows, kept in registers."""

from __future__ import annotations

from typing import NamedTuple

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.machine import REGISTER_COUNT
from ntm_agents.kernels.numba.lang.names import Lanes, Pointer
from ntm_agents.kernels.numba.lang.pointers import (
    at,
    half,
    lanes,
    lanes_of,
    load,
    load_like,
    pointer,
    store,
    store_first,
    zeros,
)

_ROWS_IN_CACHE = 128
_ROWS_AT_ONCE = 4


class Rows(NamedTuple):
    """Rows of a matrix, or one vector for each of a few sequences.

    Attributes:
        first: The first row.
        stride: From the beginning of a row to that of the next; 0 repeats the first.
    """

    first: Pointer
    stride: int


class Factors(NamedTuple):
    """What rows are multiplied by, for each of a few combinations of them.

    Attributes:
        first: Of the first row in the first combination.
        stride: From there to the first row's in the next combination.
        step: From there to the next row's in the same combination.
    """

    first: Pointer
    stride: int
    step: int


@inlined
def _rows_from(rows: Rows, i: int) -> Rows:
    """Return the same rows without their first ``i`` numbers."""
    return Rows(at(rows.first, i), rows.stride)


@inlined
def _combine_block(
    block: Lanes,
    rows: Rows,
    rest: int,
    factors: Factors,
    count: int,
    start: Rows,
    target: Rows,
    combinations: int,
) -> None:
    """Do what `combine` does for as many places of a row as ``block`` has lanes.

    Four combinations at once load each row once, and their four sums are independent: an
    addition need not wait for the last.
    """
    blocks_of_four = combinations - combinations % 4
    for b in range(0, blocks_of_four, 4):
        first = at(start.first, b * start.stride)
        s0 = load_like(block, first, 0, rest)
        s1 = load_like(block, first, start.stride, rest)
        s2 = load_like(block, first, 2 * start.stride, rest)
        s3 = load_like(block, first, 3 * start.stride, rest)
        n0 = at(factors.first, b * factors.stride)
        n1 = at(n0, factors.stride)
        n2 = at(n1, factors.stride)
        n3 = at(n2, factors.stride)
        for k in range(count):
            # One load of a row, four multiply-adds.
            row, n = load_like(block, rows.first, k * rows.stride, rest), k * factors.step
            s0 += row * n0[n]
            s1 += row * n1[n]
            s2 += row * n2[n]
            s3 += row * n3[n]
        first = at(target.first, b * target.stride)
        store_first(s0, first, 0, rest)
        store_first(s1, first, target.stride, rest)
        store_first(s2, first, 2 * target.stride, rest)
        store_first(s3, first, 3 * target.stride, rest)
    # Up to three sequences are left of a batch.
    for b in range(blocks_of_four, combinations):
        total = load_like(block, start.first, b * start.stride, rest)
        n0 = at(factors.first, b * factors.stride)
        for k in range(count):
            total += load_like(block, rows.first, k * rows.stride, rest) * n0[k * factors.step]
        store_first(total, target.first, b * target.stride, rest)


@inlined
def _combine_three_registers(
    two: Lanes,
    rows: Rows,
    factors: Factors,
    count: int,
    start: Rows,
    target: Rows,
    blocks_of_four: int,
) -> None:
    """Do what `combine` does for the places of three registers, ``two`` has two, in fours.

    Twelve sums, a row and a number fill 16 registers. Eight sums would leave the multipliers
    waiting whenever one is late.
    """
    one = half(two)
    step, rest = lanes_of(two), lanes_of(one)
    for b in range(0, blocks_of_four, 4):
        p0 = at(start.first, b * start.stride)
        p1, p2, p3 = at(p0, start.stride), at(p0, 2 * start.stride), at(p0, 3 * start.stride)
        s0, t0 = load_like(two, p0, 0, step), load_like(one, p0, step, rest)
        s1, t1 = load_like(two, p1, 0, step), load_like(one, p1, step, rest)
        s2, t2 = load_like(two, p2, 0, step), load_like(one, p2, step, rest)
        s3, t3 = load_like(two, p3, 0, step), load_like(one, p3, step, rest)
        n0 = at(factors.first, b * factors.stride)
        n1 = at(n0, factors.stride)
        n2 = at(n1, factors.stride)
        n3 = at(n2, factors.stride)
        for k in range(count):
            row, n = at(rows.first, k * rows.stride), k * factors.step
            first, second = load_like(two, row, 0, step), load_like(one, row, step, rest)
            s0 += first * n0[n]
            t0 += second * n0[n]
            s1 += first * n1[n]
            t1 += second * n1[n]
            s2 += first * n2[n]
            t2 += second * n2[n]
            s3 += first * n3[n]
            t3 += second * n3[n]
        p0 = at(target.first, b * target.stride)
        p1, p2 = at(p0, target.stride), at(p0, 2 * target.stride)
        p3 = at(p0, 3 * target.stride)
        store(s0, p0, 0)
        store(t0, p0, step)
        store(s1, p1, 0)
        store(t1, p1, step)
        store(s2, p2, 0)
        store(t2, p2, step)
        store(s3, p3, 0)
        store(t3, p3, step)


@inlined
def _combine_pair(
    behind: Lanes,
    rows: Rows,
    rest: int,
    factors: Factors,
    count: int,
    start: Pointer,
    target: Pointer,
) -> None:
    """Do what `combine` does, once, for a whole vector and one like ``behind`` after it."""
    step = lanes(rows.first)
    others = rest - step
    first, second = load(start, 0), load_like(behind, start, step, others)
    for k in range(count):
        row, n = at(rows.first, k * rows.stride), factors.first[k * factors.step]
        first += load(row, 0) * n
        second += load_like(behind, row, step, others) * n
    store(first, target, 0)
    store_first(second, target, step, others)


@kernel
def combine(
    rows: Rows,
    width: int,
    factors: Factors,
    count: int,
    start: Rows,
    target: Rows,
    combinations: int,
) -> None:
    """Write ``start + Σ_k factors[k] · rows[k]``, a few times with the same rows.

    With a matrix as it is, ``(outputs, inputs)``, this is the product with its transposed;
    with the transposed matrix it is the product itself. Rows lie in memory as they are read,
    and no sum over lanes is needed.

    Args:
        rows: Matrix, ``(count, width)``.
        width: Numbers in a row.
        factors: One for each row and combination.
        count: Rows.
        start: For each combination ``(width,)``.
        target: Written; may be ``start``.
        combinations: How many.
    """
    vector = zeros(rows.first)
    half_vector = half(vector)
    i, whole = 0, lanes(rows.first)
    # A single combination has no others to hide behind: two vectors' sums take turns.
    while combinations == 1 and width - i > whole:
        pair = (
            _rows_from(rows, i),
            width - i,
            factors,
            count,
            at(start.first, i),
            at(target.first, i),
        )
        if 2 * (width - i) > 3 * whole:
            _combine_pair(vector, *pair)
        else:
            _combine_pair(half_vector, *pair)
        i += 2 * whole
    if REGISTER_COUNT < 32:
        three = whole + whole // 2
        while combinations > 1 and combinations % 4 == 0 and width - i >= three:
            _combine_three_registers(
                vector,
                _rows_from(rows, i),
                factors,
                count,
                _rows_from(start, i),
                _rows_from(target, i),
                combinations,
            )
            i += three
    # What is left of a row takes as few registers as it needs.
    quarter_vector = half(half_vector)
    while i < width:
        rest = width - i
        arguments = (
            _rows_from(rows, i),
            rest,
            factors,
            count,
            _rows_from(start, i),
            _rows_from(target, i),
            combinations,
        )
        if 2 * rest > whole:
            _combine_block(vector, *arguments)
        elif 4 * rest > whole:
            _combine_block(half_vector, *arguments)
        else:
            _combine_block(quarter_vector, *arguments)
        i += whole


@kernel
def add_outer_products(
    lefts: Rows, outputs: int, rights: Rows, inputs: int, count: int, total: Pointer
) -> None:
    """Add ``Σ_k lefts[k] ⊗ rights[k]``: the gradient of a weight matrix.

    Args:
        lefts: Gradients of outputs, ``(count, outputs)``.
        outputs: Numbers in a left row.
        rights: Inputs, ``(count, inputs)``.
        inputs: Numbers in a right row.
        count: Rows.
        total: Added to, ``(outputs, inputs)``.
    """
    sums = Rows(total, inputs)
    # So many rows stay in the first-level cache, while all outputs combine them.
    for k in range(0, count, _ROWS_IN_CACHE):
        combine(
            Rows(at(rights.first, k * rights.stride), rights.stride),
            inputs,
            Factors(at(lefts.first, k * lefts.stride), 1, lefts.stride),
            min(_ROWS_IN_CACHE, count - k),
            sums,
            sums,
            outputs,
        )


@kernel
def transpose(matrix: Pointer, transposed: Pointer, first_row: int) -> None:
    """Write ``(outputs, inputs)`` as ``(inputs, outputs)``, from some row of that on."""
    outputs, inputs = matrix.shape
    source = pointer(matrix)
    target = at(pointer(transposed), first_row * outputs)
    # Four rows at once: each cache line of the target is then written in few visits.
    whole = outputs - outputs % _ROWS_AT_ONCE
    for g in range(0, whole, _ROWS_AT_ONCE):
        for k in range(inputs):
            for i in range(_ROWS_AT_ONCE):
                target[k * outputs + g + i] = source[(g + i) * inputs + k]
    for g in range(whole, outputs):
        for k in range(inputs):
            target[k * outputs + g] = source[g * inputs + k]
