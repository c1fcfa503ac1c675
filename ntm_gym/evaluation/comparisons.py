"""Agents compared over tasks, by the scores of their runs (Agarwal et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def interquartile_mean(scores: Sequence[NDArray[np.float64]]) -> float:
    """Return the mean of the middle half of all runs on all tasks.

    Of all scores, the quarter at either end is left out (rounded down), as Agarwal et al.
    (2021) recommend: neither one lucky run nor one hopeless task decides.

    Args:
        scores: For each task, the scores of its runs.

    Example:
        >>> interquartile_mean([np.array([0.0, 1.0]), np.array([3.0, 100.0])])
        2.0
    """
    pooled = np.sort(np.concatenate(scores))
    cut = len(pooled) // 4
    return float(pooled[cut : len(pooled) - cut].mean())


def probability_of_improvement(
    scores: Sequence[NDArray[np.float64]], baseline: Sequence[NDArray[np.float64]]
) -> float:
    """Return how likely a run beats a run of the baseline on the same task.

    Ties count one half; the mean over tasks.

    Args:
        scores: For each task, the scores of its runs; higher is better.
        baseline: The same for the baseline.

    Example:
        >>> probability_of_improvement([np.array([1.0, 3.0])], [np.array([1.0, 2.0])])
        0.625
    """
    return float(
        np.mean(
            [
                ((ours[:, None] > theirs) + 0.5 * (ours[:, None] == theirs)).mean()
                for ours, theirs in zip(scores, baseline, strict=True)
            ]
        )
    )
