"""``max_episode_steps``: what `TimeLimit` does to single environments, and what specs say."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv
from ntm_gym.registration import ENVIRONMENTS


def assert_equal_rollouts(
    vector: Any, singles: Any, mode: AutoresetMode, steps: int
) -> tuple[int, int]:
    """Compare everything returned; return how many episodes terminated and were truncated."""
    singles.action_space.seed(0)
    assert data_equivalence(vector.reset(seed=7), singles.reset(seed=7), exact=True)
    terminated = truncated = 0
    for _ in range(steps):
        actions = singles.action_space.sample()
        step, expected = vector.step(actions), singles.step(actions)
        assert data_equivalence(step, expected, exact=True)
        terminated, truncated = terminated + step[2].sum(), truncated + step[3].sum()
        ended = step[2] | step[3]
        if mode is AutoresetMode.DISABLED and ended.any():
            again = vector.reset(options={"reset_mask": ended})
            expected_again = singles.reset(options={"reset_mask": ended})
            assert data_equivalence(again, expected_again, exact=True)
    return terminated, truncated


@pytest.mark.parametrize("limit", [1, 5, 11, 12])
@pytest.mark.parametrize("reward", ["bits", "episode"])
@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_limited_vector_equals_limited_single_environments(
    mode: AutoresetMode, reward: str, limit: int
) -> None:
    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.make("NTMCopySmall-v0", reward=reward, max_episode_steps=limit)

    vector = gymnasium.make_vec(
        "NTMCopySmall-v0", 4, reward=reward, max_episode_steps=limit, autoreset_mode=mode
    )
    singles = SyncVectorEnv([make] * 4, autoreset_mode=mode, copy=True)

    terminated, truncated = assert_equal_rollouts(vector, singles, mode, steps=120)

    assert (terminated > 0) == (limit > 1)
    assert (truncated > 0) == (limit <= 11)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("task", ["repeat_copy", "priority_sort", "ngram"])
def test_limits_fit_every_kind_of_episode(task: str, mode: AutoresetMode) -> None:
    singles = SyncVectorEnv(
        [lambda: gymnasium.wrappers.TimeLimit(SequenceEnv(task), 9)] * 3,
        autoreset_mode=mode,
        copy=True,
    )
    vector = SequenceVectorEnv(3, task, autoreset_mode=mode, max_episode_steps=9)

    assert_equal_rollouts(vector, singles, mode, steps=60)


def test_a_longer_episode_by_an_option_is_limited_too() -> None:
    vector = SequenceVectorEnv(2, "copy", max_length=3, max_episode_steps=10)
    vector.reset(seed=0, options={"length": [30, 2]})

    ends = [tuple(vector.step(np.zeros((2, 8), np.int8))[3].tolist()) for _ in range(10)]

    assert ends == [(False, False)] * 9 + [(True, False)]


@pytest.mark.parametrize("limit", [None, -1, 2**63])
def test_without_a_limit_nothing_is_truncated(limit: int | None) -> None:
    vector = gymnasium.make_vec("NTMCopySmall-v0", 2, max_episode_steps=limit)
    vector.reset(seed=0)

    steps = [vector.step(vector.action_space.sample()) for _ in range(50)]

    assert any(step[2].any() for step in steps)
    assert not any(step[3].any() for step in steps)


@pytest.mark.parametrize("limit", [0, -2])
def test_a_limit_that_is_not_positive_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"max_episode_steps must be positive, not {limit}"):
        gymnasium.make_vec("NTMCopy-v0", 2, max_episode_steps=limit)


@pytest.mark.parametrize("limit", [2.0, "5", True, np.ones(2, int)])
def test_a_limit_that_is_no_integer_is_refused(limit: Any) -> None:
    with pytest.raises(TypeError, match="max_episode_steps must be an integer"):
        gymnasium.make_vec("NTMCopy-v0", 2, max_episode_steps=limit)


def test_a_limit_may_be_numpys() -> None:
    vector = gymnasium.make_vec("NTMCopy-v0", 2, max_episode_steps=np.int64(5))

    assert vector.unwrapped.max_episode_steps == 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("env_id", list(ENVIRONMENTS))
def test_the_spec_of_an_environment_says_how_long_an_episode_can_be(env_id: str) -> None:
    env = gymnasium.make(env_id)
    assert isinstance(env.unwrapped, SequenceEnv)
    longest = env.unwrapped.task.max_steps

    assert env.spec is not None
    assert env.spec.max_episode_steps == longest
    vector = gymnasium.make_vec(env_id, 2)
    assert vector.spec is not None
    assert vector.spec.max_episode_steps == longest


def test_the_spec_follows_parameters_and_limits() -> None:
    made: dict[str, Any] = {
        "longer": gymnasium.make("NTMCopy-v0", max_length=50),
        "limited": gymnasium.make("NTMCopy-v0", max_episode_steps=5),
        "limited vector": gymnasium.make_vec("NTMCopy-v0", 2, max_episode_steps=5),
    }

    limits = {name: env.spec and env.spec.max_episode_steps for name, env in made.items()}

    assert limits == {"longer": 101, "limited": 5, "limited vector": 5}


def test_no_limit_cuts_what_parameters_or_options_make_longer() -> None:
    env = gymnasium.make("NTMCopy-v0", min_length=40, max_length=50)
    for length in (None, 60):
        env.reset(seed=0, options={"length": length})
        steps, terminated = 0, False
        while not terminated:
            _, _, terminated, truncated, _ = env.step(np.zeros(8, np.int8))
            steps += 1
            assert not truncated
        assert steps == 121 if length else 81 <= steps <= 101


def test_an_environment_made_from_a_spec_has_its_limit() -> None:
    spec = gymnasium.make("NTMCopySmall-v0").spec
    assert spec is not None
    restored = EnvSpec.from_json(spec.to_json())
    again = gymnasium.make(restored)
    vector = gymnasium.make_vec(restored, 2)

    assert again.spec == spec
    assert vector.unwrapped.max_episode_steps == 11  # type: ignore[attr-defined]
