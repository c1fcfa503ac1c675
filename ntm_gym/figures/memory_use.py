"""What the heads do: adds and write weightings, reads and read weightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ntm_gym.figures.style import show_image
from ntm_gym.tasks import Episodes

_VISITED = 0.1
_BLUE_TO_RED = "RdBu_r"


def draw_memory_use(
    axes: Sequence[Axes], episodes: Episodes, trace: Mapping[str, NDArray[Any]]
) -> None:
    """Draw one episode: inputs, adds, writing on the left; outputs, reads, reading right.

    Several heads are drawn on top of each other: of weightings the greatest at each location,
    of vectors the sum.

    Args:
        axes: Six, row by row.
        episodes: A single one.
        trace: Fields of `ntm_agents.tracing.Trace`.
    """
    outputs = 1 / (1 + np.exp(-trace["logits"][0])) * episodes.target_mask[0][:, None]
    adds = (trace["write_weightings"].max(-1)[..., None] * trace["add_vectors"])[0].sum(1)
    reads = trace["read_vectors"][0].sum(1)
    writing = trace["write_weightings"][0].max(1)
    reading = trace["read_weightings"][0].max(1)
    shown = visited(np.maximum(writing, reading))
    inputs = episodes.inputs[0]
    low = min(0.0, float(inputs.min()))
    show_image(axes[0], inputs.T, "inputs", "channel", (low, float(inputs.max())))
    show_image(axes[1], outputs.T, "outputs", "bit")
    for panel, vectors, title in ((axes[2], adds, "adds"), (axes[3], reads, "reads")):
        most = float(np.abs(vectors).max()) or 1.0
        show_image(panel, vectors.T, title, "component", (-most, most), _BLUE_TO_RED)
    show_image(axes[4], writing.T[shown], "write weightings", "location")
    show_image(axes[5], reading.T[shown], "read weightings", "location")
    for panel in axes[4:]:
        panel.set_xlabel("step")


def visited(weightings: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return the shortest stretch of the circle of locations that holds all visited ones.

    Args:
        weightings: Shape ``(T, N)``.

    Returns:
        Locations in order, with one more at each end; all if hardly any is left out.
    """
    size = weightings.shape[1]
    used = np.flatnonzero(weightings.max(0) > _VISITED)
    if len(used) == 0:
        return np.arange(size)
    gaps = np.diff(np.append(used, used[0] + size))
    length = min(size, size - int(gaps.max()) + 3)
    first = int(used[(int(gaps.argmax()) + 1) % len(used)]) - 1
    return np.asarray((first + np.arange(length)) % size)


class LinearFit(NamedTuple):
    """Where a head writes, as a linear function of the priority.

    Attributes:
        head: The write head that fits best.
        observed: Where it writes most at each step, unwrapped around the circle, ``(n,)``.
        fitted: The same by the linear function.
        explained: Part of the variance explained (R squared).
    """

    head: int
    observed: NDArray[np.float64]
    fitted: NDArray[np.float64]
    explained: float


def fit_write_locations(
    weightings: NDArray[np.floating], priorities: NDArray[np.floating]
) -> LinearFit:
    """Fit the write locations of each head by the priority, and keep the head that fits best.

    Args:
        weightings: While the vectors are shown, shape ``(n, W, N)``.
        priorities: Shape ``(n,)``.
    """
    fits = [
        _fit(head, weightings[:, head], priorities.astype(np.float64))
        for head in range(weightings.shape[1])
    ]
    return max(fits, key=lambda fit: fit.explained)


def _fit(
    head: int, weighting: NDArray[np.floating], priorities: NDArray[np.float64]
) -> LinearFit:
    size = weighting.shape[1]
    locations = weighting.argmax(1)
    angles = np.exp(2j * np.pi * locations / size)
    center = np.angle(angles.sum()) * size / (2 * np.pi)
    observed = center + (locations - center + size / 2) % size - size / 2
    design = np.stack([priorities, np.ones_like(priorities)], axis=1)
    fitted = design @ np.linalg.lstsq(design, observed, rcond=None)[0]
    variance = float(((observed - observed.mean()) ** 2).sum())
    unexplained = float(((observed - fitted) ** 2).sum())
    return LinearFit(head, observed, fitted, 1 - unexplained / variance if variance else 0.0)


def draw_linear_fit(axes: Axes, fit: LinearFit, priorities: NDArray[np.floating]) -> None:
    """Draw where vectors were written against their priority, and the linear fit."""
    axes.plot(priorities, fit.observed, "o", color="#D55E00", label="observed")
    order = np.argsort(priorities)
    axes.plot(priorities[order], fit.fitted[order], color="#0072B2", label="linear fit")
    axes.set_title(f"write head {fit.head + 1}, R² = {fit.explained:.2f}")
    axes.set_xlabel("priority")
    axes.set_ylabel("location written most")
    axes.legend()
