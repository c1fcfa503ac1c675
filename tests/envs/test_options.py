"""Options of `reset`: one value for all environments or one for each, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence

from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv

TASKS: dict[str, dict[str, Any]] = {
    "copy": {"length": [3, 25, None]},
    "repeat_copy": {"length": [3, 4, 3], "repeats": [2, 10, None]},
    "associative_recall": {"items": [2, None, 9]},
    "ngram": {"sequence_length": [10, 300, None]},
    "priority_sort": {"num_inputs": [30, None, 17], "num_outputs": [4, None, 16]},
}


def play_single(task: str, seed: int, options: dict[str, Any], steps: int) -> list[Any]:
    env = SequenceEnv(task)
    observation, info = env.reset(seed=seed, options=options)
    seen: list[Any] = [(observation, int(info["key"]))]
    for _ in range(steps):
        observation, reward, terminated, _, info = env.step(np.zeros(env.task.output_size, int))
        seen.append((observation, reward, terminated, info["target"], int(info["key"])))
        if terminated:
            observation, _ = env.reset()
            seen.append((observation, 0.0, False, np.zeros_like(info["target"]), None))
    return seen[: steps + 1]


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_options_for_each_environment_are_those_of_single_ones(
    task: str, as_array: bool
) -> None:
    options = TASKS[task]
    given: dict[str, Any] = (
        {name: np.array(values, object) for name, values in options.items()}
        if as_array
        else options
    )
    vector = SequenceVectorEnv(3, task)
    steps = 400
    expected = [
        play_single(task, seed, {name: options[name][env] for name in options}, steps)
        for env, seed in enumerate((5, 9, 2))
    ]

    observations, info = vector.reset(seed=[5, 9, 2], options=given)

    for env in range(3):
        np.testing.assert_array_equal(observations[env], expected[env][0][0])
        assert info["key"][env] == expected[env][0][1]
    actions = np.zeros((3, vector.task.output_size), int)
    for step in range(1, steps + 1):
        observations, rewards, terminations, _, info = vector.step(actions)
        for env in range(3):
            observation, reward, terminated, target, key = expected[env][step]
            np.testing.assert_array_equal(observations[env], observation)
            assert (rewards[env], terminations[env]) == (reward, terminated)
            np.testing.assert_array_equal(info["target"][env], target)
            assert key is None or info["key"][env] == key


def test_keys_may_be_given_to_some_and_drawn_by_the_others() -> None:
    vector, single = SequenceVectorEnv(3), SequenceEnv()

    _, info = vector.reset(seed=4, options={"key": [7, None, 2**64 - 1]})

    drawn = single.reset(seed=5)[1]["key"]
    assert info["key"].tolist() == [7, int(drawn), 2**64 - 1]


def test_a_mask_leaves_the_others_as_they_are_whatever_they_are_given() -> None:
    vector, undisturbed = (SequenceVectorEnv(3, autoreset_mode="Disabled") for _ in range(2))
    for env in (vector, undisturbed):
        env.reset(seed=1, options={"length": 9})
    mask = np.array([False, True, False])
    blank = np.zeros((3, 8), np.int8)

    observations, info = vector.reset(
        options={"reset_mask": mask, "length": ["not read", 4, None], "key": [None, 8, -1]}
    )

    replayed, _ = SequenceEnv().reset(options={"length": 4, "key": 8})
    np.testing.assert_array_equal(observations[1], replayed)
    assert info["key"].tolist() == [0, 8, 0]
    for step in range(1, 10):
        found, expected = vector.step(blank), undisturbed.step(blank)
        np.testing.assert_array_equal(found[0][~mask], expected[0][~mask])
        assert found[2][1] == (step == 9)


INTEGERS = [
    5,
    np.int8(5),
    np.uint64(5),
    np.array(5),
    torch.tensor(5),
    torch.tensor(5, dtype=torch.uint8),
]


@pytest.mark.parametrize("five", INTEGERS, ids=repr)
def test_an_integer_of_any_library_is_a_size_and_a_key(five: Any) -> None:
    env, expected = SequenceEnv(max_length=five), SequenceEnv(max_length=5)
    assert env.task == expected.task
    assert all(type(value) is int for value in env.task.parameters().values())
    vector = SequenceVectorEnv(five, max_length=five)
    assert vector.observation_space.shape == (5, 9)

    for options in ({"length": five}, {"key": five}, {"min_length": five}):
        plain = dict.fromkeys(options, 5)
        found = env.reset(seed=3, options=options)
        assert data_equivalence(found, expected.reset(seed=3, options=plain), exact=True)
        np.testing.assert_array_equal(
            vector.reset(seed=3, options=options)[0][0], found[0], strict=True
        )


@pytest.mark.parametrize("size", [5.0, np.float64(5), np.bool_(True), True, "5", [5, 6], {5}])
def test_what_is_no_integer_is_no_size(size: Any) -> None:
    message = "must be an integer of at least 1, not "
    with pytest.raises(ValueError, match=message):
        SequenceEnv(max_length=size)
    with pytest.raises(ValueError, match=message):
        SequenceEnv().reset(options={"length": size})


@pytest.mark.parametrize(
    "key", [-1, 2**64, 1.0, np.float64(3), True, np.True_, "7", b"7", [1, 2, 3], np.nan, {}]
)
def test_what_is_no_key_is_refused(key: Any) -> None:
    for env in (SequenceEnv(), SequenceVectorEnv(2)):
        with pytest.raises(ValueError, match=r"key('| must)"):
            env.reset(options={"key": key})


@pytest.mark.parametrize("options", [5, "length", ["length"], {1: 2}, [("length", 5)]])
def test_options_that_are_no_dict_of_names_are_refused(options: Any) -> None:
    for env in (SequenceEnv(), SequenceVectorEnv(2)):
        with pytest.raises(TypeError, match="options must be a dict with strings as keys"):
            env.reset(options=options)


@pytest.mark.parametrize("value", [None, 3, [3, 3]])
def test_an_unknown_option_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"Copy has the parameters .*, not 'width'"):
        SequenceVectorEnv(2).reset(options={"width": value})


@pytest.mark.parametrize("values", [[3], [3, 4, 5], np.ones((2, 2), int)])
def test_there_must_be_one_option_for_each_environment(values: Any) -> None:
    for name in ("length", "key"):
        with pytest.raises(ValueError, match=f"option '{name}' must be one value, or one for"):
            SequenceVectorEnv(2).reset(options={name: values})


@pytest.mark.parametrize("options", [{"length": 0}, {"width": 1}, {"key": -1}])
def test_a_refused_reset_changes_nothing(options: dict[str, Any]) -> None:
    makers: list[Callable[[], Any]] = [SequenceEnv, SequenceVectorEnv]
    for make in makers:
        env, untouched = make(), make()
        for one in (env, untouched):
            one.reset(seed=2)
        with pytest.raises(ValueError, match=r"must be|has the parameters"):
            env.reset(seed=77, options=options)
        action = env.action_space.sample()
        assert data_equivalence(env.step(action), untouched.step(action), exact=True)
        assert data_equivalence(env.reset(), untouched.reset(), exact=True)


def test_refused_seeds_change_nothing() -> None:
    env, untouched = SequenceVectorEnv(2), SequenceVectorEnv(2)
    for one in (env, untouched):
        one.reset(seed=2)
    with pytest.raises(gymnasium.error.Error, match=r"[Ss]eed"):
        env.reset(seed=[5, -1])

    assert data_equivalence(env.reset(), untouched.reset(), exact=True)


def test_seeds_may_be_numpys() -> None:
    seeds: Any = np.array([3, 8])
    found = SequenceVectorEnv(2).reset(seed=seeds)[1]["key"].tolist()

    expected = [int(SequenceEnv().reset(seed=seed)[1]["key"]) for seed in seeds]
    assert found == expected


@pytest.mark.parametrize(
    "key", [7, 2**63 - 1, 2**63, 2**64 - 1], ids=["small", "below", "above", "greatest"]
)
def test_torch_can_hold_a_key_and_replay_it(key: int) -> None:
    env = SequenceEnv()
    observation, info = env.reset(options={"key": key})

    for held in (
        torch.tensor(info["key"]),
        torch.as_tensor(info["key"]),
        torch.utils.data.default_collate([info["key"], info["key"]])[0],
    ):
        assert held.dtype == torch.uint64
        assert held.item() == key
        replayed, again = env.reset(options={"key": held})
        np.testing.assert_array_equal(replayed, observation)
        assert again["key"] == key
    assert info["key"].dtype == np.uint64


def test_a_key_that_is_changed_outside_changes_no_later_information() -> None:
    env = SequenceEnv()
    _, info = env.reset(seed=0)
    key = int(info["key"])
    info["key"][()] = 5

    assert env.step(np.zeros(8, np.int8))[4]["key"] == key


def test_a_key_that_was_given_stays_when_the_next_episode_begins() -> None:
    env = SequenceEnv()
    infos = [env.reset(seed=seed)[1] for seed in range(3)]

    expected = [int(SequenceEnv().reset(seed=seed)[1]["key"]) for seed in range(3)]
    assert [int(info["key"]) for info in infos] == expected
