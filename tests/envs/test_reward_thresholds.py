import gymnasium
import pytest

from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.reference_agents import OracleAgent
from ntm_gym.evaluation.suites import Point
from ntm_gym.registration import ENVIRONMENTS, REWARD_THRESHOLDS
from ntm_gym.tasks.keyed_random import derive_keys

EPISODES = [pytest.param(env_id, 200 if "Long" in env_id else 4_000) for env_id in ENVIRONMENTS]


@pytest.mark.parametrize(("env_id", "episodes"), EPISODES)
def test_the_threshold_is_99_percent_of_what_the_oracle_gets(
    env_id: str, episodes: int
) -> None:
    arguments = dict(ENVIRONMENTS[env_id])
    point = Point(env_id, arguments.pop("task"), arguments)
    task = point.make_task()
    keys = derive_keys(1, 1, 0, episodes)
    best = evaluate_point(OracleAgent(task), point, keys).mean_return(task.output_size)

    # Returns vary with the number of scored steps, in repeat copy as much as their mean.
    scored_steps = task.sample(keys).target_mask.sum(1)
    within = max(0.02 * best, 5 * scored_steps.std() / episodes**0.5)
    assert REWARD_THRESHOLDS[env_id] == pytest.approx(0.99 * best, abs=within)
    assert gymnasium.spec(env_id).reward_threshold == REWARD_THRESHOLDS[env_id]
