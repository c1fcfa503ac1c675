"""Memory for the tape, used again: the first touch of fresh pages costs more than the sums."""

from __future__ import annotations

import functools
import itertools
import math
from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_agents.kernels.numba.layout import Sizes, Tape, tape_shapes

_ALIGNMENT = 64
# So that one long sequence does not hold on to its memory for ever.
_LARGEST_WASTE = 4


class _Layout(NamedTuple):
    """Shapes of a tape's fields, and bytes that each takes."""

    shapes: Tape
    sizes: tuple[int, ...]
    dtype: np.dtype[np.floating]


class _Laid(NamedTuple):
    """A block of memory, and the tape laid out in it."""

    block: NDArray[np.uint8]
    layout: _Layout
    tape: Tape


# Two: a forward pass often begins while the last tape is still held by a graph.
_kept: deque[_Laid] = deque(maxlen=2)


class TapeMemory:
    """A tape, uninitialised; when this object goes, another may have its memory.

    Args:
        sizes: The sizes.
        batch_size: B.
        dtype: Of the numbers.

    Attributes:
        tape: Arrays in one block of memory, not to be used after this object.
    """

    def __init__(self, sizes: Sizes, batch_size: int, dtype: type[np.floating]) -> None:
        """Lay out the fields."""
        self._laid = _take(_layout(sizes, batch_size, np.dtype(dtype)))
        self.tape = self._laid.tape

    def __del__(self) -> None:
        """Leave the memory to the next."""
        _kept.append(self._laid)


def _take(layout: _Layout) -> _Laid:
    """Return a tape, in kept memory if some is about as large."""
    size = sum(layout.sizes)
    try:
        laid = _kept.pop()
    except IndexError:
        return _lay(layout, _new_block(size))
    # The usual case, the same shapes again: not even the views are made anew.
    if laid.layout is layout:
        return laid
    fits = size <= laid.block.size <= _LARGEST_WASTE * size
    return _lay(layout, laid.block if fits else _new_block(size))


def _lay(layout: _Layout, block: NDArray[np.uint8]) -> _Laid:
    ends = itertools.accumulate(layout.sizes)
    fields = (
        block[end - size : end].view(layout.dtype)[: math.prod(shape)].reshape(shape)
        for end, size, shape in zip(ends, layout.sizes, layout.shapes, strict=True)
    )
    return _Laid(block, layout, Tape(*fields))


def _new_block(size: int) -> NDArray[np.uint8]:
    """Return memory that begins with a cache line."""
    block = np.empty(size + _ALIGNMENT, np.uint8)
    return block[-block.ctypes.data % _ALIGNMENT :]


@functools.lru_cache(maxsize=256)
def _layout(sizes: Sizes, batch_size: int, dtype: np.dtype[np.floating]) -> _Layout:
    shapes = tape_shapes(sizes, batch_size)
    numbers = (math.prod(shape) * dtype.itemsize for shape in shapes)
    padded = tuple(-(-size // _ALIGNMENT) * _ALIGNMENT for size in numbers)
    return _Layout(shapes, padded, dtype)
