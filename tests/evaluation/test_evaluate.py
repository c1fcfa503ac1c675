"""The harness gives known agents their known scores, whichever way they are played."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ntm_agents import NTM, NetworkAgent, NTMConfig
from ntm_baselines.reference_agents import CoinAgent, OracleAgent, SilentAgent
from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.intervals import bootstrap_mean
from ntm_gym.evaluation.metrics import LEAST_PROBABILITY, cost_in_bits, wrong_bits
from ntm_gym.evaluation.suites import Point, Suite, find_suite
from ntm_gym.tasks import Copy

SMALL = Suite(
    "small",
    1,
    (
        Point("1-4", "copy", {"num_bits": 3, "max_length": 4}),
        Point("7", "copy", {"num_bits": 3, "min_length": 7, "max_length": 7}),
    ),
    num_episodes=20,
)
TASK = Copy(num_bits=3, max_length=4)


@pytest.mark.parametrize("step_by_step", [False, True])
def test_the_oracle_makes_no_error_and_pays_nothing(step_by_step: bool) -> None:
    results = evaluate(OracleAgent(TASK), SMALL, step_by_step=step_by_step)

    for point in results.points.values():
        assert point.bits_per_sequence is not None
        assert point.bit_errors_per_sequence.sum() == 0
        assert point.bits_per_sequence.sum() == 0
        assert point.exact_rate == 1


@pytest.mark.parametrize("step_by_step", [False, True])
def test_the_coin_costs_exactly_num_bits_bits_a_scored_step(step_by_step: bool) -> None:
    point = evaluate(CoinAgent(TASK), SMALL, step_by_step=step_by_step).points["7"]

    np.testing.assert_array_equal(point.bits_per_sequence, np.full(20, 7 * 3))


def test_the_silent_agent_is_wrong_where_a_one_is_asked_and_has_no_cost_in_bits() -> None:
    point = evaluate(SilentAgent(TASK), SMALL).points["7"]

    seven = SMALL.points[1]
    targets = seven.make_task().sample(SMALL.keys(seven)).targets
    assert point.bits_per_sequence is None
    np.testing.assert_array_equal(point.bit_errors_per_sequence, targets.sum((1, 2)))


def small_ntm_agent() -> Agent:
    torch.manual_seed(0)
    return NetworkAgent(NTM(NTMConfig(4, 3, memory_size=6, word_size=4)))


@pytest.mark.parametrize("num_envs", [1, 7, 20])
@pytest.mark.parametrize("step_by_step", [False, True])
def test_results_depend_neither_on_num_envs_nor_on_the_way_of_playing(
    num_envs: int, step_by_step: bool
) -> None:
    expected = evaluate(small_ntm_agent(), SMALL)

    results = evaluate(small_ntm_agent(), SMALL, None, num_envs, step_by_step)

    for label, point in results.points.items():
        other = expected.points[label]
        assert point.bits_per_sequence is not None
        assert other.bits_per_sequence is not None
        np.testing.assert_allclose(point.bits_per_sequence, other.bits_per_sequence, rtol=1e-5)
        np.testing.assert_array_equal(
            point.bit_errors_per_sequence, other.bit_errors_per_sequence
        )
        np.testing.assert_array_equal(
            point.target_bits_per_sequence, other.target_bits_per_sequence
        )


def test_fewer_episodes_are_the_first_ones() -> None:
    all_of_them = evaluate(small_ntm_agent(), SMALL).points["1-4"]

    some = evaluate(small_ntm_agent(), SMALL, episodes=5).points["1-4"]

    first = all_of_them.first(5)
    assert some.bits_per_sequence is not None
    assert first.bits_per_sequence is not None
    np.testing.assert_allclose(some.bits_per_sequence, first.bits_per_sequence, rtol=1e-6)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="has 1 to 20 episodes a point, not 21"):
        evaluate(CoinAgent(TASK), SMALL, episodes=21)
    with pytest.raises(ValueError, match="num_envs must be at least 1, not 0"):
        evaluate(CoinAgent(TASK), SMALL, num_envs=0)
    with pytest.raises(ValueError, match="the suite must be one of copy"):
        find_suite("paste")


def test_cost_is_the_negative_log2_probability_of_the_target_and_never_infinite() -> None:
    targets = np.array([1, 0, 1], np.int8)

    assert cost_in_bits(np.array([0.25, 0.5, 1.0]), targets) == 3
    assert cost_in_bits(np.array([0.0, 0.0, 1.0]), targets) == -np.log2(LEAST_PROBABILITY)


def test_wrong_bits_are_the_hamming_distance() -> None:
    targets = np.array([[1, 0, 1], [0, 0, 0]], np.int8)

    np.testing.assert_array_equal(wrong_bits(np.array([[0, 0, 0], [1, 1, 0]]), targets), [2, 2])


def test_points_have_keys_of_their_own() -> None:
    keys = np.concatenate([SMALL.keys(point) for point in SMALL.points])

    assert len(np.unique(keys)) == 2 * 20


def test_a_suite_fingerprint_changes_with_anything_that_changes_its_episodes() -> None:
    suites = [
        SMALL,
        Suite(SMALL.name, 2, SMALL.points, 20),
        Suite(SMALL.name, 1, SMALL.points[:1], 20),
        Suite(SMALL.name, 1, SMALL.points, 20, seed=1),
    ]

    assert len({suite.hash() for suite in suites}) == len(suites)


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
