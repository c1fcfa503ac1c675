"""Rewards, options, errors and rendering of the environments, on copy."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import SyncVectorEnv

import ntm_gym
from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv
from ntm_gym.tasks import Copy, make_task

KEY = 123456789


def play(env: SequenceEnv, answer: Any, key: int = KEY) -> tuple[list[float], dict[str, Any]]:
    """Play the episode of a key; ``answer`` turns targets into an action."""
    targets = env.task.sample(np.array([key], np.uint64)).targets[0]
    env.reset(options={"key": key})
    rewards: list[float] = []
    info: dict[str, Any] = {}
    terminated = False
    while not terminated:
        _, reward, terminated, truncated, info = env.step(answer(targets[len(rewards)]))
        assert not truncated
        rewards.append(reward)
    return rewards, info


def test_observations_are_the_inputs_of_the_episode_and_then_zero() -> None:
    env = SequenceEnv("copy", num_bits=3, max_length=4)
    episode = env.task.sample(np.array([KEY], np.uint64))
    observation, _ = env.reset(options={"key": KEY})
    shown = [observation]
    terminated = False
    while not terminated:
        observation, _, terminated, _, _ = env.step(np.zeros(3, np.int8))
        shown.append(observation)

    np.testing.assert_array_equal(shown[:-1], episode.inputs[0])
    np.testing.assert_array_equal(shown[-1], np.zeros(4))


@pytest.mark.parametrize(("reward", "worth"), [("bits", 5), ("exact", 5), ("episode", 1)])
def test_right_answers_earn_all_there_is(reward: str, worth: int) -> None:
    env = SequenceEnv("copy", reward, min_length=5, max_length=5)
    rewards, info = play(env, lambda target: target)

    assert sum(rewards) == worth
    assert info["exact"]
    assert info["bit_errors"] == 0
    assert info["num_target_bits"] == 40


def test_one_wrong_bit_costs_its_share_its_vector_or_the_episode() -> None:
    def with_first_bit_wrong(target: Any) -> Any:
        wrong = target.copy()
        wrong[0] ^= 1
        return wrong

    earned = {
        reward: sum(
            play(SequenceEnv("copy", reward, min_length=3, max_length=3), with_first_bit_wrong)[
                0
            ]
        )
        for reward in ("bits", "exact", "episode")
    }

    assert earned == {"bits": 3 * 7 / 8, "exact": 0, "episode": 0}


def test_log_score_is_one_for_certainty_zero_for_a_coin_and_floored_for_certain_error() -> None:
    env = SequenceEnv("copy", "log_score", "probability", min_length=2, max_length=2)

    assert sum(play(env, lambda target: target.astype(float))[0]) == 2
    assert sum(play(env, lambda target: np.full(8, 0.5))[0]) == 0
    assert sum(play(env, lambda target: 1.0 - target)[0]) == 2 * (1 - 10)


def test_only_scored_steps_are_rewarded_and_counted() -> None:
    env = SequenceEnv("copy", min_length=4, max_length=4)

    rewards, info = play(env, lambda target: target)

    assert rewards == [0] * 5 + [1] * 4
    assert info["num_target_bits"] == 4 * 8


def test_options_override_the_task_for_one_episode() -> None:
    env = SequenceEnv("copy")
    env.reset(seed=0, options={"length": 30})
    steps = 0
    terminated = False
    while not terminated:
        _, _, terminated, _, _ = env.step(np.zeros(8, np.int8))
        steps += 1

    assert steps == 61
    assert env.task == Copy()


def test_vector_options_override_the_task_for_one_episode() -> None:
    vector = SequenceVectorEnv(2, "copy", max_length=3)
    single = SequenceEnv("copy", max_length=3)

    observations, info = vector.reset(seed=4, options={"length": 9})
    observation, single_info = single.reset(seed=4, options={"length": 9})

    np.testing.assert_array_equal(observations[0], observation)
    assert info["key"][0] == single_info["key"]
    for _ in range(19):
        _, _, terminated, _, _ = vector.step(np.zeros((2, 8), np.int8))
    assert terminated.all()


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({"repeats": 20}, "need 10 inputs from 0 to 5.05 and 9 outputs"),
        ({"num_bits": 4}, "need 6 inputs from -1.57 to 1.57 and 5 outputs"),
    ],
)
def test_options_that_leave_the_spaces_are_refused(
    options: dict[str, Any], needed: str
) -> None:
    with pytest.raises(ValueError, match=needed):
        SequenceEnv("repeat_copy").reset(options=options)
    with pytest.raises(ValueError, match=needed):
        SequenceVectorEnv(2, "repeat_copy").reset(options=options)


@pytest.mark.parametrize("num_bits", [4, 8, 12])
@pytest.mark.parametrize("task", ["copy", "repeat_copy", "associative_recall", "priority_sort"])
def test_vector_equals_single_environments_whatever_the_width(task: str, num_bits: int) -> None:
    vector, single = (
        SequenceVectorEnv(2, task, num_bits=num_bits),
        SequenceEnv(task, num_bits=num_bits),
    )
    observations, _ = vector.reset(seed=6)
    observation, _ = single.reset(seed=6)
    rng = np.random.default_rng(0)
    for _ in range(200):
        np.testing.assert_array_equal(observations[0], observation)
        action = rng.integers(0, 2, (2, vector.task.output_size), np.int8)
        observations, rewards, terminations, _, info = vector.step(action)
        observation, reward, terminated, _, single_info = single.step(action[0])
        assert (rewards[0], terminations[0]) == (reward, terminated)
        np.testing.assert_array_equal(info["target"][0], single_info["target"])
        if terminated:
            observation, _ = single.reset()
            observations, *_ = vector.step(action)


def test_longer_episodes_do_not_disturb_those_under_way() -> None:
    vector = SequenceVectorEnv(2, "copy", autoreset_mode="Disabled")
    alone = SequenceVectorEnv(2, "copy", autoreset_mode="Disabled")
    one = np.array([True, False])
    blank = np.zeros((2, 8), np.int8)
    for env in (vector, alone):
        env.reset(seed=1, options={"length": 5})
        env.step(blank)

    vector.reset(options={"length": 300, "reset_mask": one})

    for _ in range(10):
        observations, expected = vector.step(blank)[0], alone.step(blank)[0]
        np.testing.assert_array_equal(observations[1], expected[1])


def test_an_environment_that_has_not_begun_shows_zeros_and_does_not_step() -> None:
    vector = SequenceVectorEnv(3)
    one = np.array([False, True, False])

    observations, info = vector.reset(seed=0, options={"reset_mask": one})

    assert info["_key"].tolist() == [False, True, False]
    assert not observations[[0, 2]].any()
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset must be called"):
        vector.step(np.zeros((3, 8), np.int8))


def test_a_clone_of_a_vector_environment_goes_on_like_the_original() -> None:
    vector = SequenceVectorEnv(3, "associative_recall")
    vector.reset(seed=0)
    clones = copy.deepcopy(vector), pickle.loads(pickle.dumps(vector))

    for _ in range(200):
        actions = vector.action_space.sample()
        step = vector.step(actions)
        for clone in clones:
            assert data_equivalence(step, clone.step(actions), exact=True)


def test_a_key_in_the_information_replays_the_episode() -> None:
    env = SequenceEnv()
    observation, info = env.reset(seed=3)
    replayed, _ = env.reset(options={"key": info["key"]})

    np.testing.assert_array_equal(observation, replayed)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros(7, np.int8), r"must have shape \(8,\), not \(7,\)"),
        (np.full(8, 2), "zeros and ones only, not 2"),
        (np.full(8, -1), "zeros and ones only, not -1"),
        (np.zeros(8, np.complex64), "real numbers, not complex64"),
        (np.full(8, 0.5), "zeros and ones only, not 0.5"),
        (np.full(8, np.nan), "zeros and ones only, not nan"),
    ],
)
def test_an_action_outside_the_space_is_refused(action: Any, message: str) -> None:
    env, vector = SequenceEnv(), SequenceVectorEnv(1)
    env.reset(seed=0)
    vector.reset(seed=0)

    with pytest.raises(ValueError, match=message):
        env.step(action)
    with pytest.raises(ValueError, match="an action must"):
        vector.step(action[None])


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64, np.float32])
def test_bits_of_any_dtype_are_accepted(dtype: Any) -> None:
    rewards, info = play(SequenceEnv(), lambda target: target.astype(dtype))
    vector = SequenceVectorEnv(1)
    vector.reset(seed=0)

    assert sum(rewards) == info["num_target_bits"] / 8
    vector.step(np.ones((1, 8), dtype))


def test_a_list_of_bits_is_accepted() -> None:
    rewards, info = play(SequenceEnv(), lambda target: target.tolist())

    assert sum(rewards) == info["num_target_bits"] / 8


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_probabilities_outside_zero_to_one_are_refused(value: float) -> None:
    env = SequenceEnv(action="probability")
    env.reset(seed=0)

    with pytest.raises(ValueError, match="probabilities from 0 to 1"):
        env.step(np.full(8, value))


def test_a_step_without_an_episode_is_refused() -> None:
    env, vector = SequenceEnv(), SequenceVectorEnv(2, autoreset_mode="Disabled")

    with pytest.raises(gymnasium.error.ResetNeeded, match="reset must be called"):
        env.step(np.zeros(8, np.int8))
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset must be called"):
        vector.step(np.zeros((2, 8), np.int8))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"task": "paste"}, "the task must be one of copy"),
        ({"min_length": 5, "max_length": 4}, "min_length must not exceed max_length"),
        ({"num_bits": 0}, "num_bits must be an integer of at least 1, not 0"),
        ({"reward": "kudos"}, "reward must be one of"),
        ({"action": "words"}, "action must be one of"),
        ({"reward": "log_score"}, "needs action 'probability'"),
        ({"render_mode": "hologram"}, "render_mode must be"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SequenceEnv(**arguments)
    with pytest.raises(ValueError, match=message):
        SequenceVectorEnv(1, **arguments)


@pytest.mark.parametrize(
    "make",
    [
        lambda **arguments: gymnasium.make("NTMCopy-v0", **arguments),
        lambda **arguments: gymnasium.make_vec("NTMCopy-v0", **arguments),
        lambda **arguments: SequenceEnv("ngram", **arguments),
        lambda **arguments: make_task("copy", **arguments),
    ],
)
def test_an_unknown_argument_is_a_type_error_by_which_libraries_probe(make: Any) -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'frameskip'"):
        make(frameskip=1)
    with pytest.raises(ValueError, match="unexpected keyword argument 'frameskip'"):
        make(frameskip=1)


@pytest.mark.parametrize("task", [5, None, ["copy"], {}])
def test_what_is_no_name_of_a_task_is_refused(task: Any) -> None:
    with pytest.raises(ValueError, match="the task must be one of copy"):
        make_task(task)


def test_make_imports_the_package_by_itself() -> None:
    assert ntm_gym.__version__
    env = gymnasium.make("ntm_gym:NTMCopy-v0")

    assert env.spec is not None
    assert env.spec.id == "NTMCopy-v0"


def test_rgb_array_is_white_where_a_target_is_one_and_blue_where_nothing_is_asked() -> None:
    env = SequenceEnv("copy", render_mode="rgb_array", num_bits=2, min_length=1, max_length=1)
    targets = env.task.sample(np.array([KEY], np.uint64)).targets[0]
    env.reset(options={"key": KEY})

    image = env.render()

    assert image.shape == (16 * (3 + 2 + 2 + 4), 16 * 3, 3)
    first_target_row = 16 * (1 + 3 + 1)
    np.testing.assert_array_equal(image[first_target_row, -1], 255 * int(targets[2, 0]))
    assert image[first_target_row, 0].tolist() == [38, 44, 66]


def test_bits_are_black_and_white_and_a_priority_is_gray() -> None:
    env = SequenceEnv("priority_sort", render_mode="rgb_array", num_inputs=4, num_outputs=1)
    env.reset(seed=0)
    (inputs,) = env.task.sample(np.array([env.reset(seed=0)[1]["key"]], np.uint64)).inputs

    shown = env.render()[16:-1:16, ::16, 0][: inputs.shape[1]].T

    bits = [0, 1, 2, 3, 4, 5, 6, 7, 9]
    np.testing.assert_array_equal(shown[:, bits], 255 * inputs[:, bits])
    np.testing.assert_array_equal(shown[:, 8], np.rint(255 * (inputs[:, 8] + 1) / 2))


def test_a_long_episode_is_drawn_smaller() -> None:
    env = SequenceEnv("ngram", render_mode="rgb_array", sequence_length=1_000)
    env.reset(seed=0)

    assert env.render().shape == (2 * 7, 2_000, 3)


def test_images_have_one_size_however_long_the_episode() -> None:
    env = SequenceEnv("copy", render_mode="rgb_array", max_length=5)
    shapes = set()
    for length in (1, 3, 5, 6, 50):
        env.reset(seed=0, options={"length": length})
        shapes.add(env.render().shape)

    assert shapes == {(16 * (9 + 8 + 8 + 4), 16 * 11, 3)}


def test_behind_a_shorter_episode_the_image_is_empty() -> None:
    env = SequenceEnv("copy", render_mode="rgb_array", max_length=5)
    env.reset(seed=0, options={"length": 2})

    behind = env.render()[:, 16 * 5 :]

    assert np.unique(behind.reshape(-1, 3), axis=0).tolist() == [[96, 125, 139]]


def test_the_image_of_a_longer_episode_follows_the_steps() -> None:
    env = SequenceEnv("ngram", render_mode="rgb_array", sequence_length=8)
    _, info = env.reset(seed=0, options={"sequence_length": 20})
    key = np.array([info["key"]])
    bits = env.task.replace(sequence_length=20).sample(key).targets[0, :, 0]
    shown = []
    for step in range(21):
        image = env.render()
        shown.append((image[16 * 3, ::16, 0] == 255).tolist())
        answered = image[16 * 5, ::16].tolist()
        first = int(np.clip(step + 2 - 8, 0, 12))
        assert [cell != [38, 44, 66] for cell in answered] == [
            number < step for number in range(first, first + 8)
        ]
        if step < 20:
            env.step(np.zeros(1, np.int8))

    for step, targets in enumerate(shown):
        first = int(np.clip(step + 2 - 8, 0, 12))
        assert targets == (bits[first : first + 8] == 1).tolist()


def test_images_of_episodes_of_any_length_and_width_stay_small() -> None:
    long, wide = {"min_length": 30_000, "max_length": 30_000}, {"num_bits": 50_000}
    for parameters in (long, {"max_length": 3, **wide}):
        env = SequenceEnv("copy", "bits", "bits", "rgb_array", **parameters)
        env.reset(seed=0)
        assert env.render().size <= 2**24


@pytest.mark.parametrize("render_mode", [None, "ansi", "rgb_array", "human"])
def test_render_before_reset_is_refused(render_mode: str | None) -> None:
    with pytest.raises(gymnasium.error.ResetNeeded, match="reset must be called before render"):
        SequenceEnv(render_mode=render_mode).render()


def test_a_vector_renders_what_the_same_single_environments_do() -> None:
    for mode in ("ansi", "rgb_array"):
        vector = SequenceVectorEnv(2, max_length=3, render_mode=mode)
        singles = SyncVectorEnv([lambda: SequenceEnv(max_length=3, render_mode=mode)] * 2)  # noqa: B023
        with pytest.raises(gymnasium.error.ResetNeeded, match="reset must be called"):
            vector.render()
        for env in (vector, singles):
            env.reset(seed=3, options={"length": 5})
        for _ in range(40):
            for found, expected in zip(vector.render() or (), singles.render(), strict=True):
                np.testing.assert_array_equal(found, expected)
            actions = vector.action_space.sample()
            vector.step(actions)
            singles.step(actions)


def test_a_vector_has_no_window_of_its_own() -> None:
    with pytest.raises(ValueError, match=r"gymnasium.wrappers.vector.HumanRendering opens"):
        SequenceVectorEnv(2, render_mode="human")


def test_a_window_that_the_user_closes_stays_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = SequenceEnv("copy", render_mode="human", min_length=2, max_length=2)
    env.metadata = {**env.metadata, "render_fps": 1000}
    env.reset(seed=0)
    assert not env.window_closed
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    for _ in range(2):
        env.step(np.zeros(8, np.int8))
        assert env.window_closed
        assert not pygame.display.get_init()


def test_no_screen_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")
    with pytest.raises(OSError, match=r"^a window cannot be opened: [^\n]*$"):
        SequenceEnv("copy", render_mode="human").reset(seed=0)


def test_human_opens_a_window_and_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = SequenceEnv("copy", render_mode="human", min_length=1, max_length=1)
    env.metadata = {**env.metadata, "render_fps": 1000}
    env.reset(seed=0)
    env.step(np.zeros(8, np.int8))

    assert pygame.display.get_surface().get_size() == (16 * 3, 16 * (9 + 8 + 8 + 4))
    env.close()
    assert not pygame.display.get_init()


def test_ansi_shows_inputs_targets_and_the_answers_so_far() -> None:
    env = SequenceEnv("copy", render_mode="ansi", num_bits=2, min_length=1, max_length=1)
    targets = env.task.sample(np.array([KEY], np.uint64)).targets[0]
    env.reset(options={"key": KEY})
    for step in range(3):
        env.step(targets[step])

    first, second = ("█" if bit else " " for bit in targets[2])
    blank = "  "
    assert env.render() == "\n".join(
        [
            "inputs",
            f"  {first}{blank}",
            f"  {second}{blank}",
            "   █ ",
            "targets",
            f"  ··{first}",
            f"  ··{second}",
            "answers",
            f"  ··{first}",
            f"  ··{second}",
        ]
    )
