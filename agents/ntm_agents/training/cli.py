"""The command ``ntm-train``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from ntm_agents.checkpoints import read_description
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.layout import RUNS, run_folder
from ntm_agents.training.loop import train
from ntm_agents.training.recipes import RECIPES, find_recipe
from ntm_agents.training.variants import VARIANTS, find_variant

_NUMBERS = {
    "sequences": int,
    "batch_size": int,
    "learning_rate": float,
    "decay_fraction": float,
    "solved_below": float,
    "patience": int,
    "max_gradient_norm": float,
    "max_gradient_component": float,
    "weight_noise": float,
    "blur_penalty": float,
    "coincidences": float,
    "seed": int,
    "report_every": int,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Train one network; called again, go on with it.

    Args:
        arguments: Command line without the program's name; the process's if None.

    Returns:
        Exit code: 0, or 2 after a user's error.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["ppo"]:
        from ntm_agents.sb3 import cli

        return cli.main(given[1:])
    parsed = _parser().parse_args(given)
    try:
        config = _config(parsed)
        name = parsed.recipe or config.task
        output = parsed.output or run_folder(RUNS, name, config.seed, parsed.variant)
        torch.set_num_threads(parsed.threads)
        command = shlex.join(["ntm-train", *given])
        model = train(
            config, output, parsed.device, command, not parsed.quiet, parsed.cuda_graph
        )
        description = read_description(model)
    except (ValueError, OSError, FloatingPointError) as error:
        print(f"ntm-train: {error}", file=sys.stderr)
        return 2
    print(
        f"{description['sequences']:,} sequences in {description['wall_time_s']:.0f} s: "
        f"{description['validation_bits_per_sequence']:.4f} bits per held-out sequence; {model}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ntm-train",
        description="Train a network on a task by supervision, exactly resumable; "
        "ntm-train ppo learns an environment from reward alone.",
        allow_abbrev=False,
    )
    parser.add_argument("--recipe", help=f"start from one of {', '.join(RECIPES)}")
    parser.add_argument(
        "--variant", help=f"change the recipe in one respect: {', '.join(VARIANTS)}"
    )
    parser.add_argument("--task", help="name of the task")
    parser.add_argument("--network", help="package.module:factory")
    for option, what in (("task-option", "task"), ("option", "network")):
        parser.add_argument(
            f"--{option}",
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help=f"set an option of the {what}; may be repeated",
        )
    for name, kind in _NUMBERS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
    parser.add_argument(
        "--blur-penalty-from",
        choices=("start", "solved"),
        help="charge blur from the start, or once the task counts as solved",
    )
    parser.add_argument(
        "--output",
        type=Path,
        help="folder of the run; runs/RECIPE/seed-SEED by default, and for a variant "
        "runs/variants/RECIPE/VARIANT/seed-SEED",
    )
    parser.add_argument("--device", default="cpu", help="where to train, e.g. cuda")
    parser.add_argument(
        "--cuda-graph",
        action="store_true",
        help="launch forward and backward as one CUDA graph; needs a cuda device",
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads of torch")
    parser.add_argument("--quiet", action="store_true", help="draw no progress bar")
    return parser


def _config(parsed: argparse.Namespace) -> TrainingConfig:
    config = find_recipe(parsed.recipe) if parsed.recipe else TrainingConfig()
    if parsed.variant:
        config = find_variant(parsed.variant)(config)
    changes: dict[str, Any] = {
        name: value
        for name in ("task", "network", "blur_penalty_from", *_NUMBERS)
        if (value := getattr(parsed, name)) is not None
    }
    kept_task = (
        config.task_parameters if changes.get("task", config.task) == config.task else {}
    )
    kept_network = (
        config.network_options
        if changes.get("network", config.network) == config.network
        else {}
    )
    config = dataclasses.replace(
        config,
        **changes,
        task_parameters={**kept_task, **parse_options(parsed.task_option)},
        network_options={**kept_network, **parse_options(parsed.option)},
    )
    config.make_task()
    return config


def parse_options(assignments: Sequence[str]) -> dict[str, Any]:
    """Parse ``name=value``; a value is JSON where it can be, else text.

    Raises:
        ValueError: If there is no equals sign.
    """
    options: dict[str, Any] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise ValueError(f"an option must have the form NAME=VALUE, not {assignment!r}")
        try:
            options[name] = json.loads(value)
        except json.JSONDecodeError:
            options[name] = value
    return options


if __name__ == "__main__":
    sys.exit(main())
