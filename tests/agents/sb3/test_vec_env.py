from typing import Any

import gymnasium
import numpy as np
import pytest
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from ntm_agents.sb3 import SB3VectorEnv, make_sb3_env
from ntm_gym.registration import ENVIRONMENTS

SHORT_IDS = [env_id for env_id in ENVIRONMENTS if "Small" in env_id]


@pytest.mark.parametrize("env_id", SHORT_IDS)
def test_the_adapter_equals_single_environments_under_the_same_seeds(env_id: str) -> None:
    ours = make_sb3_env(env_id, 3)
    theirs = DummyVecEnv([lambda: gymnasium.make(f"ntm_gym:{env_id}") for _ in range(3)])
    ours.seed(7)
    theirs.seed(7)
    np.testing.assert_array_equal(ours.reset(), theirs.reset())
    rng = np.random.default_rng(0)
    finished = 0
    for _ in range(120):
        actions = rng.integers(0, 2, (3, *ours.action_space.shape))  # type: ignore[misc]
        found, expected = ours.step(actions), theirs.step(actions)
        np.testing.assert_array_equal(found[0], expected[0])
        np.testing.assert_allclose(found[1], expected[1])
        np.testing.assert_array_equal(found[2], expected[2])
        for index in np.flatnonzero(expected[2]):
            finished += 1
            mine, other = found[3][index], expected[3][index]
            assert mine["TimeLimit.truncated"] is False
            assert mine["bit_errors"] == other["bit_errors"]
            np.testing.assert_array_equal(
                mine["terminal_observation"], other["terminal_observation"]
            )
    assert finished >= 5


def test_the_information_holds_return_and_length_of_an_episode() -> None:
    env = VecMonitor(make_sb3_env("NTMCopySmall-v0", 2))
    env.seed(1)
    env.reset()
    episodes: list[tuple[dict[str, Any], dict[str, Any]]] = []
    for _ in range(40):
        _, _, dones, infos = env.step(np.zeros((2, 4), np.int8))
        episodes += [(infos[i]["episode"], infos[i]) for i in np.flatnonzero(dones)]
    assert len(episodes) >= 4
    for episode, info in episodes:
        assert episode["l"] % 2 == 1
        right = info["num_target_bits"] - info["bit_errors"]
        assert episode["r"] == pytest.approx(right / 4, abs=1e-5)


def test_information_dicts_are_separate() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 2)
    env.reset()
    _, _, _, infos = env.step(np.zeros((2, 4), np.int8))
    infos[0]["mark"] = 1
    assert "mark" not in infos[1]


def test_another_autoreset_mode_is_refused() -> None:
    vector = gymnasium.make_vec(
        "ntm_gym:NTMCopySmall-v0", 2, vectorization_mode="vector_entry_point"
    )
    with pytest.raises(ValueError, match="autoreset mode must be SAME_STEP, not"):
        SB3VectorEnv(vector)


def test_single_environments_pass_the_checker_of_stable_baselines() -> None:
    check_env(gymnasium.make("ntm_gym:NTMCopySmall-v0").unwrapped)
