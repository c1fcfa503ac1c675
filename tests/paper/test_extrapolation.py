"""Past the paper: the same weights, other episodes, and memories that grow."""

from __future__ import annotations

import numpy as np
import pytest

from ntm_agents import NTM, NTMConfig
from ntm_agents.network_agent import NetworkAgent
from ntm_baselines import LSTM, LSTMConfig
from ntm_gym.evaluation.agent import SequenceAgent, resize
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.tasks import make_task
from ntm_paper.extrapolation import CHALLENGES, Challenge, extrapolate

COPY = Suite("tiny", 1, (Point("3", "copy", {"min_length": 3, "max_length": 3}),), 20)


@pytest.fixture
def ntm() -> NetworkAgent:
    """Return an untrained agent with eight locations."""
    return NetworkAgent(NTM(NTMConfig(input_size=9, output_size=8, memory_size=8)))


@pytest.mark.parametrize("name", CHALLENGES)
def test_the_oracle_makes_no_mistake_past_the_paper(name: str) -> None:
    suite = CHALLENGES[name].suite
    oracle = REFERENCE_AGENTS["oracle"](make_task(name))
    assert isinstance(oracle, SequenceAgent)

    results = extrapolate(oracle, Challenge(suite), episodes=2)

    assert {result.exact_rate for result in results.values()} == {1.0}


def test_the_measures_are_those_of_the_harness(ntm: NetworkAgent) -> None:
    found = extrapolate(ntm, Challenge(COPY))["3"]

    expected = evaluate(ntm, COPY).points["3"]
    assert expected.bits_per_sequence is not None
    assert found.bits_per_sequence == pytest.approx(expected.bits_per_sequence.mean())
    assert found.exact_rate == expected.exact_rate
    assert sum(found.bit_errors_by_channel) == pytest.approx(
        expected.bit_errors_per_sequence.mean()
    )


def test_the_memory_grows_where_the_challenge_says_so(ntm: NetworkAgent) -> None:
    larger = extrapolate(ntm, Challenge(COPY, {"3": 32}))

    same = extrapolate(resize(ntm, 32), Challenge(COPY))
    assert larger == same
    assert larger != extrapolate(ntm, Challenge(COPY))


def test_the_end_marker_is_the_last_channel_of_repeat_copy() -> None:
    class Silent:
        def predict_sequences(self, inputs: np.ndarray) -> np.ndarray:
            return np.zeros((*inputs.shape[:2], 9))

    [point, *_] = CHALLENGES["repeat_copy"].suite.points
    suite = Suite("one", 1, (point,), 10)

    found = extrapolate(Silent(), Challenge(suite))[point.label]

    assert found.bit_errors_by_channel[-1] == 1
    assert sum(found.bit_errors_by_channel[:-1]) == pytest.approx(10 * 11 * 4, rel=0.2)


def test_a_network_without_a_memory_cannot_grow_one() -> None:
    lstm = NetworkAgent(LSTM(LSTMConfig(9, 8, hidden_size=4, num_layers=1)))
    with pytest.raises(ValueError, match="LSTM has no memory that can grow"):
        resize(lstm, 32)
    with pytest.raises(ValueError, match="object must have a memory that can grow"):
        resize(object(), 32)
