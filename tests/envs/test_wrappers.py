"""Gymnasium's own wrappers work, so that there need be none of ours."""

from __future__ import annotations

import gymnasium
import numpy as np
from gymnasium import wrappers
from gymnasium.vector import AutoresetMode


def test_single_environments_can_be_wrapped() -> None:
    env = wrappers.RecordEpisodeStatistics(
        wrappers.FrameStackObservation(gymnasium.make("NTMCopySmall-v0", min_length=5), 3)
    )
    observation, _ = env.reset(seed=0)
    assert observation.shape == (3, 5)

    for _ in range(11):
        _, _, terminated, _, info = env.step(np.zeros(4, np.int8))

    assert terminated
    assert info["episode"]["l"] == 11


def test_vector_environments_can_be_wrapped() -> None:
    vector = gymnasium.make_vec(
        "NTMCopySmall-v0",
        3,
        "vector_entry_point",
        min_length=5,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    env = wrappers.vector.RecordEpisodeStatistics(vector)
    env.reset(seed=0)

    for _ in range(11):
        *_, info = env.step(np.zeros((3, 4), np.int8))

    assert info["episode"]["l"].tolist() == [11, 11, 11]
