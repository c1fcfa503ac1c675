"""What every registered environment must satisfy; a new id is tested once it is registered."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.utils.env_match import check_environments_match
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.registration import ENVIRONMENTS
from ntm_gym.tasks.keyed_random import derive_keys

IDS = list(ENVIRONMENTS)
MODES = list(AutoresetMode)
EPISODES = 10
SIZES = [
    pytest.param(
        env_id, num_envs, marks=[pytest.mark.slow] if "Long" in env_id and num_envs > 1 else []
    )
    for env_id in IDS
    for num_envs in (1, 3, 64)
]


def rollout(env: gymnasium.Env[Any, Any], seed: int, steps: int = 60) -> list[Any]:
    env.action_space.seed(seed)
    data: list[Any] = [env.reset(seed=seed)]
    for _ in range(steps):
        data.append(env.step(env.action_space.sample()))
        if data[-1][2]:
            data.append(env.reset())
    return data


@pytest.mark.parametrize("env_id", IDS)
def test_gymnasium_checks_it_without_a_warning(env_id: str) -> None:
    check_env(gymnasium.make(env_id).unwrapped)


@pytest.mark.parametrize("env_id", IDS)
def test_stable_baselines_checks_it_without_a_warning(env_id: str) -> None:
    sb3_check_env(gymnasium.make(env_id), warn=True)


@pytest.mark.parametrize("env_id", IDS)
def test_two_of_a_kind_match(env_id: str) -> None:
    check_environments_match(gymnasium.make(env_id), gymnasium.make(env_id), num_steps=50)


@pytest.mark.parametrize("env_id", IDS)
def test_a_window_shows_every_step(env_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setitem(SequenceEnv.metadata, "render_fps", 1_000)
    env = gymnasium.make(env_id, render_mode="human")
    env.reset(seed=0)
    for _ in range(3):
        env.step(env.action_space.sample())

    assert pygame.display.get_init()
    env.close()
    assert not pygame.display.get_init()


@pytest.mark.parametrize("render_mode", ["ansi", "rgb_array"])
@pytest.mark.parametrize("env_id", IDS)
def test_every_render_mode_shows_every_step(env_id: str, render_mode: str) -> None:
    env = gymnasium.make(env_id, render_mode=render_mode)
    env.reset(seed=0)
    shown: list[Any] = [env.render()]
    for _ in range(3):
        env.step(env.action_space.sample())
        shown.append(env.render())

    assert all(np.shape(frame) == np.shape(shown[0]) for frame in shown)
    assert all(isinstance(frame, (str, np.ndarray)) for frame in shown)


@pytest.mark.parametrize("env_id", IDS)
def test_equal_seeds_give_equal_rollouts_and_others_do_not(env_id: str) -> None:
    first, again, other = (rollout(gymnasium.make(env_id), seed) for seed in (3, 3, 4))

    assert data_equivalence(first, again, exact=True)
    assert not data_equivalence(first, other)


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
@pytest.mark.parametrize("env_id", IDS)
def test_a_clone_goes_on_like_the_original(env_id: str, clone: Any) -> None:
    env = gymnasium.make(env_id)
    rollout(env, 5, steps=7)
    env.reset()
    cloned = clone(env)

    blank = np.zeros(env.action_space.shape or (), np.int8)
    for _ in range(100):
        step, cloned_step = env.step(blank), cloned.step(blank)
        assert data_equivalence(step, cloned_step, exact=True)
        if step[2]:
            assert data_equivalence(env.reset(), cloned.reset(), exact=True)


@pytest.mark.parametrize("env_id", IDS)
def test_its_spec_survives_json(env_id: str) -> None:
    spec = gymnasium.spec(env_id)

    restored = EnvSpec.from_json(spec.to_json())

    assert restored == spec
    assert data_equivalence(rollout(restored.make(), 1), rollout(spec.make(), 1), exact=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("env_id", "num_envs"), SIZES)
def test_vector_equals_single_environments_bit_for_bit(
    env_id: str, num_envs: int, mode: AutoresetMode
) -> None:
    singles = SyncVectorEnv(
        [lambda: gymnasium.make(env_id)] * num_envs, autoreset_mode=mode, copy=True
    )
    vector = gymnasium.make_vec(
        env_id, num_envs, vectorization_mode="vector_entry_point", autoreset_mode=mode
    )
    singles.action_space.seed(0)

    assert data_equivalence(vector.reset(seed=7), singles.reset(seed=7), exact=True)
    ended = np.zeros(num_envs, int)
    while ended.min() < EPISODES:
        actions = singles.action_space.sample()
        step, expected = vector.step(actions), singles.step(actions)
        assert data_equivalence(step, expected, exact=True)
        ended += step[2]
        if mode is AutoresetMode.DISABLED and step[2].any():
            again = vector.reset(options={"reset_mask": step[2]})
            expected_again = singles.reset(options={"reset_mask": step[2]})
            assert data_equivalence(again, expected_again, exact=True)


@pytest.mark.parametrize("env_id", IDS)
def test_vector_accepts_a_seed_for_each_environment(env_id: str) -> None:
    singles = SyncVectorEnv([lambda: gymnasium.make(env_id)] * 3)
    vector = gymnasium.make_vec(env_id, 3, vectorization_mode="vector_entry_point")

    seeds: Any = [5, 11, 2]
    reset, expected = vector.reset(seed=seeds), singles.reset(seed=seeds)

    assert data_equivalence(reset, expected, exact=True)


@pytest.mark.parametrize("env_id", IDS)
def test_vector_never_returns_an_array_twice(env_id: str) -> None:
    vector = gymnasium.make_vec(env_id, 4, vectorization_mode="vector_entry_point")
    vector.reset(seed=0)
    first = vector.step(vector.action_space.sample())
    kept = copy.deepcopy(first)

    for _ in range(30):
        vector.step(vector.action_space.sample())

    assert data_equivalence(first, kept, exact=True)


def fingerprint(env_id: str) -> str:
    env = gymnasium.make(env_id).unwrapped
    assert isinstance(env, SequenceEnv)
    episodes = env.task.sample(derive_keys(0, 0, 0, 20))
    digest = hashlib.sha256()
    for field in episodes:
        digest.update(np.ascontiguousarray(field).tobytes())
    return digest.hexdigest()[:16]


@pytest.mark.parametrize("env_id", IDS)
def test_the_first_episodes_are_those_of_the_release(env_id: str) -> None:
    golden = json.loads((Path(__file__).parent / "golden.json").read_text(encoding="utf-8"))

    assert fingerprint(env_id) == golden[env_id]
