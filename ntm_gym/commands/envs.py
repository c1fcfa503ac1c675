"""``ntm-gym envs``: what is registered."""

from __future__ import annotations

import argparse

import gymnasium

from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.registration import ENVIRONMENTS


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("envs", help="list the registered environments")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a line for each id."""
    for env_id in ENVIRONMENTS:
        env = gymnasium.make(env_id).unwrapped
        assert isinstance(env, SequenceEnv)
        print(f"{env_id:24} {env.task}  {env.observation_space} -> {env.action_space}")
    return 0
