"""A sixth task, as a user would write it outside the package, and what it gets for that."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Iterator

import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_match import check_environments_match
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.env_checker import check_env as sb3_check_env

from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import CoinAgent, OracleAgent
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.registration import register_environment
from ntm_gym.tasks import TASKS, Episodes, Task, register_task
from ntm_gym.tasks.keyed_random import derive_keys, random_bits, random_integers


@dataclasses.dataclass(frozen=True)
class Reverse(Task):
    """Random vectors, a delimiter, and the same vectors backwards."""

    num_bits: int = 3
    max_length: int = 4

    @property
    def input_size(self) -> int:
        """Bits and delimiter."""
        return self.num_bits + 1

    @property
    def output_size(self) -> int:
        """Bits."""
        return self.num_bits

    @property
    def max_steps(self) -> int:
        """Steps of the longest episode."""
        return 2 * self.max_length + 1

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys."""
        lengths = random_integers(keys, 0, 1, self.max_length)[:, 0]
        bits = random_bits(keys, 1, self.max_length * self.num_bits)
        vectors = bits.reshape(len(keys), self.max_length, self.num_bits)
        steps = 2 * int(lengths.max(initial=0)) + 1
        inputs = np.zeros((len(keys), steps, self.input_size), np.float32)
        targets = np.zeros((len(keys), steps, self.output_size), np.int8)
        target_mask = np.zeros((len(keys), steps), np.bool_)
        for row, length in enumerate(lengths):
            inputs[row, :length, :-1] = vectors[row, :length]
            inputs[row, length, -1] = 1
            targets[row, length + 1 : 2 * length + 1] = vectors[row, :length][::-1]
            target_mask[row, length + 1 : 2 * length + 1] = True
        return Episodes(inputs, targets, target_mask, 2 * lengths + 1)


ENV_ID = "Reverse-v0"


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register_task("reverse", Reverse)
    register_environment(ENV_ID, task="reverse", max_length=3)
    yield
    del TASKS["reverse"], gymnasium.registry[ENV_ID]


def test_the_class_is_short() -> None:
    assert len(inspect.getsource(Reverse).splitlines()) < 60


def test_its_environment_passes_all_checkers() -> None:
    check_env(gymnasium.make(ENV_ID).unwrapped)
    sb3_check_env(gymnasium.make(ENV_ID))
    check_environments_match(gymnasium.make(ENV_ID), gymnasium.make(ENV_ID), num_steps=50)


def test_its_spec_survives_json() -> None:
    spec = gymnasium.make(ENV_ID).spec
    assert spec is not None
    assert gymnasium.make(EnvSpec.from_json(spec.to_json())).spec == spec


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_its_vector_environment_equals_single_ones(mode: AutoresetMode) -> None:
    ours = gymnasium.make_vec(ENV_ID, 3, "vector_entry_point", autoreset_mode=mode)
    theirs = SyncVectorEnv([lambda: gymnasium.make(ENV_ID)] * 3, autoreset_mode=mode)
    np.testing.assert_array_equal(ours.reset(seed=5)[0], theirs.reset(seed=5)[0])
    rng = np.random.default_rng(0)
    for _ in range(60):
        actions = rng.integers(0, 2, (3, 3), np.int8)
        for found, expected in zip(
            ours.step(actions)[:4], theirs.step(actions)[:4], strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def test_it_is_rendered() -> None:
    env = gymnasium.make(ENV_ID, render_mode="ansi")
    env.reset(seed=0)
    assert isinstance(env.render(), str)


def test_its_episodes_do_not_depend_on_the_batch() -> None:
    keys = derive_keys(0, 1, 0, 20)
    task = Reverse()
    together = task.sample(keys)
    for row, length in enumerate(together.lengths):
        alone = task.sample(keys[row : row + 1])
        np.testing.assert_array_equal(together.inputs[row, :length], alone.inputs[0])
        np.testing.assert_array_equal(together.targets[row, :length], alone.targets[0])


def test_the_harness_judges_agents_on_it() -> None:
    suite = Suite("reverse", 1, (Point("1-4", "reverse", {}),))
    result = evaluate(CoinAgent(Reverse()), suite, 50).points["1-4"]
    assert result.bits_per_sequence is not None
    np.testing.assert_allclose(result.bits_per_sequence, result.target_bits_per_sequence)


def test_without_a_solver_it_has_no_oracle() -> None:
    with pytest.raises(ValueError, match="Reverse has no oracle: it does not define solve"):
        OracleAgent(Reverse())
