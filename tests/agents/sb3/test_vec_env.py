from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TimeLimit
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.vec_env import DummyVecEnv, VecMonitor

from ntm_agents.sb3 import NTMPolicy, SB3VectorEnv, SequencePPO, make_sb3_env
from ntm_baselines.sb3_lstm_policy import LSTMPolicy
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


class Told(gymnasium.Env[Any, Any]):
    """Tells in every way: nested, sometimes, as numbers, arrays and text; ends in both ways."""

    observation_space = spaces.Dict(
        {"x": spaces.Box(-9, 9, (2,)), "n": spaces.Discrete(100), "b": spaces.MultiBinary(3)}
    )

    def __init__(self, action_space: spaces.Space[Any], render_mode: str | None = None) -> None:
        self.action_space, self.render_mode = action_space, render_mode
        self.scale = 1.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        self.length = (options or {}).get("length") or int(self.np_random.integers(2, 6))
        return self._seen(), {"begun": {"length": self.length}}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        assert self.action_space.contains(action)
        self.steps += 1
        over = self.steps == self.length
        truncated = over and self.length % 2 == 0
        info: dict[str, Any] = {
            "part": {"left": self.length - self.steps, "deep": {"text": f"at {self.steps}"}},
            "array": np.full(2, self.steps),
        }
        if self.steps % 2:
            info["odd"] = {"step": self.steps}
        if over:
            info["is_success"] = self.length > 3
        reward = float(self.scale * self.np_random.normal())
        return self._seen(), reward, over and not truncated, truncated, info

    def render(self) -> Any:
        return np.full((4, 4, 3), self.steps, np.uint8)

    def _seen(self) -> dict[str, Any]:
        return {
            "x": self.np_random.normal(size=2).astype(np.float32),
            "n": np.int64(self.steps),
            "b": self.np_random.integers(0, 2, 3).astype(np.int8),
        }


ACTIONS = [
    spaces.Discrete(3),
    spaces.MultiDiscrete([2, 3]),
    spaces.MultiBinary(2),
    spaces.Box(-1, 1, (2,)),
]


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in expected:
            assert_same(found[name], expected[name])
    else:
        np.testing.assert_array_equal(found, expected)


def both(
    make: Callable[[], gymnasium.Env[Any, Any]], num_envs: int = 3
) -> tuple[SB3VectorEnv, DummyVecEnv]:
    """Return the adapter, and what it must equal."""
    vector = SyncVectorEnv([make] * num_envs, autoreset_mode=AutoresetMode.SAME_STEP)
    return SB3VectorEnv(vector), DummyVecEnv([make] * num_envs)


@pytest.mark.parametrize("action_space", ACTIONS, ids=lambda space: type(space).__name__)
@pytest.mark.parametrize("statistics", [False, True])
def test_the_adapter_equals_dummy_vec_env_for_any_environment(
    action_space: spaces.Space[Any], statistics: bool
) -> None:
    def make() -> gymnasium.Env[Any, Any]:
        env = Told(action_space)
        return RecordEpisodeStatistics(env) if statistics else env

    ours, theirs = both(make)
    ours.seed(3)
    theirs.seed(3)
    assert_same(ours.reset(), theirs.reset())
    action_space.seed(0)
    endings = {True: 0, False: 0}
    for _ in range(60):
        for mine, other in zip(ours.reset_infos, theirs.reset_infos, strict=True):
            assert_same(mine, other)
        actions = np.array([action_space.sample() for _ in range(3)])
        found, expected = ours.step(actions), theirs.step(actions)
        for part in range(3):
            assert_same(found[part], expected[part])
        for index, done in enumerate(expected[2]):
            mine, other = found[3][index], expected[3][index]
            if done:
                endings[other["TimeLimit.truncated"]] += 1
                episode = mine.pop("episode")
                assert set(episode) >= {"r", "l"}
                if statistics:
                    own = other.pop("episode")
                    assert (episode["r"], episode["l"]) == (own["r"], own["l"])
            assert_same(mine, other)
    assert min(endings.values()) > 5


def test_observations_are_never_written_into_again() -> None:
    vector = SyncVectorEnv(
        [lambda: Told(ACTIONS[0])] * 2, copy=False, autoreset_mode=AutoresetMode.SAME_STEP
    )
    env = SB3VectorEnv(vector)
    first: Any = env.reset()
    kept = {name: part.copy() for name, part in first.items()}
    env.step(np.zeros(2, np.int64))
    assert_same(first, kept)


def test_each_environment_gets_its_own_options_and_seed() -> None:
    options: list[dict[str, Any]] = [{"length": 2}, {}, {"length": 5}, {"length": 2}]
    ours, theirs = both(lambda: Told(ACTIONS[0]), 4)
    for _ in range(3):  # of which the first finds no episodes under way
        for env in (ours, theirs):
            env.seed(8)
            env.set_options(options)
        assert_same(ours.reset(), theirs.reset())
        assert [info["begun"]["length"] for info in ours.reset_infos][::2] == [2, 5]
        for mine, other in zip(ours.reset_infos, theirs.reset_infos, strict=True):
            assert_same(mine, other)
        assert_same(ours.step(np.zeros(4, np.int64))[0], theirs.step(np.zeros(4, np.int64))[0])
    ours.reset()  # options are for one reset
    assert ours._options == [{}] * 4


def test_our_environments_take_options_of_their_own() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 3)
    env.seed(1)
    env.set_options([{"key": 7}, {"key": 8}, {"key": 7}])
    observations: Any = env.reset()
    assert [int(info["key"]) for info in env.reset_infos] == [7, 8, 7]
    np.testing.assert_array_equal(observations[0], observations[2])
    with pytest.raises(ValueError, match="one dict of options for each of 3 environments"):
        env.set_options([{"key": 7}])


def test_single_environments_can_be_reached() -> None:
    env, _ = both(lambda: TimeLimit(Told(ACTIONS[0], "rgb_array"), 9))
    env.seed(2)
    env.reset()
    env.step(np.zeros(3, np.int64))
    assert env.get_attr("scale") == [1.0] * 3
    env.set_attr("scale", 2.0, indices=[1])
    assert [e.get_wrapper_attr("scale") for e in env.env.envs] == [1.0, 2.0, 1.0]  # type: ignore[attr-defined]
    assert [image.shape for image in env.env_method("render", indices=[0, 2])] == [
        (4, 4, 3)
    ] * 2
    assert env.env_is_wrapped(TimeLimit) == [True] * 3
    assert env.env_is_wrapped(RecordEpisodeStatistics, indices=1) == [False]
    picture = env.render("rgb_array")
    assert picture is not None
    assert picture.shape == (8, 8, 3)


def test_vectors_without_single_environments_say_so() -> None:
    env = make_sb3_env("NTMCopySmall-v0", 2)
    assert env.get_attr("num_envs", indices=0) == [2]
    assert env.has_attr("no_such_attribute") is False
    for refused in (
        lambda: env.set_attr("reward", "exact"),
        lambda: env.env_method("render"),
    ):
        with pytest.raises(AttributeError, match="there are no single environments"):
            refused()


def test_environments_in_other_processes_can_be_reached() -> None:
    vector = AsyncVectorEnv(
        [lambda: Told(ACTIONS[0])] * 2, autoreset_mode=AutoresetMode.SAME_STEP
    )
    env, same = SB3VectorEnv(vector), both(lambda: Told(ACTIONS[0]), 2)[0]
    try:
        for each in (env, same):
            each.seed(5)
        assert_same(env.reset(), same.reset())
        for _ in range(12):
            found, expected = (each.step(np.zeros(2, np.int64)) for each in (env, same))
            for mine, other in zip(found, expected, strict=True):
                for part, wanted in (
                    zip(mine, other, strict=True) if isinstance(mine, list) else [(mine, other)]
                ):
                    assert_same(part, wanted)
        env.set_attr("scale", 3.0)
        assert env.get_attr("scale", indices=[1]) == [3.0]
    finally:
        env.close()


class Shown(gymnasium.Env[Any, Any]):
    action_space: spaces.Space[Any] = spaces.Discrete(2)

    def __init__(self, observed: spaces.Space[Any], acted: spaces.Space[Any]) -> None:
        self.observation_space, self.action_space = observed, acted


@pytest.mark.parametrize(
    ("observed", "acted", "message"),
    [
        (spaces.Tuple([spaces.Discrete(2)]), spaces.Discrete(2), "not hold Tuple"),
        (spaces.Dict({"a": spaces.Dict()}), spaces.Discrete(2), "not hold Dict"),
        (spaces.Text(3), spaces.Discrete(2), "not hold Text"),
        (spaces.Discrete(2), spaces.Dict({"a": spaces.Discrete(2)}), "actions must be one of"),
        (spaces.Discrete(2), spaces.Tuple([spaces.Discrete(2)]), "not Tuple"),
    ],
)
def test_spaces_that_stable_baselines_does_not_take_are_refused(
    observed: spaces.Space[Any], acted: spaces.Space[Any], message: str
) -> None:
    vector = SyncVectorEnv(
        [lambda: Shown(observed, acted)], autoreset_mode=AutoresetMode.SAME_STEP
    )
    with pytest.raises(ValueError, match=message):
        SB3VectorEnv(vector)


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.DISABLED])
def test_other_autoreset_modes_are_refused_with_what_to_do(mode: AutoresetMode) -> None:
    vector = SyncVectorEnv([lambda: Told(ACTIONS[0])], autoreset_mode=mode)
    with pytest.raises(ValueError, match="make the environment with autoreset_mode="):
        SB3VectorEnv(vector)


@pytest.mark.parametrize("algorithm", [SequencePPO, RecurrentPPO])
@pytest.mark.parametrize("action_space", ACTIONS, ids=lambda space: type(space).__name__)
def test_policies_learn_from_dict_observations_with_any_actions(
    algorithm: type[RecurrentPPO], action_space: spaces.Space[Any]
) -> None:
    env, _ = both(lambda: Told(action_space))
    sizes = {"memory_size": 6, "word_size": 3, "controller_size": 5}
    model = algorithm(
        NTMPolicy,
        env,
        n_steps=8,
        batch_size=16,
        n_epochs=2,
        seed=1,
        device="cpu",
        policy_kwargs={"ntm_kwargs": sizes},
    )
    before = [parameter.clone() for parameter in model.policy.parameters()]
    model.learn(48)
    assert any((a != b).any() for a, b in zip(before, model.policy.parameters(), strict=True))
    observations: Any = env.reset()
    action, _ = model.predict(observations)
    assert action.shape == (3, *action_space.shape)  # type: ignore[misc]


def test_batches_of_dict_observations_are_what_was_collected() -> None:
    env, _ = both(lambda: Told(ACTIONS[2]))
    sizes = {"memory_size": 6, "word_size": 3, "controller_size": 5}
    model = SequencePPO(
        NTMPolicy,
        env,
        n_steps=8,
        batch_size=16,
        seed=1,
        device="cpu",
        policy_kwargs={"ntm_kwargs": sizes},
    )
    _, callback = model._setup_learn(24)
    buffer = model.rollout_buffer
    model.collect_rollouts(env, callback, buffer, 8)
    policy: Any = model.policy
    seen = 0
    with torch.no_grad():
        for batch in buffer.get(16):
            values, log_probs, _ = policy.evaluate_actions(
                batch.observations,
                batch.actions,
                batch.lstm_states,  # type: ignore[attr-defined]
                batch.episode_starts,  # type: ignore[attr-defined]
            )
            torch.testing.assert_close(values.flatten(), batch.old_values)
            torch.testing.assert_close(log_probs, batch.old_log_prob)
            seen += len(batch.actions)
    assert seen == 24


def test_lstm_policies_take_dict_observations() -> None:
    env, _ = both(lambda: Told(ACTIONS[2]))
    model = RecurrentPPO(LSTMPolicy, env, n_steps=8, batch_size=8, n_epochs=1, device="cpu")
    model.learn(24)
    assert model.num_timesteps == 24


def test_single_environments_pass_the_checker_of_stable_baselines() -> None:
    check_env(gymnasium.make("ntm_gym:NTMCopySmall-v0").unwrapped)
