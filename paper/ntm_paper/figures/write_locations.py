"""Priority sort: does the priority decide where a vector is written (figure 17)?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

NEAR = 2
"""Locations by which a vector may miss the line and still lie near it."""


class LinearFit(NamedTuple):
    """Where vectors are written, as a linear function of their priority.

    Attributes:
        observed: Where the head mostly is at each step, unwrapped around the circle, ``(n,)``.
        fitted: The same by the linear function.
        near: Vectors within `NEAR` locations of it.
    """

    observed: NDArray[np.float64]
    fitted: NDArray[np.float64]
    near: int


def fit_write_locations(
    weighting: NDArray[np.floating], priorities: NDArray[np.floating]
) -> LinearFit:
    """Fit the locations that a head is at by the priorities, whatever a few vectors do.

    A vector that will not be asked for may be written anywhere, so the line is Theil and
    Sen's: its slope is the median slope of all pairs.

    Args:
        weighting: Of the head, while the vectors are shown, shape ``(n, N)``.
        priorities: Shape ``(n,)``.
    """
    size = weighting.shape[1]
    locations = weighting.argmax(1)
    center = np.angle(np.exp(2j * np.pi * locations / size).sum()) * size / (2 * np.pi)
    observed = center + (locations - center + size / 2) % size - size / 2
    first, second = np.triu_indices(len(priorities), k=1)
    run = priorities[second] - priorities[first]
    apart = run != 0
    slope = np.median((observed[second] - observed[first])[apart] / run[apart])
    fitted = slope * priorities + np.median(observed - slope * priorities)
    return LinearFit(observed, fitted, int((np.abs(observed - fitted) <= NEAR).sum()))


def gain_of_a_line(weighting: NDArray[np.floating], priorities: NDArray[np.floating]) -> int:
    """Return for how many more vectors a head is near a line than near one location.

    A head that hardly moves is near any flat line, and follows no priority.

    Args:
        weighting: Of the head, while the vectors are shown, shape ``(n, N)``.
        priorities: Shape ``(n,)``.
    """
    fit = fit_write_locations(weighting, priorities)
    stays = np.abs(fit.observed - np.median(fit.observed)) <= NEAR
    return fit.near - int(stays.sum())


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
    axes.set_ylabel("location of the write head")
    axes.legend()
