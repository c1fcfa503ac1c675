"""``ntm-gym envs``: what is registered, and what known agents score there."""

from __future__ import annotations

import argparse

from ntm_gym.commands.play import make_env
from ntm_gym.commands.progress import Progress
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import reference_agents
from ntm_gym.evaluation.suites import Point, Suite
from ntm_gym.registration import ENVIRONMENTS

EPISODES = 1_000


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("envs", help="list the registered environments")
    parser.add_argument(
        "--scores", action="store_true", help="play the reference agents as well (a minute)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table with a line for each id."""
    print(scores_table() if args.scores else spaces_table())
    return 0


def spaces_table() -> str:
    """Return a Markdown table of ids, spaces and parameters."""
    lines = ["| id | observation | action | at most | parameters |", "|---|---|---|---|---|"]
    for env_id in ENVIRONMENTS:
        env = make_env(env_id)
        low, high = env.task.input_bounds
        parameters = ", ".join(f"{k}={v}" for k, v in env.task.parameters().items())
        lines.append(
            f"| {env_id} | {env.task.input_size} numbers from {low:.3g} to {high:.3g} "
            f"| {env.task.output_size} bits | {env.task.max_steps} steps | {parameters} |"
        )
    return "\n".join(lines)


def scores_table() -> str:
    """Return a Markdown table of what the reference agents score.

    Each cell holds the mean return with reward ``bits``, and the mean cost in bits, over
    `EPISODES` held-out episodes.
    """
    names = list(reference_agents())
    lines = [f"| id | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    with Progress("playing", len(ENVIRONMENTS)) as progress:
        for env_id in ENVIRONMENTS:
            cells = [_score(env_id, name) for name in names]
            lines.append(f"| {env_id} | {' | '.join(cells)} |")
            progress.advance(env_id)
    return "\n".join(lines)


def _score(env_id: str, agent_name: str) -> str:
    arguments = dict(ENVIRONMENTS[env_id])
    point = Point(env_id, arguments.pop("task"), arguments)
    task = point.make_task()
    suite = Suite(env_id, 1, (point,), EPISODES)
    found = evaluate(reference_agents()[agent_name](task), suite).points[env_id]
    cost = found.bits_per_sequence
    bits = "no probabilities" if cost is None else f"{cost.mean():.4g} bits"
    return f"{found.mean_return(task.output_size):.4g}, {bits}"
