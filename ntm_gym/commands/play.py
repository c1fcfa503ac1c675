"""``ntm-gym play``: watch an agent play one episode."""

from __future__ import annotations

import argparse
import contextlib

import numpy as np

from ntm_gym.commands import options
from ntm_gym.envs.making import make_env
from ntm_gym.evaluation.loading import load_agent


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("play", help="watch an agent play one episode")
    parser.add_argument("env_id", metavar="ID", help="a registered environment")
    parser.add_argument(
        "--agent",
        default="oracle",
        help="a reference agent, oracle by default, or a checkpoint's .safetensors",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the episode; 0 by default")
    parser.add_argument(
        "--render-mode",
        default="ansi",
        choices=["ansi", "human"],
        help="text, the default, or a window",
    )
    options.add_trust(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play, draw the whole episode, and say how it went."""
    if args.seed < 0:
        raise ValueError(f"--seed must not be negative, not {args.seed}")
    with contextlib.closing(make_env(args.env_id, args.render_mode)) as env:
        agent = load_agent(args.agent, env.task, options.trusted_networks(args))
        observation, info = env.reset(seed=args.seed)
        state, episode_start = None, np.ones(1, np.bool_)
        total, terminated = 0.0, False
        while not terminated and not env.window_closed:
            action, state = agent.predict(observation[None], state, episode_start)
            observation, reward, terminated, _, info = env.step(action[0])
            episode_start = np.zeros(1, np.bool_)
            total += reward
        if args.render_mode == "ansi":
            print(env.render())
    so_far = "" if terminated else " until the window was closed"
    print(
        f"{args.agent} on {args.env_id}: {info['bit_errors']} of {info['num_target_bits']} "
        f"bits wrong, return {total:g}, key {info['key']}{so_far}"
    )
    return 0
