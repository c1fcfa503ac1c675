"""The harness gives known agents their known scores, whichever way they are played."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import gymnasium
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ntm_agents import NTM, NetworkAgent, NTMConfig
from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate, evaluate_point
from ntm_gym.evaluation.metrics import LEAST_PROBABILITY, cost_in_bits, wrong_bits
from ntm_gym.evaluation.reference_agents import CoinAgent, OracleAgent, SilentAgent
from ntm_gym.evaluation.results import PointResult
from ntm_gym.evaluation.suites import SUITES, Point, Suite, find_suite
from ntm_gym.tasks import TASKS, Copy
from ntm_gym.tasks.keyed_random import derive_keys

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


def assert_same(result: PointResult, expected: PointResult) -> None:
    assert result.bits_per_sequence is not None
    assert expected.bits_per_sequence is not None
    np.testing.assert_allclose(result.bits_per_sequence, expected.bits_per_sequence, rtol=1e-5)
    np.testing.assert_array_equal(
        result.bit_errors_per_sequence, expected.bit_errors_per_sequence
    )
    np.testing.assert_array_equal(
        result.target_bits_per_sequence, expected.target_bits_per_sequence
    )


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
        assert_same(point, expected.points[label])


@pytest.mark.parametrize("step_by_step", [False, True])
def test_a_thousand_environments_give_what_sixty_four_and_one_give(step_by_step: bool) -> None:
    point, keys = SMALL.points[0], derive_keys(5, 1, 0, 1_000)
    agent = small_ntm_agent()

    expected = evaluate_point(agent, point, keys, 1_000, step_by_step)

    assert_same(evaluate_point(agent, point, keys, 64, step_by_step), expected)
    assert_same(evaluate_point(agent, point, keys[:50], 1, step_by_step), expected.first(50))


def test_keys_may_be_shared_out_between_processes() -> None:
    point, keys = SMALL.points[0], derive_keys(5, 1, 0, 60)
    agent = small_ntm_agent()
    expected = evaluate_point(agent, point, keys)

    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        first, last = pool.map(evaluate_point, [agent] * 2, [point] * 2, [keys[:25], keys[25:]])

    assert_same(first, expected.first(25))
    assert last.bits_per_sequence is not None
    assert expected.bits_per_sequence is not None
    np.testing.assert_allclose(
        last.bits_per_sequence, expected.bits_per_sequence[25:], rtol=1e-5
    )


def test_returns_are_those_of_the_environment() -> None:
    suite = find_suite("associative_recall")
    point = suite.points[0]
    env = gymnasium.make_vec("NTMAssociativeRecall-v0", num_envs=8)
    env.reset(options={"key": suite.keys(point, 8)})
    returns, playing = np.zeros(8), np.ones(8, np.bool_)
    for _ in range(point.make_task().max_steps):
        _, rewards, terminations, _, _ = env.step(env.action_space.sample() * 0)
        returns += rewards * playing
        playing &= ~terminations

    task = point.make_task()
    result = evaluate(SilentAgent(task), suite, 8).points[point.label]

    assert not playing.any()
    assert result.mean_return(task.output_size) == pytest.approx(returns.mean())


def test_the_oracle_of_ngrams_has_no_excess_bits_and_the_coin_has_what_is_known() -> None:
    suite = find_suite("ngram")
    task = suite.points[0].make_task()
    oracle = evaluate(OracleAgent(task), suite).points["200"]
    coin = evaluate(CoinAgent(task), suite).points["200"]

    assert oracle.excess_bits(oracle) == 0
    cost = oracle.bits_per_sequence
    assert cost is not None
    within = 5 * cost.std() / np.sqrt(len(cost))
    assert coin.excess_bits(oracle) == pytest.approx(200 - 133.2, abs=within)


class Liar(CoinAgent):
    """Gives probabilities that are none."""

    def __init__(self, probability: float) -> None:
        super().__init__(TASK)
        self._probability = probability

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        return np.full((*inputs.shape[:2], 3), self._probability)


@pytest.mark.parametrize("probability", [np.nan, -0.1, 1.1])
def test_probabilities_that_are_none_are_refused(probability: float) -> None:
    with pytest.raises(ValueError, match="must return probabilities from 0 to 1"):
        evaluate(Liar(probability), SMALL)


def test_answers_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must return shape \(20, 9, 3\), not \(20, 9, 8\)"):
        evaluate(CoinAgent(Copy()), SMALL)


def test_a_changed_default_of_a_task_changes_the_fingerprint() -> None:
    explicit = Point("1-4", "copy", {"num_bits": 3, "min_length": 1, "max_length": 4})

    assert Suite("small", 1, (explicit,)).hash() == Suite("small", 1, SMALL.points[:1]).hash()


def test_every_suite_begins_with_what_its_agents_are_trained_on() -> None:
    for suite in SUITES.values():
        first = suite.points[0]
        assert first.make_task() == TASKS[first.task]()
        assert suite.num_episodes == 1_000


def test_no_two_points_share_an_episode() -> None:
    for suite in SUITES.values():
        keys = np.concatenate([suite.keys(point) for point in suite.points])
        assert len(np.unique(keys)) == len(keys)


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
