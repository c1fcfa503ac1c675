"""One look for all figures: the Okabe-Ito colors, which the color-blind can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

NETWORKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "lstm": ("LSTM", "#0072B2"),
        "ntm-lstm": ("NTM, LSTM controller", "#D55E00"),
        "ntm-ff": ("NTM, feed-forward controller", "#009E73"),
    }
)
"""Name in figures and color, by name of the recipe."""

OPTIMUM = "#555555"

_RC: Any = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "figure.constrained_layout.use": True,
    "savefig.dpi": 110,
}


def styled() -> Any:
    """Return a context in which figures are made, drawn and saved in the common look."""
    return rc_context(_RC)


def panels(
    rows: int, columns: int, width: float, height: float, **layout: Any
) -> tuple[Figure, list[Axes]]:
    """Return a figure and its panels, row by row.

    Args:
        rows: Rows of panels.
        columns: Columns of panels.
        width: Of the figure, in inches.
        height: Of the figure, in inches.
        **layout: Ratios, as `matplotlib.figure.Figure.subplots` takes them.
    """
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(rows, columns, squeeze=False, **layout)
    return figure, list(grid.flat)


def show_image(
    axes: Axes,
    values: NDArray[Any],
    title: str = "",
    label: str = "",
    limits: tuple[float, float] = (0.0, 1.0),
    colors: str = "gray",
) -> None:
    """Show a matrix, time from left to right.

    Args:
        axes: Where.
        values: Shape ``(rows, T)``.
        title: Above it.
        label: Of the rows.
        limits: Values of the darkest and the brightest color.
        colors: Name of matplotlib's color map.
    """
    axes.imshow(
        values,
        aspect="auto",
        cmap=colors,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
    )
    axes.set_title(title)
    axes.set_ylabel(label)
    axes.set_xticks([])
    axes.set_yticks([])
