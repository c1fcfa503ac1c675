"""Intervals and comparisons, against closed forms and against rliable."""

from __future__ import annotations

import numpy as np
import pytest

from ntm_gym.evaluation.aggregates import (
    bootstrap_mean,
    bootstrap_runs,
    interquartile_mean,
    probability_of_improvement,
)

OURS = np.array(
    [
        [0.13, -0.13, 0.64],
        [0.1, -0.54, 0.36],
        [1.3, 0.95, -0.7],
        [-1.27, -0.62, 0.04],
        [-2.33, -0.22, -1.25],
    ]
)
THEIRS = np.array(
    [[0.13, -0.54, -0.32], [0.41, 1.04, -0.13], [1.37, -0.67, 0.35], [0.9, 0.09, -0.74]]
)


def test_an_interval_over_many_seeds_is_near_the_normal_one() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 1)) + np.zeros((400, 50))

    interval = bootstrap_mean(values)

    standard_error = values[:, 0].std() / np.sqrt(400)
    assert interval.low == pytest.approx(interval.mean - 1.96 * standard_error, abs=0.02)
    assert interval.high == pytest.approx(interval.mean + 1.96 * standard_error, abs=0.02)


def test_an_interval_covers_the_differences_between_seeds_and_is_always_the_same() -> None:
    values = np.repeat([[0.0], [1.0], [5.0]], 30, axis=1)

    interval = bootstrap_mean(values)

    assert interval == bootstrap_mean(values)
    assert (interval.low, interval.high) == (0, 5)


def test_a_single_seed_is_resampled_over_episodes_only() -> None:
    interval = bootstrap_mean(np.array([[0.0] * 50 + [1.0] * 50]))

    assert interval.mean == 0.5
    assert 0.39 < interval.low < 0.42
    assert 0.58 < interval.high < 0.61


def test_means_and_interval_follow_the_matrix_of_seeds_and_episodes() -> None:
    values = np.add.outer(np.arange(5.0), np.zeros(10))

    assert bootstrap_mean(values) == bootstrap_mean(values[:, :1].repeat(10, axis=1))
    assert bootstrap_mean(values).mean == 2


def test_the_interquartile_mean_is_the_one_of_rliable() -> None:
    rliable_1_2_0 = -0.17555555555555552

    assert interquartile_mean(list(OURS.T)) == pytest.approx(rliable_1_2_0)


def test_the_probability_of_improvement_is_the_one_of_rliable() -> None:
    rliable_1_2_0 = 0.4166666666666667

    found = probability_of_improvement(list(OURS.T), list(THEIRS.T))

    assert found == pytest.approx(rliable_1_2_0)


def test_an_agent_improves_on_itself_as_often_as_not() -> None:
    assert probability_of_improvement(list(OURS.T), list(OURS.T)) == 0.5


def test_the_interval_of_a_mean_of_runs_is_near_the_normal_one() -> None:
    runs = np.random.default_rng(0).normal(size=400)

    interval = bootstrap_runs(lambda tasks: float(np.mean(tasks[0])), [runs])

    standard_error = runs.std() / np.sqrt(400)
    assert interval == bootstrap_runs(lambda tasks: float(np.mean(tasks[0])), [runs])
    assert interval.low == pytest.approx(runs.mean() - 1.96 * standard_error, abs=0.01)
    assert interval.high == pytest.approx(runs.mean() + 1.96 * standard_error, abs=0.01)


def test_runs_are_resampled_within_their_task() -> None:
    tasks = [np.zeros(3), np.ones(3)]

    interval = bootstrap_runs(lambda scores: float(np.mean(np.concatenate(scores))), tasks)

    assert (interval.low, interval.high) == (0.5, 0.5)
