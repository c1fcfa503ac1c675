"""Runs from reward alone as a table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ntm_agents.sb3.curve import EVALUATION, HELD_OUT_EPISODES
from ntm_agents.sb3.environments import env_point
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.files import read_json
from ntm_gym.tasks.keyed_random import derive_keys


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """Return the ``curve.json`` files of a folder, under any names, in a fixed order."""
    runs = [read_json(path) for path in folder.rglob("*.json")]
    return sorted(runs, key=lambda run: (*_group(run), run["seed"]))


def learning_table(runs: Sequence[dict[str, Any]]) -> str:
    """Return runs as a Markdown table, one line for each environment and policy.

    Args:
        runs: In the order of `read_runs`.
    """
    lines = [
        "| environment | policy | parameters | steps | seeds | held-out bits right, by seed "
        "| steps to 90 % | steps to 99 % | CPU seconds | oracle |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for (env_id, policy), group in groupby(runs, _group):
        same = list(group)
        right = ", ".join(f"{run['right_bits']:.2%}" for run in same)
        lines.append(
            f"| {env_id} | {policy} | {same[0]['parameters']:,} | {same[0]['steps']:,} "
            f"| {', '.join(str(run['seed']) for run in same)} "
            f"| {right} "
            f"| {_steps_to(same, 0.9)} | {_steps_to(same, 0.99)} "
            f"| {statistics.median(run['cpu_time_s'] for run in same):.0f} "
            f"| {_oracle(env_id):.2%} |"
        )
    return "\n".join(lines)


def _group(run: dict[str, Any]) -> tuple[str, str]:
    return run["env_id"], run["policy"]


def _steps_to(runs: Sequence[dict[str, Any]], part: float) -> str:
    """Return the first measured step of each seed that got so many bits right."""
    reached = [
        next((point["steps"] for point in run["curve"] if point["right_bits"] >= part), None)
        for run in runs
    ]
    return ", ".join("never" if steps is None else f"{steps / 1000:.0f}k" for steps in reached)


def _oracle(env_id: str) -> float:
    """Return the part of the same bits that the best possible agent gets right."""
    point = env_point(env_id)
    agent = REFERENCE_AGENTS["oracle"](point.make_task())
    result = evaluate_point(
        agent, point, derive_keys(0, EVALUATION, 0, HELD_OUT_EPISODES), HELD_OUT_EPISODES
    )
    wrong = result.bit_errors_per_sequence.sum()
    return float(1 - wrong / result.target_bits_per_sequence.sum())
