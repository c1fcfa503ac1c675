"""A task is added in one place outside its own file: a record. All else follows from that."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import environment_pages
import gymnasium
import numpy as np
import pytest
from numpy.typing import NDArray

from ntm_agents.training.recipes import NETWORKS, find_recipe
from ntm_gym import registration
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import OracleAgent
from ntm_gym.evaluation.reference_scores import measure_scores
from ntm_gym.evaluation.suites import SUITES, find_suite
from ntm_gym.registration import ENVIRONMENTS, RECORDS, Preset, TaskRecord, fixed, register
from ntm_gym.tasks import TASKS, Episodes, Task
from ntm_gym.tasks.keyed_random import random_bits


@dataclasses.dataclass(frozen=True)
class Echo(Task):
    """Random bits, each of which is asked for one step later.

    ## Description
    The agent sees a random bit at each step and must say the bit before it.

    ## Action Space
    The bit.

    ## Observation Space
    The bit.

    ## Episode Termination
    After ``max_length`` steps.

    ## Version History
    - v0: first release.

    Attributes:
        min_length: Fewest steps.
        max_length: Most steps.
    """

    min_length: int = 4
    max_length: int = 4

    @property
    def input_size(self) -> int:
        """The bit."""
        return 1

    @property
    def output_size(self) -> int:
        """The bit before it."""
        return 1

    @property
    def max_steps(self) -> int:
        """Steps of every episode."""
        return self.max_length

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys."""
        bits = random_bits(keys, 0, self.max_length)[:, :, None]
        targets = np.zeros(bits.shape, np.int8)
        targets[:, 1:] = bits[:, :-1]
        target_mask = np.ones(targets.shape[:2], np.bool_)
        target_mask[:, 0] = False
        lengths = np.full(len(keys), self.max_length)
        return Episodes(bits.astype(np.float32), targets, target_mask, lengths)

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the inputs one step later."""
        answers = np.zeros(inputs.shape)
        answers[:, 1:] = inputs[:, :-1]
        return answers


RECORD = TaskRecord(
    name="echo",
    task=Echo,
    title="Echo",
    env_name="NTMEcho",
    standard=Preset(2.97),
    small=Preset(0.99, fixed(length=2)),
    long=Preset(98.01, fixed(length=100)),
    trained_label="4",
    tested={"100": fixed(length=100)},
)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(RECORD)
    yield
    del TASKS["echo"], registration._RECORDS["echo"]
    for env_id, _ in RECORD.environments():
        del registration._ENVIRONMENTS[env_id], registration._REWARD_THRESHOLDS[env_id]
        del gymnasium.registry[env_id]


def test_it_has_environments_single_and_vector() -> None:
    env = gymnasium.make("NTMEchoLong-v0")
    many = gymnasium.make_vec("NTMEchoSmall-v0", num_envs=3)

    assert env.unwrapped.task == Echo(100, 100)  # type: ignore[attr-defined]
    assert many.reset(seed=1)[0].shape == (3, 1)
    assert gymnasium.spec("NTMEcho-v0").reward_threshold == 2.97


def test_it_has_a_suite_and_an_oracle_that_makes_no_error() -> None:
    suite = find_suite("echo")

    results = evaluate(OracleAgent(Echo()), suite, episodes=5)

    assert list(SUITES)[-1] == "echo"
    assert [point.label for point in suite.points] == ["4", "100"]
    assert all(not point.bit_errors_per_sequence.any() for point in results.points.values())


def test_it_has_a_page_with_scores() -> None:
    ids = [env_id for env_id, _ in RECORD.environments()]

    page = environment_pages.make_page("echo", measure_scores(ids))

    assert page.startswith("# Echo\n")
    assert all(f"`{env_id}`" in page for env_id in ids)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_has_a_recipe_for_it(network: str) -> None:
    recipe = find_recipe(f"echo/{network}")

    assert recipe.make_task() == Echo()
    assert recipe.make_network_options()["input_size"] == 1


def test_afterwards_it_is_listed_with_the_others() -> None:
    assert "echo" in RECORDS
    assert {"NTMEcho-v0", "NTMEchoSmall-v0", "NTMEchoLong-v0"} <= ENVIRONMENTS.keys()
