"""Learning curves, and the cost beyond the trained range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from ntm_paper.figures.style import NETWORKS, OPTIMUM


def draw_learning(
    axes: Axes,
    curves: Mapping[str, Sequence[NDArray[np.float64]]],
    paper: Mapping[str, float],
) -> None:
    """Draw all seeds as thin lines, their median as a thick one, the paper's end dashed.

    Args:
        axes: Where.
        curves: For each network, for each seed, sequences and bits, shape ``(reports, 2)``.
        paper: Bits per sequence at the end of the paper's curve, by network.
    """
    for network, seeds in curves.items():
        name, color = NETWORKS[network]
        for curve in seeds:
            axes.plot(curve[:, 0] / 1e3, curve[:, 1], color=color, linewidth=0.5, alpha=0.5)
        median = median_curve(seeds)
        label = f"{name} ({len(seeds)} {'seed' if len(seeds) == 1 else 'seeds'})"
        axes.plot(median[:, 0] / 1e3, median[:, 1], color=color, linewidth=1.8, label=label)
        dashes = (5 * list(curves).index(network), (5, 10))
        axes.axhline(paper[network], color=color, linewidth=1.2, linestyle=dashes)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("sequences (thousands)")
    axes.set_ylabel("bits per sequence")
    _add_legend(axes, "dashed: where the paper's curves end")


def median_curve(seeds: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the median over seeds wherever all of them have reported.

    Args:
        seeds: For each seed, sequences and bits, shape ``(reports, 2)``.

    Returns:
        Shape ``(reports, 2)``.
    """
    common = sorted(set.intersection(*(set(curve[:, 0].tolist()) for curve in seeds)))
    at = [dict(curve.tolist()) for curve in seeds]
    return np.array([(x, np.median([curve[x] for curve in at])) for x in common])


def draw_optimum(axes: Axes) -> None:
    """Draw the cost that no network can beat on average as zero, and look closely at it."""
    axes.axhline(0, color=OPTIMUM, linewidth=1.2, linestyle=":", label="optimal estimator")
    axes.set_ylim(-1, 25)
    axes.set_ylabel("bits per sequence above the optimum")
    _add_legend(axes, "dashed: where the paper's curves end")


def draw_generalization(
    axes: Axes,
    difficulties: Sequence[int],
    costs: Mapping[str, NDArray[np.float64]],
    paper: Mapping[str, Sequence[float]],
) -> None:
    """Draw the cost against the difficulty: seeds, median, and the paper's values dashed.

    Args:
        axes: Where.
        difficulties: From easy to hard.
        costs: Mean bits per sequence by network, shape ``(seeds, difficulties)``.
        paper: The paper's bits per sequence by network.
    """
    for network, seeds in costs.items():
        name, color = NETWORKS[network]
        axes.plot(difficulties, seeds.T, color=color, linewidth=0.5, alpha=0.5)
        axes.plot(difficulties, np.median(seeds, 0), "o-", color=color, label=name)
        axes.plot(difficulties, paper[network], "--", color=color, linewidth=0.9)
    axes.set_ylabel("bits per sequence")
    _add_legend(axes, "dashed: the paper")


def _add_legend(axes: Axes, title: str) -> None:
    """Put a legend above the axes, where it hides no curve."""
    axes.legend(
        title=title,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        alignment="left",
        ncols=2,
        columnspacing=1.2,
        handlelength=1.4,
    )
