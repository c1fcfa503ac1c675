"""``ntm-gym evaluate``: judge one agent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

from ntm_gym.commands import options
from ntm_gym.evaluation.agent import Agent, resize
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import load_agent
from ntm_gym.evaluation.results import Results
from ntm_gym.evaluation.suites import find_suite
from ntm_gym.files import write_json
from ntm_gym.leaderboard.scores import oracle_results
from ntm_gym.markdown import format_markdown
from ntm_gym.terminal import progress, use_one_thread


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("evaluate", help="judge one agent on a suite")
    parser.add_argument(
        "--agent",
        required=True,
        help="oracle, memoryless, coin, silent, or the .safetensors file of a checkpoint",
    )
    options.add_suite(parser)
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.add_argument(
        "--num-envs", type=int, default=100, help="episodes played at once; 100 by default"
    )
    parser.add_argument(
        "--step-by-step", action="store_true", help="play through the environments"
    )
    options.add_trust(parser)
    parser.add_argument(
        "--memory-size",
        type=int,
        help="locations of the memory; by default those of the checkpoint",
    )
    parser.add_argument("--output", type=Path, help="write raw results to this JSON file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the tables, and write the raw results if there is an ``--output``."""
    from ntm_gym.leaderboard.tables import Row, format_tables

    use_one_thread()
    suite = find_suite(args.suite)
    task = suite.trained.make_task()
    agent = load_agent(args.agent, task, options.trusted_networks(args))
    if args.memory_size is not None:
        agent = cast(Agent, resize(agent, args.memory_size))
    with progress("evaluating", len(suite.points)) as advance:
        results = evaluate(
            agent, suite, args.episodes, args.num_envs, args.step_by_step, advance
        )
    if args.output is not None:
        write_json(args.output, {"agent": args.agent, **results.to_json()}, indent=None)
    print(format_tables([Row.of_reference(args.agent, results.points)], suite))
    print(f"\nOther measures\n\n{_other_measures(results, args.episodes)}")
    return 0


def _other_measures(results: Results, episodes: int | None) -> str:
    oracle = oracle_results(results.suite, episodes)
    lines = [["point", "exact rate", "mean return", "excess bits over the oracle"]]
    for label, point in results.points.items():
        excess = point.excess_bits(oracle.points[label])
        output_size = results.suite.find_point(label).make_task().output_size
        lines.append(
            [
                label,
                f"{point.exact_rate:.3f}",
                f"{point.mean_return(output_size):.4g}",
                "-" if excess is None else f"{excess:.4g}",
            ]
        )
    return format_markdown(lines)
