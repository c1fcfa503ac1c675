"""``ntm-gym play``: watch an agent play one episode."""

from __future__ import annotations

import argparse
import contextlib

import gymnasium
import numpy as np

from ntm_gym.envs.rendering import RENDER_MODES
from ntm_gym.envs.sequence_env import SequenceEnv
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS, load_agent


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command's arguments."""
    parser = subparsers.add_parser("play", help="watch an agent play one episode")
    parser.add_argument("env_id", metavar="ID", help="a registered environment")
    parser.add_argument(
        "--agent", default="oracle", help="a reference agent or a checkpoint's .safetensors"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the episode")
    parser.add_argument(
        "--render-mode", default="ansi", choices=["ansi", "human"], help="text or a window"
    )
    parser.add_argument(
        "--trust", action="append", default=[], metavar="PACKAGE.MODULE:FACTORY"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play, draw the whole episode, and say how it went."""
    if args.seed < 0:
        raise ValueError(f"--seed must not be negative, not {args.seed}")
    with contextlib.closing(make_env(args.env_id, args.render_mode)) as env:
        agent = load_agent(args.agent, env.task, TRUSTED_NETWORKS | set(args.trust))
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


def make_env(env_id: str, render_mode: str | None = None) -> SequenceEnv:
    """Make one of this package's environments, without wrappers.

    Args:
        env_id: A registered environment.
        render_mode: See `SequenceEnv`.

    Raises:
        ValueError: If there is no such environment.
        ModuleNotFoundError: If a window is asked for and pygame is not installed.
    """
    if render_mode == "human" and "human" not in RENDER_MODES:
        raise ModuleNotFoundError("a window needs pygame", name="pygame")
    try:
        env = gymnasium.make(env_id).unwrapped
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise ValueError(f"{env_id!r} must be a registered environment: {error}") from error
    if not isinstance(env, SequenceEnv):
        raise ValueError(f"{env_id!r} must be an environment of ntm-gym")
    if render_mode is not None:
        env = gymnasium.make(env_id, render_mode=render_mode).unwrapped
        assert isinstance(env, SequenceEnv)
    return env
