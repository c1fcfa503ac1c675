"""The command ``ntm-train ppo``."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from ntm_agents import sb3
from ntm_agents.command_line import (
    Numbers,
    add_assignments,
    add_run_options,
    parse_options,
)
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.sb3.environments import preset_for
from ntm_agents.sb3.learning import learn
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.published import find_policy
from ntm_agents.training.devices import find_threads
from ntm_gym.terminal import OneLineParser, run_command

_PROGRAM = "ntm-train ppo"
_NTM_POLICY = f"{sb3.__name__}:{NTMPolicy.__name__}"
_NUMBERS: Numbers = {
    "num_envs": (int, "episodes played at once"),
    "n_steps": (int, "steps of each environment in a rollout"),
    "batch_size": (int, "steps in a gradient step; of an NTM a multiple of --n-steps"),
    "n_epochs": (int, "passes over each rollout"),
    "learning_rate": (float, "of Adam"),
    "decay_fraction": (float, "part of the run over which the rate falls to 0, at its end"),
    "gamma": (float, "discount"),
    "gae_lambda": (float, "of generalized advantage estimation"),
    "ent_coef": (float, "weight of the entropy bonus"),
    "vf_coef": (float, "weight of the critic's loss"),
    "clip_range": (float, "how far the ratio of probabilities may leave 1"),
    "max_grad_norm": (float, "norm to which gradients are clipped"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn an environment from reward alone; called again, go on with it.

    Args:
        arguments: Command line behind ``ntm-train ppo``; the process's if None.

    Returns:
        Exit code: 0, 2 after a user's error, 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    stopped = "stopped; the same command goes on from the last checkpoint"
    return run_command(_PROGRAM, lambda: _run(given), stopped)


def _run(given: list[str]) -> int:
    parsed = _parser().parse_args(given)
    preset = _preset(parsed)
    policy = find_policy(parsed.policy)
    policy_kwargs = _policy_kwargs(policy, preset, parse_options(parsed.option))
    seed = parsed.seed
    output = parsed.output or Path(f"runs/{preset.env_id}/{policy.__name__}/seed-{seed}")
    torch.set_num_threads(find_threads(parsed.threads))
    outcome = learn(
        preset,
        seed,
        output,
        policy,
        policy_kwargs,
        shlex.join([*_PROGRAM.split(), *given]),
        device=parsed.device,
        checkpoint_every=parsed.checkpoint_every,
        show_progress=not parsed.quiet,
        tensorboard=parsed.tensorboard,
    )
    print(
        f"{outcome['steps']:,} steps in {outcome['wall_time_s']:.0f} s: "
        f"{outcome['right_bits']:.2%} of held-out bits right; {output}"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog=_PROGRAM,
        description="Learn an environment from reward alone, by PPO; stopped at any moment and "
        "called again, it goes on and ends as if it had not been stopped.",
        epilog="A policy without a preset of its own has the numbers that were tuned for the "
        "NTM, an environment without a preset untuned ones.",
    )
    parser.add_argument("--env", required=True, help="id of the environment")
    parser.add_argument(
        "--policy",
        default=_NTM_POLICY,
        metavar="PACKAGE.MODULE:CLASS",
        help="a recurrent policy (default: %(default)s)",
    )
    add_assignments(
        parser,
        "--option",
        "policy, of NTMPolicy also a field of NTMConfig",
        "those of the environment's preset",
    )
    parser.add_argument(
        "--steps",
        type=int,
        dest="total_steps",
        metavar="STEPS",
        help=f"steps of all environments together ({_default('total_steps')})",
    )
    add_run_options(parser, _NUMBERS, _default, "runs/ENV/POLICY/seed-SEED")
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        help="of environments, weights and batches (default: %(default)s)",
    )
    parser.add_argument(
        "--checkpoint-every",
        type=int,
        metavar="STEPS",
        help="write a checkpoint after the first rollout past so many steps (default: a "
        "fiftieth of the run)",
    )
    parser.add_argument(
        "--tensorboard",
        action="store_true",
        help="write events to FOLDER/tensorboard (default: none are written)",
    )
    return parser


def _default(name: str) -> str:
    [field] = [field for field in dataclasses.fields(PPOPreset) if field.name == name]
    return f"default: that of the environment's preset, else {field.default:,}"


def _preset(parsed: argparse.Namespace) -> PPOPreset:
    """Return the environment's preset with what was given on the command line."""
    preset = preset_for(parsed.env)
    changes = {
        name: value
        for name in ("total_steps", *_NUMBERS)
        if (value := getattr(parsed, name)) is not None
    }
    if changes.get("n_steps", 0) > 0 and "batch_size" not in changes:
        sequences = max(1, preset.batch_size // preset.n_steps)
        changes["batch_size"] = max(2, sequences * changes["n_steps"])
    return dataclasses.replace(preset, **changes)


def _policy_kwargs(
    policy: type[RecurrentActorCriticPolicy], preset: PPOPreset, options: dict[str, Any]
) -> dict[str, Any]:
    """Return the policy's arguments; of an `NTMPolicy`, fields of its machine among them."""
    if not issubclass(policy, NTMPolicy):
        return options
    fields = {field.name for field in dataclasses.fields(NTMConfig)}
    fields -= {"input_size", "output_size"}
    own = {"critic", "backend"}
    unknown = sorted(options.keys() - fields - own)
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)} must be a field of NTMConfig or an option of NTMPolicy: "
            f"{', '.join(sorted(fields | own))}"
        )
    ntm_kwargs = {name: options[name] for name in options if name in fields}
    rest = {name: options[name] for name in options if name in own}
    return {"ntm_kwargs": {**preset.ntm_kwargs, **ntm_kwargs}, **rest}


if __name__ == "__main__":
    sys.exit(main())
