"""Priority sort: does the priority decide where a vector is written (figure 17)?"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

NEAR = 2
"""Locations by which a vector may miss the line and still lie near it."""


class LinearFit(NamedTuple):
    """Where vectors are written, as a linear function of their priority.

    Attributes:
        observed: Where most is written at each step, unwrapped around the circle, ``(n,)``.
        fitted: The same by the linear function.
        near: Vectors within `NEAR` locations of it.
    """

    observed: NDArray[np.float64]
    fitted: NDArray[np.float64]
    near: int


def amount_written(
    weightings: NDArray[np.floating], add_vectors: NDArray[np.floating]
) -> NDArray[np.floating[Any]]:
    """Return the length of what all heads together add at each location.

    Args:
        weightings: Shape ``(T, W, N)``.
        add_vectors: Shape ``(T, W, M)``.

    Returns:
        Shape ``(T, N)``.
    """
    added = weightings.transpose(0, 2, 1) @ add_vectors
    return np.asarray(np.linalg.norm(added, axis=-1))


def fit_write_locations(
    written: NDArray[np.floating], priorities: NDArray[np.floating]
) -> LinearFit:
    """Fit the locations written most by the priorities, whatever a few vectors do.

    A vector that will not be asked for may be written anywhere, so the line is Theil and
    Sen's: its slope is the median slope of all pairs.

    Args:
        written: Amount written while the vectors are shown, shape ``(n, N)``.
        priorities: Shape ``(n,)``.
    """
    size = written.shape[1]
    locations = written.argmax(1)
    center = np.angle(np.exp(2j * np.pi * locations / size).sum()) * size / (2 * np.pi)
    observed = center + (locations - center + size / 2) % size - size / 2
    first, second = np.triu_indices(len(priorities), k=1)
    run = priorities[second] - priorities[first]
    apart = run != 0
    slope = np.median((observed[second] - observed[first])[apart] / run[apart])
    fitted = slope * priorities + np.median(observed - slope * priorities)
    return LinearFit(observed, fitted, int((np.abs(observed - fitted) <= NEAR).sum()))


def around(fit: LinearFit, size: int) -> NDArray[np.int64]:
    """Return all locations in the order in which the fitted line lies in their middle.

    Args:
        fit: The line.
        size: How many locations there are.
    """
    first = round(float(np.median(fit.fitted))) - size // 2
    return np.asarray((first + np.arange(size)) % size)


def draw_linear_fit(axes: Axes, fit: LinearFit, priorities: NDArray[np.floating]) -> None:
    """Draw where vectors were written against their priority, and the linear fit."""
    axes.plot(priorities, fit.observed, "o", color="#D55E00", label="observed")
    order = np.argsort(priorities)
    axes.plot(priorities[order], fit.fitted[order], color="#0072B2", label="linear fit")
    axes.set_title(f"{fit.near} of {len(priorities)} within {NEAR} locations of the line")
    axes.set_xlabel("priority")
    axes.set_ylabel("location written most")
    axes.legend()
