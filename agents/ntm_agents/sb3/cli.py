"""``ntm-train --algorithm ppo``."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import sys
from pathlib import Path

import torch
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy

from ntm_agents.sb3.learning import learn
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.presets import find_preset
from ntm_agents.training.cli import parse_options


def run(parsed: argparse.Namespace, command: str) -> int:
    """Learn from reward alone.

    Args:
        parsed: Options of ``ntm-train``.
        command: What was typed.

    Returns:
        Exit code: 0, or 2 after a user's error.
    """
    try:
        preset = find_preset(parsed.env)
        if parsed.steps is not None:
            preset = dataclasses.replace(preset, total_steps=parsed.steps)
        policy = _find_policy(parsed.policy)
        options = parse_options(parsed.option)
        if issubclass(policy, NTMPolicy):
            options = {"ntm_kwargs": {**preset.ntm_kwargs, **options}}
        seed = 1 if parsed.seed is None else parsed.seed
        output = Path(parsed.output or f"runs/{preset.env_id}/{policy.__name__}/seed-{seed}")
        torch.set_num_threads(parsed.threads)
        outcome = learn(preset, seed, output, policy, options, command)
    except (ValueError, OSError) as error:
        print(f"ntm-train: {error}", file=sys.stderr)
        return 2
    print(
        f"{outcome['steps']:,} steps in {outcome['wall_time_s']:.0f} s: "
        f"{outcome['right_bits']:.2%} of held-out bits right; {output}"
    )
    return 0


def _find_policy(name: str) -> type[RecurrentActorCriticPolicy]:
    module, _, attribute = name.partition(":")
    try:
        policy = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"policy must be package.module:class, not {name!r}: {error}"
        ) from error
    if not (isinstance(policy, type) and issubclass(policy, RecurrentActorCriticPolicy)):
        raise ValueError(f"{name!r} must be a recurrent policy, not {policy!r}")
    return policy
