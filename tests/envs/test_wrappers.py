"""Gymnasium's own wrappers work, so that there need be none of ours."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium import wrappers
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from moviepy import VideoFileClip
from stable_baselines3.common.env_util import make_vec_env

from ntm_gym.registration import ENVIRONMENTS

IDS = [env_id for env_id in ENVIRONMENTS if "Small" in env_id]


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


@pytest.mark.parametrize(
    "wrap",
    [
        wrappers.FlattenObservation,
        wrappers.TimeAwareObservation,
        wrappers.NormalizeObservation,
        wrappers.NormalizeReward,
        wrappers.PassiveEnvChecker,
        wrappers.OrderEnforcing,
        wrappers.Autoreset,
        lambda env: wrappers.DelayObservation(env, 2),
        lambda env: wrappers.StickyAction(env, 0.5),
        lambda env: wrappers.TimeLimit(env, 5),
    ],
)
@pytest.mark.parametrize("env_id", IDS)
def test_a_wrapped_environment_plays_episodes(env_id: str, wrap: Any) -> None:
    env = wrap(gymnasium.make(env_id))
    observation, _ = env.reset(seed=0)
    ended = 0
    while ended < 3:
        assert observation in env.observation_space
        observation, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            ended += 1
            observation, _ = env.reset()


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


@pytest.mark.parametrize(
    "wrap",
    [
        wrappers.vector.RecordEpisodeStatistics,
        wrappers.vector.NormalizeObservation,
        wrappers.vector.NormalizeReward,
        wrappers.vector.DictInfoToList,
        wrappers.vector.FlattenObservation,
        lambda env: wrappers.vector.ClipReward(env, 0.0, 0.5),
        lambda env: wrappers.vector.RescaleObservation(env, np.float32(-1), np.float32(1)),
    ],
)
@pytest.mark.parametrize("limit", [None, 5])
def test_a_wrapped_vector_plays_as_wrapped_single_environments(
    wrap: Any, limit: int | None
) -> None:
    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.make("NTMCopySmall-v0", max_episode_steps=limit)

    vector = wrap(gymnasium.make_vec("NTMCopySmall-v0", 3, max_episode_steps=limit))
    singles = wrap(SyncVectorEnv([make] * 3, copy=True))
    singles.action_space.seed(0)

    np.testing.assert_array_equal(vector.reset(seed=1)[0], singles.reset(seed=1)[0])
    for _ in range(40):
        actions = singles.action_space.sample()
        for found, expected in zip(
            vector.step(actions)[:4], singles.step(actions)[:4], strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_environments_play_in_processes_of_their_own() -> None:
    def make() -> gymnasium.Env[Any, Any]:
        return gymnasium.make("ntm_gym:NTMCopySmall-v0")

    workers, singles = AsyncVectorEnv([make] * 2, context="spawn"), SyncVectorEnv([make] * 2)
    singles.action_space.seed(0)
    try:
        assert data_equivalence(workers.reset(seed=1), singles.reset(seed=1), exact=True)
        for _ in range(30):
            actions = singles.action_space.sample()
            step = workers.step(actions)
            assert data_equivalence(step, singles.step(actions), exact=True)
    finally:
        workers.close()


@pytest.mark.parametrize("clone", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_limited_vector_is_cloned_amid_its_episodes(clone: Any) -> None:
    vector = gymnasium.make_vec(
        "NTMCopySmall-v0", 3, max_episode_steps=7, render_mode="rgb_array"
    )
    vector.reset(seed=0, options={"length": [2, 5, None]})
    for _ in range(4):
        vector.step(vector.action_space.sample())
    cloned = clone(vector)
    for _ in range(30):
        actions = vector.action_space.sample()
        assert data_equivalence(vector.step(actions), cloned.step(actions), exact=True)
        assert data_equivalence(vector.render(), cloned.render(), exact=True)
    assert cloned.spec == vector.spec


def test_gymnasiums_window_shows_episode_after_episode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    made = gymnasium.make("NTMCopySmall-v0", render_mode="rgb_array")
    made.unwrapped.metadata = {**made.unwrapped.metadata, "render_fps": 1_000}
    env: Any = wrappers.HumanRendering(made)
    for seed in range(4):
        env.reset(seed=seed)
        env.step(np.zeros(4, np.int8))
        frame: Any = made.render()
        assert env.screen_size == frame.shape[1::-1]
    env.close()
    assert not pygame.display.get_init()


@pytest.mark.parametrize("env_id", IDS)
def test_frames_added_to_observations_lie_in_their_space(env_id: str) -> None:
    env = wrappers.AddRenderObservation(gymnasium.make(env_id, render_mode="rgb_array"))
    for seed in range(4):
        observation, _ = env.reset(seed=seed)
        assert observation in env.observation_space
        assert env.step(env.action_space.sample())[0] in env.observation_space


def test_a_video_of_several_episodes_can_be_recorded(tmp_path: Path) -> None:
    env: Any = gymnasium.make("NTMCopySmall-v0", render_mode="rgb_array")
    env = wrappers.RecordVideo(
        env, str(tmp_path / "videos"), step_trigger=lambda step: step == 0, video_length=30
    )
    env.reset(seed=0)
    frame: Any = env.unwrapped.render()
    height, width, _ = frame.shape
    for _ in range(32):
        if env.step(env.action_space.sample())[2]:
            env.reset()
    env.close()

    (video,) = (tmp_path / "videos").glob("*.mp4")
    with VideoFileClip(str(video)) as clip:
        assert clip.size == [width, height]
        assert clip.n_frames >= 29


def test_a_video_of_a_vector_can_be_recorded(tmp_path: Path) -> None:
    vector = gymnasium.make_vec("NTMCopySmall-v0", 3, render_mode="rgb_array")
    env: Any = wrappers.vector.RecordVideo(
        vector, str(tmp_path / "videos"), step_trigger=lambda step: step == 0, video_length=20
    )
    env.reset(seed=0)
    for _ in range(22):
        env.step(np.zeros((3, 4), np.int8))
    env.close()

    assert len(list((tmp_path / "videos").glob("*.mp4"))) == 1


def test_stable_baselines_tiles_the_frames_of_its_environments() -> None:
    env = make_vec_env(
        "NTMCopySmall-v0", n_envs=4, seed=1, env_kwargs={"render_mode": "rgb_array"}
    )
    env.reset()

    frame = env.render()

    assert frame is not None
    assert frame.shape == (2 * 16 * (5 + 4 + 4 + 4), 2 * 16 * 11, 3)
