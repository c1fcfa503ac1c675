"""The harness: any agent, any suite, the same numbers whichever way it is played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ntm_gym.envs.sequence_vector_env import SequenceVectorEnv
from ntm_gym.evaluation.agent import Agent, ProbabilisticAgent, SequenceAgent
from ntm_gym.evaluation.metrics import cost_in_bits, wrong_bits
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Point, Suite


def evaluate(
    agent: Agent,
    suite: Suite,
    episodes: int | None = None,
    num_envs: int = 100,
    step_by_step: bool = False,
    on_point: Callable[[str], None] = lambda label: None,
) -> Results:
    """Judge an agent on a suite.

    Args:
        agent: The agent to judge.
        suite: The episodes that it plays.
        episodes: How many of the suite's episodes a point, from the first; all if None.
        num_envs: Episodes played at once; the results do not depend on it.
        step_by_step: Play through the environments even where the agent could predict whole
            episodes; the results are the same.
        on_point: Called with each point's label when the point is done.

    Returns:
        Raw values for every episode.

    Raises:
        ValueError: If a number is out of range.
    """
    points = {}
    for point in suite.points:
        keys = suite.keys(point, episodes)
        points[point.label] = evaluate_point(agent, point, keys, num_envs, step_by_step)
        on_point(point.label)
    return Results(suite, points)


def evaluate_point(
    agent: Agent,
    point: Point,
    keys: NDArray[np.uint64],
    num_envs: int = 100,
    step_by_step: bool = False,
) -> PointResult:
    """Judge an agent on some episodes of a point.

    Keys may be split among processes: the results of the parts, one after the other, are the
    results of the whole.

    Args:
        agent: The agent to judge.
        point: The difficulty.
        keys: The episodes.
        num_envs: Episodes played at once; the results do not depend on it.
        step_by_step: Play through the environments; see `evaluate`.

    Returns:
        Raw values for every episode.

    Raises:
        ValueError: If ``num_envs`` is not positive, or probabilities do not fit.
    """
    if num_envs < 1:
        raise ValueError(f"num_envs must be at least 1, not {num_envs}")
    parts = [
        _play_whole_sequences(agent, point, keys[first : first + num_envs])
        if isinstance(agent, SequenceAgent) and not step_by_step
        else _play_step_by_step(agent, point, keys[first : first + num_envs])
        for first in range(0, len(keys), num_envs)
    ]
    return _concatenate(parts)


def _play_whole_sequences(
    agent: SequenceAgent, point: Point, keys: NDArray[np.uint64]
) -> PointResult:
    episodes = point.make_task().sample(keys)
    probabilities = np.asarray(agent.predict_sequences(episodes.inputs), np.float64)
    if probabilities.shape != episodes.targets.shape:
        raise ValueError(
            f"predict_sequences must return shape {episodes.targets.shape}, "
            f"not {probabilities.shape}"
        )
    scored = episodes.target_mask
    predicted = probabilities[scored]
    if not ((predicted >= 0) & (predicted <= 1)).all():
        raise ValueError("predict_sequences must return probabilities from 0 to 1")
    cost = np.where(scored, cost_in_bits(probabilities, episodes.targets), 0.0)
    return PointResult(
        cost.sum(1),
        (wrong_bits(probabilities, episodes.targets) * scored).sum(1),
        scored.sum(1) * episodes.targets.shape[2],
    )


def _play_step_by_step(agent: Agent, point: Point, keys: NDArray[np.uint64]) -> PointResult:
    """Play one episode in each environment; those that end early play on without counting."""
    probabilistic = isinstance(agent, ProbabilisticAgent)
    env = SequenceVectorEnv(
        len(keys),
        point.task,
        action="probability" if probabilistic else "bits",
        **point.parameters,
    )
    bits = np.zeros(len(keys))
    bit_errors = np.zeros(len(keys), np.int64)
    target_bits = np.zeros(len(keys), np.int64)
    finished = np.zeros(len(keys), np.bool_)
    observation, _ = env.reset(seed=0, options={"key": keys})
    episode_start = np.ones(len(keys), np.bool_)
    state = None
    while not finished.all():
        action: NDArray[np.generic]
        if isinstance(agent, ProbabilisticAgent):
            action, state = agent.predict_probabilities(observation, state, episode_start)
        else:
            action, state = agent.predict(observation, state, episode_start)
        observation, _, terminations, _, info = env.step(action)
        if probabilistic:
            cost = cost_in_bits(np.asarray(action, np.float64), info["target"])
            bits += np.where(finished | ~info["target_mask"], 0.0, cost)
        ending = terminations & ~finished
        bit_errors[ending] = info["bit_errors"][ending]
        target_bits[ending] = info["num_target_bits"][ending]
        finished |= terminations
        episode_start = np.zeros(len(keys), np.bool_)
    return PointResult(bits if probabilistic else None, bit_errors, target_bits)


def _concatenate(parts: list[PointResult]) -> PointResult:
    costs = [part.bits_per_sequence for part in parts]
    known = [cost for cost in costs if cost is not None]
    return PointResult(
        np.concatenate(known) if known else None,
        np.concatenate([part.bit_errors_per_sequence for part in parts]),
        np.concatenate([part.target_bits_per_sequence for part in parts]),
    )
