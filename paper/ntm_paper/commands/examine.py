"""``ntm-paper examine``: how reliably a recipe and its variants learn, and how far it holds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ntm_agents.training.layout import RUNS
from ntm_gym.evaluation.suites import find_suite
from ntm_paper.reliability import examine, find_runs, read_records, task_of, write_records
from ntm_paper.reliability_tables import generalizing_table, learning_table


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = subparsers.add_parser("examine", help="evaluate a recipe and its variants")
    parser.add_argument("--recipe", required=True, help="name of the recipe")
    parser.add_argument("--runs", type=Path, default=RUNS, help="folder of all runs")
    parser.add_argument("--episodes", type=int, help="episodes a point; all by default")
    parser.add_argument("--records", type=Path, required=True, help="folder for the records")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate a recipe's runs and its variants', keep the records, print both tables."""
    path = args.records / f"{args.recipe.replace('/', '-')}.json"
    known = read_records(path) if path.exists() else []
    if not find_runs(args.runs, args.recipe):
        raise ValueError(f"there is no finished run of {args.recipe!r} in {args.runs}")
    records = examine(
        args.runs,
        args.recipe,
        known,
        args.episodes,
        lambda label: print(label, file=sys.stderr),
    )
    write_records(path, args.recipe, records)
    labels = [point.label for point in find_suite(task_of(args.recipe)).points[1:]]
    print(learning_table(records))
    print()
    print(generalizing_table(records, labels))
    return 0
