"""``ntm-gym evaluate``: judge one agent."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

from ntm_gym.commands.progress import Progress
from ntm_gym.evaluation.agent import Agent
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.results import Results
from ntm_gym.evaluation.suites import SUITES, Suite, find_suite
from ntm_gym.files import write_json
from ntm_gym.leaderboard.table import METRICS, Row, format_table
from ntm_gym.leaderboard.verification import TRUSTED_NETWORKS, load_agent
from ntm_gym.tasks import Task


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("evaluate", help="judge one agent on a suite")
    parser.add_argument(
        "--agent",
        required=True,
        help="oracle, memoryless, coin, silent, or the .safetensors file of a checkpoint",
    )
    parser.add_argument("--suite", default="copy", help=f"one of {', '.join(SUITES)}")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.add_argument("--num-envs", type=int, default=100, help="episodes played at once")
    parser.add_argument(
        "--step-by-step", action="store_true", help="play through the environments"
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="PACKAGE.MODULE:FACTORY",
        help="a network that checkpoints may name; its code will be run",
    )
    parser.add_argument("--output", type=Path, help="write raw results to this JSON file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the table, and write the raw results if asked."""
    suite = find_suite(args.suite)
    if args.agent in reference_agent_names():
        agent = make_reference_agent(args.agent, suite.points[0].make_task())
    else:
        agent = load_agent(Path(args.agent), TRUSTED_NETWORKS | set(args.trust))
    with Progress("evaluating", len(suite.points)) as progress:
        results = evaluate(
            agent, suite, args.episodes, args.num_envs, args.step_by_step, progress.advance
        )
    if args.output is not None:
        write_json(args.output, results.to_json())
    print_tables([reference_row(args.agent, results)], suite)
    return 0


def reference_agent_names() -> list[str]:
    """Return the names of the agents whose scores are known."""
    return list(_reference_agents())


def make_reference_agent(name: str, task: Task) -> Agent:
    """Build an agent whose scores are known.

    Args:
        name: One of `reference_agent_names`.
        task: The task it will play.
    """
    return _reference_agents()[name](task)


def reference_row(name: str, results: Results) -> Row:
    """Return the row of an agent that was judged here."""
    return Row(name, None, None, [results.points])


def print_tables(rows: list[Row], suite: Suite) -> None:
    """Print a table for each metric."""
    labels = [point.label for point in suite.points]
    for metric, title in METRICS.items():
        print(f"\n{title}, with 95 % intervals\n\n{format_table(rows, labels, metric)}")


def _reference_agents() -> dict[str, Callable[..., Agent]]:
    agents: dict[str, Callable[..., Agent]] = importlib.import_module(
        "ntm_baselines.reference_agents"
    ).REFERENCE_AGENTS
    return agents
