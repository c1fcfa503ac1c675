"""``ntm-gym evaluate``: judge one agent."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

from ntm_gym.commands.progress import Progress
from ntm_gym.commands.threads import use_one_thread
from ntm_gym.evaluation.agent import Agent, resize
from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS, load_agent
from ntm_gym.evaluation.results import Results
from ntm_gym.evaluation.suites import SUITES, Suite, find_suite
from ntm_gym.files import write_json
from ntm_gym.leaderboard.scores import oracle_results
from ntm_gym.leaderboard.tables import METRICS, Row, format_table
from ntm_gym.markdown import format_markdown


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
    parser.add_argument(
        "--memory-size", type=int, help="locations of the memory; those of the checkpoint"
    )
    parser.add_argument("--output", type=Path, help="write raw results to this JSON file")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the tables, and write the raw results if asked."""
    use_one_thread()
    suite = find_suite(args.suite)
    trusted = TRUSTED_NETWORKS | set(args.trust)
    agent = load_agent(args.agent, suite.trained.make_task(), trusted)
    if args.memory_size is not None:
        agent = cast(Agent, resize(agent, args.memory_size))
    with Progress("evaluating", len(suite.points)) as progress:
        results = evaluate(
            agent, suite, args.episodes, args.num_envs, args.step_by_step, progress.advance
        )
    if args.output is not None:
        write_json(args.output, {"agent": args.agent, **results.to_json()}, indent=None)
    print_tables([reference_row(args.agent, results)], suite)
    print(f"\nOther measures\n\n{_other_measures(results, args.episodes)}")
    return 0


def reference_row(name: str, results: Results) -> Row:
    """Return the row of an agent that was judged here."""
    return Row(name, None, None, [results.points])


def print_tables(rows: list[Row], suite: Suite) -> None:
    """Print a table for each metric."""
    labels = [point.label for point in suite.points]
    for metric, title in METRICS.items():
        print(f"\n{title}, with 95 % intervals\n\n{format_table(rows, labels, metric)}")


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
