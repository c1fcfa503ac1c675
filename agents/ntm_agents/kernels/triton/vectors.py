"""Scalar functions and matrix products of a Triton program.

Every tensor has the program's sequences as its first axis. A *row of pointers*, ``(B,)``, names
one vector for each sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import triton
import triton.language as tl

from ntm_agents.kernels.triton.tape import Sizes

Function = TypeVar("Function", bound=Callable[..., Any])
if TYPE_CHECKING:
    Value: TypeAlias = Any
else:
    Value = tl.tensor
"""What parts of kernels return: a tensor or several. Triton resolves annotations, and refuses
Python 3.10's `Any`, which is no class."""


def kernel(function: Function) -> Function:
    """Compile a part of a kernel."""
    return cast(Function, triton.jit(function))


def sequence_kernel(function: Function) -> Function:
    """Compile a kernel, once for all batch sizes and lengths."""
    lengths = ["batch_size", "steps", "segment"]
    return cast(Function, triton.jit(function, do_not_specialize=lengths))


@kernel
def tanh(x: tl.tensor) -> Value:
    """Return the hyperbolic tangent."""
    shrunk = tl.exp(-2.0 * tl.abs(x))
    size = (1.0 - shrunk) / (1.0 + shrunk)
    return tl.where(x < 0, -size, size)


@kernel
def sigmoid(x: tl.tensor) -> Value:
    """Return 1 / (1 + e**-x)."""
    return 1.0 / (1.0 + tl.exp(-x))


@kernel
def softplus(x: tl.tensor) -> Value:
    """Return log(1 + e**x)."""
    return tl.log(1.0 + tl.exp(-tl.abs(x))) + tl.maximum(x, 0.0)


@kernel
def masked_softmax(logits: tl.tensor, inside: tl.tensor) -> Value:
    """Return the softmax over the last axis, ``(B, block)``, of what is inside."""
    logits = tl.where(inside[None, :], logits, float("-inf"))
    powers = tl.exp(logits - tl.max(logits, 1)[:, None])
    return powers / tl.sum(powers, 1)[:, None]


@kernel
def load_vector(pointers: tl.tensor, k: tl.tensor, width: int, valid: tl.tensor) -> Value:
    """Return elements ``k`` of one vector for each sequence, zero past ``width``."""
    inside = valid[:, None] & (k < width)[None, :]
    return tl.load(pointers[:, None] + k[None, :], mask=inside, other=0.0)


@kernel
def store_vector(
    pointers: tl.tensor, k: tl.tensor, width: int, valid: tl.tensor, numbers: tl.tensor
) -> None:
    """Store elements ``k`` of one vector for each sequence, nothing past ``width``."""
    inside = valid[:, None] & (k < width)[None, :]
    tl.store(pointers[:, None] + k[None, :], numbers, mask=inside)


@kernel
def product(
    matrix: tl.tensor,
    row: tl.tensor,
    rows: int,
    stride: int,
    vector: tl.tensor,
    width: int,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Return some rows of a matrix times one vector for each sequence.

    Args:
        matrix: Pointer to ``(rows, stride)``; the first ``width`` columns are taken.
        row: Which rows.
        rows: Rows of the matrix.
        stride: Numbers from one row to the next.
        vector: Row of pointers.
        width: Columns to take.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    shape: tl.constexpr = (sizes.sequences, sizes.rows_block)
    total = tl.zeros(shape, matrix.dtype.element_ty)
    for first in range(0, width, sizes.columns_block):
        k = first + tl.arange(0, sizes.columns_block)
        inside = (row < rows)[:, None] & (k < width)[None, :]
        tile = tl.load(matrix + row[:, None] * stride + k[None, :], mask=inside, other=0.0)
        numbers = load_vector(vector, k, width, valid)
        total += tl.sum(tile[None, :, :] * numbers[:, None, :], 2)
    return total


@kernel
def transposed_product(
    matrix: tl.tensor,
    column: tl.tensor,
    columns: int,
    stride: int,
    vector: tl.tensor,
    height: int,
    valid: tl.tensor,
    sizes: Sizes,
) -> Value:
    """Return some columns of a matrix, transposed, times one vector for each sequence.

    Args:
        matrix: Pointer to ``(height, stride)``.
        column: Which columns.
        columns: One past the last column.
        stride: Numbers from one row to the next.
        vector: Row of pointers.
        height: Rows of the matrix.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    shape: tl.constexpr = (sizes.sequences, sizes.columns_block)
    total = tl.zeros(shape, matrix.dtype.element_ty)
    for first in range(0, height, sizes.rows_block):
        k = first + tl.arange(0, sizes.rows_block)
        inside = (k < height)[:, None] & (column < columns)[None, :]
        tile = tl.load(matrix + k[:, None] * stride + column[None, :], mask=inside, other=0.0)
        numbers = load_vector(vector, k, height, valid)
        total += tl.sum(tile[None, :, :] * numbers[:, :, None], 1)
    return total
