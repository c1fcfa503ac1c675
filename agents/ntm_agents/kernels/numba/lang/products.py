"""Products of a matrix and vectors of a few sequences: sums of rows, kept in registers."""

from __future__ import annotations

from typing import Any

from ntm_agents.kernels.numba.lang.compile import inlined, kernel
from ntm_agents.kernels.numba.lang.machine import REGISTER_COUNT
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


@inlined
def _combine_block(
    nothing: Any,
    rows: Any,
    row_stride: int,
    rest: int,
    numbers: Any,
    number_stride: int,
    next_number: int,
    count: int,
    start: Any,
    start_stride: int,
    combination: Any,
    combination_stride: int,
    combinations: int,
) -> None:
    """Do what `combine` does for as many places of a row as ``nothing`` has lanes."""
    fours = combinations - combinations % 4
    for b in range(0, fours, 4):
        of_first = at(start, b * start_stride)
        s0 = load_like(nothing, of_first, 0, rest)
        s1 = load_like(nothing, of_first, start_stride, rest)
        s2 = load_like(nothing, of_first, 2 * start_stride, rest)
        s3 = load_like(nothing, of_first, 3 * start_stride, rest)
        n0 = at(numbers, b * number_stride)
        n1 = at(n0, number_stride)
        n2 = at(n1, number_stride)
        n3 = at(n2, number_stride)
        for k in range(count):
            row, n = load_like(nothing, rows, k * row_stride, rest), k * next_number
            s0 += row * n0[n]
            s1 += row * n1[n]
            s2 += row * n2[n]
            s3 += row * n3[n]
        of_first = at(combination, b * combination_stride)
        store_first(s0, of_first, 0, rest)
        store_first(s1, of_first, combination_stride, rest)
        store_first(s2, of_first, 2 * combination_stride, rest)
        store_first(s3, of_first, 3 * combination_stride, rest)
    for b in range(fours, combinations):
        total = load_like(nothing, start, b * start_stride, rest)
        n0 = at(numbers, b * number_stride)
        for k in range(count):
            total += load_like(nothing, rows, k * row_stride, rest) * n0[k * next_number]
        store_first(total, combination, b * combination_stride, rest)


@inlined
def _combine_three_registers(
    two: Any,
    rows: Any,
    row_stride: int,
    numbers: Any,
    number_stride: int,
    next_number: int,
    count: int,
    start: Any,
    start_stride: int,
    combination: Any,
    combination_stride: int,
    fours: int,
) -> None:
    """Do what `combine` does for the places of three registers, ``two`` has two, in fours.

    Twelve sums, a row and a number fill 16 registers. Eight sums would leave the multipliers
    waiting whenever one is late.
    """
    one = half(two)
    step, rest = lanes_of(two), lanes_of(one)
    for b in range(0, fours, 4):
        p0 = at(start, b * start_stride)
        p1, p2, p3 = at(p0, start_stride), at(p0, 2 * start_stride), at(p0, 3 * start_stride)
        s0, t0 = load_like(two, p0, 0, step), load_like(one, p0, step, rest)
        s1, t1 = load_like(two, p1, 0, step), load_like(one, p1, step, rest)
        s2, t2 = load_like(two, p2, 0, step), load_like(one, p2, step, rest)
        s3, t3 = load_like(two, p3, 0, step), load_like(one, p3, step, rest)
        n0 = at(numbers, b * number_stride)
        n1 = at(n0, number_stride)
        n2 = at(n1, number_stride)
        n3 = at(n2, number_stride)
        for k in range(count):
            row, n = at(rows, k * row_stride), k * next_number
            first, second = load_like(two, row, 0, step), load_like(one, row, step, rest)
            s0 += first * n0[n]
            t0 += second * n0[n]
            s1 += first * n1[n]
            t1 += second * n1[n]
            s2 += first * n2[n]
            t2 += second * n2[n]
            s3 += first * n3[n]
            t3 += second * n3[n]
        p0 = at(combination, b * combination_stride)
        p1, p2 = at(p0, combination_stride), at(p0, 2 * combination_stride)
        p3 = at(p0, 3 * combination_stride)
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
    nothing: Any,
    rows: Any,
    row_stride: int,
    rest: int,
    numbers: Any,
    next_number: int,
    count: int,
    start: Any,
    combination: Any,
) -> None:
    """Do what `combine` does, once, for a whole vector and one like ``nothing`` behind it."""
    step = lanes(rows)
    behind = rest - step
    first, second = load(start, 0), load_like(nothing, start, step, behind)
    for k in range(count):
        row, n = at(rows, k * row_stride), numbers[k * next_number]
        first += load(row, 0) * n
        second += load_like(nothing, row, step, behind) * n
    store(first, combination, 0)
    store_first(second, combination, step, behind)


@kernel
def combine(
    rows: Any,
    row_stride: int,
    width: int,
    numbers: Any,
    number_stride: int,
    next_number: int,
    count: int,
    start: Any,
    start_stride: int,
    combination: Any,
    combination_stride: int,
    combinations: int,
) -> None:
    """Write ``start + Σ_k numbers[k] · rows[k]``, a few times with the same rows.

    With a matrix as it is, ``(outputs, inputs)``, this is the product with its transposed;
    with the transposed matrix it is the product itself.

    Args:
        rows: Matrix, ``(count, width)``.
        row_stride: From one row to the next.
        width: Numbers in a row.
        numbers: Of the first combination, ``(count,)``.
        number_stride: From there to those of the next combination.
        next_number: From one number to the next.
        count: Rows.
        start: Of the first combination, ``(width,)``.
        start_stride: From there to that of the next.
        combination: Written; may be ``start``.
        combination_stride: From one to the next.
        combinations: How many.
    """
    several = zeros(rows)
    two = half(several)
    i = 0
    while combinations == 1 and width - i > lanes(rows):
        pair = (
            at(rows, i),
            row_stride,
            width - i,
            numbers,
            next_number,
            count,
            at(start, i),
            at(combination, i),
        )
        if 2 * (width - i) > 3 * lanes(rows):
            _combine_pair(several, *pair)
        else:
            _combine_pair(two, *pair)
        i += 2 * lanes(rows)
    if REGISTER_COUNT < 32:
        three = lanes(rows) + lanes(rows) // 2
        while combinations > 1 and combinations % 4 == 0 and width - i >= three:
            _combine_three_registers(
                several,
                at(rows, i),
                row_stride,
                numbers,
                number_stride,
                next_number,
                count,
                at(start, i),
                start_stride,
                at(combination, i),
                combination_stride,
                combinations,
            )
            i += three
    block = several
    half_block = half(block)
    quarter_block = half(half_block)
    step = lanes_of(block)
    while i < width:
        rest = width - i
        arguments = (
            at(rows, i),
            row_stride,
            rest,
            numbers,
            number_stride,
            next_number,
            count,
            at(start, i),
            start_stride,
            at(combination, i),
            combination_stride,
            combinations,
        )
        if 2 * rest > step:
            _combine_block(block, *arguments)
        elif 4 * rest > step:
            _combine_block(half_block, *arguments)
        else:
            _combine_block(quarter_block, *arguments)
        i += step


@kernel
def add_outer_products(
    lefts: Any,
    left_stride: int,
    outputs: int,
    rights: Any,
    right_stride: int,
    inputs: int,
    count: int,
    total: Any,
) -> None:
    """Add ``Σ_k lefts[k] ⊗ rights[k]``: the gradient of a weight matrix.

    Args:
        lefts: Gradients of outputs, ``(count, outputs)``.
        left_stride: From one row to the next.
        outputs: Numbers in a left row.
        rights: Inputs, ``(count, inputs)``.
        right_stride: From one row to the next.
        inputs: Numbers in a right row.
        count: Rows.
        total: Added to, ``(outputs, inputs)``.
    """
    for k in range(0, count, _ROWS_IN_CACHE):
        combine(
            at(rights, k * right_stride),
            right_stride,
            inputs,
            at(lefts, k * left_stride),
            1,
            left_stride,
            min(_ROWS_IN_CACHE, count - k),
            total,
            inputs,
            total,
            inputs,
            outputs,
        )


@kernel
def transpose(matrix: Any, transposed: Any, first_row: int) -> None:
    """Write ``(outputs, inputs)`` as ``(inputs, outputs)``, from some row of that on."""
    outputs, inputs = matrix.shape
    source = pointer(matrix)
    target = at(pointer(transposed), first_row * outputs)
    whole = outputs - outputs % _ROWS_AT_ONCE
    for g in range(0, whole, _ROWS_AT_ONCE):
        for k in range(inputs):
            for i in range(_ROWS_AT_ONCE):
                target[k * outputs + g + i] = source[(g + i) * inputs + k]
    for g in range(whole, outputs):
        for k in range(inputs):
            target[k * outputs + g] = source[g * inputs + k]
