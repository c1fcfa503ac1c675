"""What the page plays is what the agents did."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from ntm_agents import NTM, NetworkAgent, NTMConfig, trace
from ntm_gym.evaluation.reference_agents import OracleAgent, SilentAgent
from ntm_gym.evaluation.suites import SUITES, find_suite
from ntm_gym.leaderboard.page.recordings import (
    MOST_STEPS,
    Episode,
    choose_episodes,
    locations_in_use,
    pack,
    record,
)


def unpack(packed: dict[str, Any]) -> NDArray[np.float64]:
    levels = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8)
    span = packed["high"] - packed["low"]
    values: NDArray[np.float64] = packed["low"] + span * levels / 255
    return values.reshape(packed["shape"])


@pytest.fixture
def episode() -> Episode:
    return choose_episodes(find_suite("copy"))[0]


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_has_an_episode_that_fits_the_page(suite: str) -> None:
    for episode in choose_episodes(find_suite(suite)):
        assert episode.label in [point.label for point in find_suite(suite).points]
        assert 1 <= len(episode.inputs) <= MOST_STEPS
        assert len(episode.inputs) == len(episode.targets) == len(episode.scored)
        assert episode.scored.any()


def test_packing_is_as_exact_as_a_byte() -> None:
    values = np.random.default_rng(0).normal(size=(4, 3))

    error = np.abs(unpack(pack(values)) - values).max()

    assert error <= (values.max() - values.min()) / 255 / 2 + 1e-12


def test_bits_are_packed_exactly() -> None:
    bits = np.array([[0, 1], [1, 1]])

    np.testing.assert_array_equal(unpack(pack(bits)), bits)


def test_the_oracle_is_recorded_with_the_targets(episode: Episode) -> None:
    recording = record(OracleAgent(find_suite("copy").points[0].make_task()), episode)

    actions = unpack(recording["actions"])
    np.testing.assert_array_equal(actions[episode.scored], episode.targets[episode.scored])
    assert recording["memory"] is None


def test_an_agent_that_only_predicts_is_recorded_step_by_step(episode: Episode) -> None:
    recording = record(SilentAgent(find_suite("copy").points[0].make_task()), episode)

    np.testing.assert_array_equal(unpack(recording["actions"]), 0 * episode.targets)


def test_a_memory_is_recorded_where_heads_have_been(episode: Episode) -> None:
    torch.manual_seed(0)
    ntm = NTM(NTMConfig(9, 8, memory_size=6, word_size=4, num_read_heads=2)).eval()

    memory = record(NetworkAgent(ntm), episode)["memory"]

    run = trace(ntm, torch.from_numpy(episode.inputs[None]))
    shown = memory["locations"]
    for name, expected in {
        "words": run.memory[0][:, shown],
        "read": run.read_weightings[0][..., shown],
        "write": run.write_weightings[0][..., shown],
    }.items():
        np.testing.assert_allclose(unpack(memory[name]), expected.numpy(), atol=0.02)
    assert memory["size"] == 6


@pytest.mark.parametrize(
    ("peaks", "used"),
    [
        ([1.0, 0, 0, 0], [0]),
        ([0, 0.9, 0.2, 0], [1, 2]),
        ([0.9, 0, 0, 0.8], [3, 0]),
        ([0.01, 0.02, 0.02, 0.01], [1, 2]),
    ],
)
def test_locations_in_use_are_shown_in_order_on_the_circle(
    peaks: list[float], used: list[int]
) -> None:
    assert locations_in_use(np.array(peaks)).tolist() == used
