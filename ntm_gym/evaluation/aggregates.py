"""Means with bootstrap intervals, and agents compared over tasks (Agarwal et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 2_000
BOOTSTRAP_SEED = 1410


class Interval(NamedTuple):
    """A mean with its interval.

    Attributes:
        mean: Over all seeds and episodes.
        low: Lower end.
        high: Upper end.
    """

    mean: float
    low: float
    high: float


def bootstrap_mean(values: NDArray[np.float64]) -> Interval:
    """Return the mean with a 95 % percentile bootstrap interval.

    Training seeds and episodes are resampled independently of each other, as every seed's
    network plays the same episodes (the two-way bootstrap).

    Args:
        values: Shape ``(seeds, episodes)``; with a single seed, or a single episode, the
            interval says nothing of how others would differ.

    Returns:
        The interval; always the same for the same values.

    Raises:
        ModuleNotFoundError: If SciPy is absent; it comes with the extra ``leaderboard``.
    """
    from scipy.stats import bootstrap

    mean = float(values.mean())
    if values.size == 1 or (values == values.flat[0]).all():
        return Interval(mean, mean, mean)
    axes = [np.arange(size) for size in values.shape]
    several = [axis for axis in axes if len(axis) > 1]
    narrow = values if len(several) == 2 else values.reshape(-1)

    def mean_of(*resampled: NDArray[np.int64], axis: int = -1) -> NDArray[Any]:
        if len(resampled) == 1:
            return np.asarray(narrow[resampled[0]].mean(axis))
        seeds, episodes = resampled
        return np.asarray(narrow[seeds[..., :, None], episodes[..., None, :]].mean((-2, -1)))

    found = bootstrap(
        several,
        mean_of,
        n_resamples=RESAMPLES,
        batch=200,
        vectorized=True,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(BOOTSTRAP_SEED),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))


def bootstrap_runs(
    statistic: Callable[..., float], *agents: Sequence[NDArray[np.float64]]
) -> Interval:
    """Return a statistic of runs with a 95 % percentile bootstrap interval.

    Runs are resampled within each task and agent (the stratified bootstrap).

    Args:
        statistic: Takes as many agents' scores as are given.
        *agents: For each agent, for each task, the scores of its runs.

    Returns:
        The interval; always the same for the same scores.
    """
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    resampled = [
        statistic(*([rng.choice(task, len(task)) for task in agent] for agent in agents))
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(statistic(*agents), float(low), float(high))


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
    from scipy.stats import trim_mean

    return float(trim_mean(np.concatenate(scores), 0.25))


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
