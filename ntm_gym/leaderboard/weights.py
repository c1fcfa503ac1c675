"""Telling weights apart by their numbers, however a file writes them."""

from __future__ import annotations

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tensor_files import FLOATS, TensorFile, float_chunks

ALIKE = 0.01
"""Relative distance up to which a tensor is the same; half precision moves it by 0.0005."""
MOST_ALIKE = 0.5
"""Two networks are the same if tensors with more than this part of their numbers are."""

_BUCKETS = 64
_PERIOD = 2**16


class Weights(NamedTuple):
    """A network's weights, for comparison.

    Attributes:
        size: Number of numbers.
        shapes: Of the tensors, in the order of their names.
        sketches: Of the tensors of floating-point numbers, one row for each, shape
            ``(tensors, 64)``. The distance of two rows is about that of the tensors.
    """

    size: int
    shapes: tuple[tuple[int, ...], ...]
    sketches: NDArray[np.float64]


def weigh(file: TensorFile) -> Weights:
    """Return what tells a file's weights from others.

    A sketch sums a tensor's numbers with fixed random signs into 64 buckets (Charikar, Chen
    and Farach-Colton 2002), so distances are kept while thousands of files fit in memory.

    Args:
        file: The file; its weights are finite.
    """
    names = [name for name, info in file.tensors.items() if info.dtype in FLOATS]
    sketches = [_sketch(file, name) for name in names]
    return Weights(
        file.size,
        tuple(file.tensors[name].shape for name in names),
        np.reshape(sketches, (len(names), _BUCKETS)),
    )


def are_same(weights: Weights, others: Weights) -> bool:
    """Return whether two networks are one: rewritten, halved or slightly changed.

    Args:
        weights: Of the one.
        others: Of the other.
    """
    return weights.shapes == others.shapes and part_alike(weights, others) > MOST_ALIKE


def part_alike(weights: Weights, others: Weights) -> float:
    """Return which part of the numbers lies in tensors that are the same.

    Tensors that are zero in both, such as unused starts, tell nothing and do not count.

    Args:
        weights: Of the one.
        others: Of the other, of the same shapes.
    """
    sizes = np.array([np.prod(shape) for shape in weights.shapes], np.float64)
    largest = np.maximum(_lengths(weights.sketches), _lengths(others.sketches))
    alike = _lengths(weights.sketches - others.sketches) <= ALIKE * largest
    telling = sizes * (largest > 0)
    return float((telling * alike).sum() / telling.sum()) if telling.any() else 1.0


def _lengths(sketches: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(np.square(sketches).sum(-1)))


def _sketch(file: TensorFile, name: str) -> NDArray[np.float64]:
    sums = np.zeros(_PERIOD)
    for part in float_chunks(file, name):
        whole = len(part) // _PERIOD * _PERIOD
        sums += part[:whole].reshape(-1, _PERIOD).sum(0, dtype=np.float64)
        sums[: len(part) - whole] += part[whole:]
    buckets: NDArray[np.float64] = (sums * _signs()).reshape(-1, _BUCKETS).sum(0)
    return buckets


@functools.cache
def _signs() -> NDArray[np.float64]:
    return np.random.default_rng(1410).choice([-1.0, 1.0], _PERIOD)
