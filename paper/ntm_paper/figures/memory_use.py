"""What the heads do: adds and write weightings, reads and read weightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ntm_gym.tasks import Episodes
from ntm_paper.figures.style import show_image

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
        trace: Fields of `ntm_agents.ntm.tracing.Trace`.
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
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))


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
