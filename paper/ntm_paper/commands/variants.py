"""``ntm-paper variants``: a recipe with one thing changed, several runs at once."""

from __future__ import annotations

import argparse

from ntm_agents.training.recipes import find_recipe
from ntm_paper.commands.running import add_training_options, finish
from ntm_paper.plan import expected_seconds
from ntm_paper.seeds import parse_seeds
from ntm_paper.sweep.jobs import make_job
from ntm_paper.variants import VARIANTS, differences, find_variant


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its arguments."""
    parser = subparsers.add_parser("variants", help="train a recipe with one thing changed")
    add_training_options(parser)
    parser.add_argument("--recipe", required=True, help="name of the recipe")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="VARIANT",
        help=f"one of {', '.join(VARIANTS)}; may be repeated; all by default",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train a recipe's variants, seeds 1 to 10 by default, except those that change nothing."""
    base = find_recipe(args.recipe)
    names = [
        name for name in args.only or VARIANTS if differences(find_variant(name)(base), base)
    ]
    jobs = [
        make_job(args.runs, args.recipe, seed, expected_seconds(args.recipe), name)
        for name in names
        for seed in parse_seeds(args.seeds) or range(1, 11)
    ]
    return finish(args, jobs)
