"""The board's aggregates are rliable's: its formulas, written with SciPy as there.

``rliable.metrics.aggregate_iqm`` is ``scipy.stats.trim_mean(scores, 0.25, axis=None)``, and
``rliable.metrics.probability_of_improvement`` the mean over tasks of the Mann-Whitney U
statistic divided by the number of pairs (rliable 1.2.0, ``metrics.py``).
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ntm_gym.evaluation.aggregates import (
    bootstrap_runs,
    interquartile_mean,
    probability_of_improvement,
)

Scores = list[NDArray[np.float64]]


def draw_scores(seed: int, runs: int, tasks: int) -> Scores:
    """Return coarse scores, so that there are ties."""
    rng = np.random.default_rng(seed)
    return [rng.normal(task, 1, runs).round(1) for task in range(tasks)]


SHAPES = [(1, 1), (3, 1), (3, 5), (5, 5), (4, 3)]


@pytest.mark.parametrize("runs", range(1, 60))
def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end(runs: int) -> None:
    scores = draw_scores(1, runs, 1)
    middle = sorted(scores[0])[runs // 4 : runs - runs // 4]

    assert interquartile_mean(scores) == pytest.approx(sum(middle) / len(middle))


@pytest.mark.parametrize(("runs", "tasks"), SHAPES)
def test_the_probability_of_improvement_is_rliables(runs: int, tasks: int) -> None:
    ours, theirs = draw_scores(1, runs, tasks), draw_scores(2, runs, tasks)

    expected = np.mean(
        [
            stats.mannwhitneyu(a, b, alternative="greater").statistic / runs**2
            for a, b in zip(ours, theirs, strict=True)
        ]
    )

    assert probability_of_improvement(ours, theirs) == pytest.approx(expected)


def test_runs_are_resampled_within_their_task() -> None:
    """Resampling over tasks as well would mix the two levels and widen the interval."""
    scores = [np.full(5, 0.0), np.full(5, 1.0)]

    assert bootstrap_runs(interquartile_mean, scores) == (0.5, 0.5, 0.5)
