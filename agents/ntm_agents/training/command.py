"""Options of ``ntm-train``, and what they make of a recipe."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from ntm_agents.command_line import (
    Numbers,
    add_assignments,
    add_run_options,
    parse_options,
)
from ntm_agents.training.config import FORMER_NAMES, TrainingConfig
from ntm_agents.training.layout import RUNS, run_folder
from ntm_agents.training.recipes import RECIPES, find_recipe
from ntm_gym.terminal import OneLineParser

_DEFAULTS = TrainingConfig()
_NUMBERS: Numbers = {
    "sequences": (int, "training sequences in all; with --solved-below, those after that"),
    "batch_size": (int, "sequences in each update"),
    "learning_rate": (float, "learning rate before its decay"),
    "decay_fraction": (float, "part of --sequences, at their end, over which the rate falls"),
    "solved_below": (float, "bits a sequence under which the task counts as solved"),
    "patience": (int, "sequences after which it counts as solved in any case"),
    "max_gradient_norm": (float, "longer gradients are scaled down to this norm"),
    "max_gradient_component": (float, "larger components of a gradient are clipped to this"),
    "weight_noise": (float, "standard deviation of noise on the weights, once solved"),
    "entropy_penalty": (float, "coefficient of the entropy of each head's weighting"),
    "augmentation": (float, "probability with which a training vector is blank or repeated"),
    "seed": (int, "of initial weights, training sequences and dropout"),
    "report_every": (int, "sequences between two validations, each with a checkpoint"),
}
_PENALTY_FROM = ("start", "solved")
_OF_PPO = ("--env", "--policy", "--steps")


def run(given: Sequence[str]) -> int:
    """Train by supervision.

    Args:
        given: Command line without the program's name.

    Returns:
        Exit code 0.

    Raises:
        ValueError: After a user's error.
        SystemExit: If the command line cannot be parsed, with code 2.
    """
    parsed = make_parser().parse_args(given)
    config = make_config(parsed)
    name = parsed.recipe or config.task
    output = parsed.output or run_folder(RUNS, name, config.seed)

    import torch

    from ntm_agents.checkpoints import read_description
    from ntm_agents.training.devices import find_threads
    from ntm_agents.training.loop import train

    torch.set_num_threads(find_threads(parsed.threads))
    command = shlex.join(["ntm-train", *given])
    model = train(config, output, parsed.device, command, not parsed.quiet, parsed.cuda_graph)
    description = read_description(model)
    print(
        f"{description['sequences']:,} sequences in {description['wall_time_s']:.0f} s: "
        f"{description['validation_bits_per_sequence']:.4f} bits per held-out sequence; {model}"
    )
    return 0


class _Parser(OneLineParser):
    """Says where the options are that only ``ntm-train ppo`` has."""

    def error(self, message: str) -> NoReturn:
        """Print the message and exit with code 2."""
        if message.startswith("unrecognized arguments:"):
            unknown = message.partition(":")[2].split()
            if any(word.partition("=")[0] in _OF_PPO for word in unknown):
                message += "; from reward alone learns ntm-train ppo"
            elif "ppo" in unknown:
                message += "; ppo must be the first argument"
        super().error(message)


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of ``ntm-train`` without a verb."""
    parser = _Parser(
        prog="ntm-train",
        description="Train a network on a task by supervision, exactly resumable. "
        "ntm-train ppo learns from reward alone; ntm-train ppo --help lists its options.",
    )
    parser.add_argument(
        "--recipe",
        help=f"start from one of {', '.join(RECIPES)} (default: from the defaults below)",
    )
    parser.add_argument("--task", help=f"name of the task ({_default('task')})")
    parser.add_argument("--network", help=f"package.module:factory ({_default('network')})")
    for option, what in (("--task-option", "task"), ("--option", "network")):
        add_assignments(parser, option, what, f"the recipe's, else the {what}'s own")
    runs = "runs/RECIPE/seed-SEED, without a recipe runs/TASK/seed-SEED"
    add_run_options(parser, _NUMBERS, _default, runs)
    parser.add_argument(
        "--entropy-penalty-from",
        choices=_PENALTY_FROM,
        help="add the entropy penalty from the start, or once the task counts as solved "
        f"({_default('entropy_penalty_from')})",
    )
    for former, name in FORMER_NAMES.items():
        arguments: dict[str, Any] = (
            {"type": float} if name in _NUMBERS else {"choices": _PENALTY_FROM}
        )
        option = f"--{former.replace('_', '-')}"
        parser.add_argument(option, dest=name, help=argparse.SUPPRESS, **arguments)
    parser.add_argument(
        "--cuda-graph",
        action="store_true",
        help="launch forward and backward as one CUDA graph; needs a cuda device "
        "(default: launch every operation)",
    )
    return parser


def make_config(parsed: argparse.Namespace) -> TrainingConfig:
    """Return the run that a command line asks for.

    Args:
        parsed: By `make_parser`.

    Raises:
        ValueError: If an option is impossible, or means nothing beside the others.
    """
    config = find_recipe(parsed.recipe) if parsed.recipe else TrainingConfig()
    changes: dict[str, Any] = {
        name: value
        for name in ("task", "network", "entropy_penalty_from", *_NUMBERS)
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
    _check_meaning(changes, config)
    config.make_network_options()
    return config


def _check_meaning(changes: dict[str, Any], config: TrainingConfig) -> None:
    """Refuse options that would change nothing."""
    for option, needed in (
        ("patience", "solved_below"),
        ("entropy_penalty_from", "entropy_penalty"),
    ):
        if option in changes and getattr(config, needed) is None:
            names = [name.replace("_", "-") for name in (option, needed)]
            raise ValueError(f"--{names[0]} means nothing without --{names[1]}")


def _default(name: str) -> str:
    """Return what holds without an option."""
    value = getattr(_DEFAULTS, name)
    return f"default: the recipe's, else {'none' if value is None else value}"
