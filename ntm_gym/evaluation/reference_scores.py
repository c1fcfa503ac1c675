"""What the reference agents score in every environment, and tables of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import gymnasium

from ntm_gym.envs.making import make_env
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.registration import ENVIRONMENTS

EPISODES = 1_000
SCORES = Path(__file__).parents[1] / "reference_scores.json"
"""What `measure_scores` found, written by ``docs/_scripts/update_tables.py``."""

Scores = Mapping[str, Mapping[str, Mapping[str, float | None]]]
"""By id and agent: ``mean_return``, and ``bits`` (None without probabilities)."""


def spaces_table(scores: Scores) -> str:
    """Return a Markdown table of ids, spaces, parameters, and mean returns."""
    lines = [
        "| id | observation | action | at most | chance | oracle | parameters |",
        "|---|---|---|---|---|---|---|",
    ]
    for env_id in ENVIRONMENTS:
        env = make_env(env_id)
        observation, action = env.observation_space, env.action_space
        assert isinstance(observation, gymnasium.spaces.Box)
        low, high = observation.low.min(), observation.high.max()
        parameters = ", ".join(f"{k}={v}" for k, v in env.task.parameters().items())
        chance, oracle = (scores[env_id][agent]["mean_return"] for agent in ("coin", "oracle"))
        lines.append(
            f"| {env_id} | {observation.shape[0]} numbers from {low:.3g} to {high:.3g} "
            f"| {action} | {env.task.max_steps} steps | {chance:.4g} | {oracle:.4g} "
            f"| {parameters} |"
        )
    return "\n".join(lines)


def measure_scores(env_ids: Collection[str]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Play the reference agents.

    Args:
        env_ids: The environments.

    Returns:
        Mean return with reward ``bits``, and mean cost in bits, over `EPISODES` held-out
        episodes; see `Scores`.
    """
    return {
        env_id: {agent: _score(env_id, agent) for agent in REFERENCE_AGENTS}
        for env_id in env_ids
    }


def scores_table(scores: Scores) -> str:
    """Return a Markdown table of what `measure_scores` found."""
    agents = list(REFERENCE_AGENTS)
    lines = [f"| id | {' | '.join(agents)} |", "|---" * (len(agents) + 1) + "|"]
    for env_id, by_agent in scores.items():
        cells = [_format_score(by_agent[agent]) for agent in agents]
        lines.append(f"| {env_id} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _format_score(score: Mapping[str, float | None]) -> str:
    bits = score["bits"]
    cost = "no probabilities" if bits is None else f"{bits:.4g} bits"
    return f"{score['mean_return']:.4g}, {cost}"


def _score(env_id: str, agent_name: str) -> dict[str, float | None]:
    arguments = dict(ENVIRONMENTS[env_id])
    point = Point(env_id, arguments.pop("task"), arguments)
    task = point.make_task()
    suite = Suite(env_id, 1, (point,), EPISODES)
    found = evaluate(REFERENCE_AGENTS[agent_name](task), suite).points[env_id]
    cost = found.bits_per_sequence
    return {
        "mean_return": round(found.mean_return(task.output_size), 6),
        "bits": None if cost is None else round(float(cost.mean()), 6),
    }
