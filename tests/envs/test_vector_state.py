"""The state of a vector environment: taken at any step, it continues bit for bit."""

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray

from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv

Heard = list[NDArray[Any]]


def play(env: SequenceVectorEnv, steps: int, seed: int) -> Heard:
    """Return everything that an environment says over some steps of random bits."""
    rng = np.random.default_rng(seed)
    heard: Heard = []
    for _ in range(steps):
        actions = rng.integers(0, 2, env.action_space.shape)
        observation, reward, terminated, _, info = env.step(actions)
        heard += [observation, reward, terminated, *(info[name] for name in sorted(INFO))]
    return heard


INFO = ("target", "target_mask", "bit_errors", "num_target_bits", "exact", "key")


@pytest.mark.parametrize("mode", [AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP])
@pytest.mark.parametrize("task", ["copy", "repeat_copy", "ngram", "priority_sort"])
@pytest.mark.parametrize(("num_envs", "before"), [(1, 0), (3, 7), (70, 400), (3, 4001)])
def test_an_environment_goes_on_from_a_state_bit_for_bit(
    task: str, mode: AutoresetMode, num_envs: int, before: int
) -> None:
    def make() -> SequenceVectorEnv:
        return SequenceVectorEnv(num_envs, task, reward="episode", autoreset_mode=mode)

    env = make()
    env.reset(seed=5)
    play(env, before, seed=1)
    state = env.get_state()
    expected = play(env, 600, seed=2)

    other = make()
    other.set_state({name: array.copy() for name, array in state.items()})
    for found, wanted in zip(play(other, 600, seed=2), expected, strict=True):
        np.testing.assert_array_equal(found, wanted)


def test_a_state_comes_with_the_observation_shown_last() -> None:
    env = SequenceVectorEnv(4, autoreset_mode="SameStep")
    env.reset(seed=5)
    shown = env.step(np.zeros((4, 8), np.int8))[0]
    other = SequenceVectorEnv(4, autoreset_mode="SameStep")
    np.testing.assert_array_equal(other.set_state(env.get_state()), shown)


def test_a_state_is_not_changed_by_playing_on() -> None:
    env = SequenceVectorEnv(4, autoreset_mode="SameStep")
    env.reset(seed=5)
    state = env.get_state()
    kept = {name: array.copy() for name, array in state.items()}
    play(env, 300, seed=1)
    for name, array in kept.items():
        np.testing.assert_array_equal(state[name], array)


def test_a_state_that_cannot_be_kept_or_taken_is_refused() -> None:
    env = SequenceVectorEnv(4)
    with pytest.raises(ValueError, match="state can be taken only where every environment"):
        env.get_state()
    env.reset(seed=1, options={"key": 3})
    with pytest.raises(ValueError, match="begun by reset or step without options"):
        env.get_state()
    env.reset(seed=1)
    state = env.get_state()
    with pytest.raises(ValueError, match="must be one of 3 environments"):
        SequenceVectorEnv(3).set_state(state)
    del state["keys"]
    with pytest.raises(ValueError, match="the state must hold arrays of shapes"):
        env.set_state(state)
