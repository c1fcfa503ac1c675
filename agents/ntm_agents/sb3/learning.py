"""Learning from reward alone: one preset, one seed, a curve and a published network."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import time
from pathlib import Path
from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import count_parameters
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.policy_agent import PolicyAgent
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.sequence_buffer import SequencePPO
from ntm_agents.sb3.vec_env import make_sb3_env
from ntm_agents.sb3.weights import to_network
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.evaluation.suites import Point
from ntm_gym.files import write_json
from ntm_gym.registration import ENVIRONMENTS
from ntm_gym.tasks.keyed_random import derive_keys

VALIDATION, EVALUATION = 2, 1
_EPISODES = 256
_PUBLISHED = (
    "steps",
    "sequences",
    "updates",
    "wall_time_s",
    "command",
    "machine",
    "versions",
)
_PACKAGES = ("ntm-gym", "torch", "numpy", "gymnasium", "stable-baselines3", "sb3-contrib")


def env_point(env_id: str) -> Point:
    """Return the difficulty of a registered environment."""
    arguments = dict(ENVIRONMENTS[env_id])
    return Point(env_id, arguments.pop("task"), arguments)


def right_bits(
    policy: RecurrentActorCriticPolicy, env_id: str, stream: int = VALIDATION
) -> float:
    """Return the part of the target bits that deterministic actions get right.

    Args:
        policy: Whom.
        env_id: On what.
        stream: Which held-out episodes.
    """
    keys = derive_keys(0, stream, 0, _EPISODES)
    result = evaluate_point(PolicyAgent(policy), env_point(env_id), keys, _EPISODES)
    wrong = result.bit_errors_per_sequence.sum()
    return float(1 - wrong / result.target_bits_per_sequence.sum())


class Curve(BaseCallback):
    """Notes the part of right bits on held-out episodes after every so many steps.

    Args:
        env_id: On what.
        every: Steps of all environments between two points.

    Attributes:
        points: What was noted.
        finished_episodes: Episodes learned from.
    """

    def __init__(self, env_id: str, every: int) -> None:
        """Begin an empty curve."""
        super().__init__()
        self._env_id, self._every, self._next = env_id, every, every
        self.points: list[dict[str, float]] = []
        self.finished_episodes = 0

    def _on_step(self) -> bool:
        self.finished_episodes += int(self.locals["dones"].sum())
        return True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._next:
            self.note()
            self._next += self._every

    def note(self) -> None:
        """Add a point."""
        policy = self.model.policy
        assert isinstance(policy, RecurrentActorCriticPolicy)
        part = right_bits(policy, self._env_id)
        self.points.append({"steps": self.num_timesteps, "right_bits": round(part, 5)})


def learn(
    preset: PPOPreset,
    seed: int,
    output: Path,
    policy: type[RecurrentActorCriticPolicy] = NTMPolicy,
    policy_kwargs: dict[str, Any] | None = None,
    command: str = "",
) -> dict[str, Any]:
    """Train a policy by reward alone and write down how it went.

    Args:
        preset: The run.
        seed: Of environments, weights and batches.
        output: Folder for ``curve.json`` and, of an `NTMPolicy`, the published network
            ``model.safetensors``.
        policy: Kind of policy; any but `NTMPolicy` learns with stock ``RecurrentPPO``.
        policy_kwargs: Its arguments; the preset's machine if None.
        command: What was typed, kept in the description.

    Returns:
        What ``curve.json`` holds.

    Raises:
        ValueError: If the folder holds a run already.
    """
    description = output / "curve.json"
    if description.exists():
        raise ValueError(f"{output} must not hold a run yet, but {description} exists")
    if policy_kwargs is None:
        policy_kwargs = {"ntm_kwargs": dict(preset.ntm_kwargs)}
    algorithm = SequencePPO if issubclass(policy, NTMPolicy) else RecurrentPPO
    model = algorithm(
        policy,
        make_sb3_env(preset.env_id, preset.num_envs),
        policy_kwargs=policy_kwargs,
        seed=seed,
        device="cpu",
        **preset.ppo_arguments(),
    )
    curve = Curve(preset.env_id, every=preset.total_steps // 50)
    started, used = time.monotonic(), time.process_time()
    model.learn(preset.total_steps, callback=curve)
    curve.note()
    trained = model.policy
    assert isinstance(trained, RecurrentActorCriticPolicy)
    outcome = {
        "env_id": preset.env_id,
        "policy": policy.__name__,
        "policy_kwargs": policy_kwargs,
        "parameters": count_parameters(trained),
        "seed": seed,
        "steps": model.num_timesteps,
        "sequences": curve.finished_episodes,
        "updates": model._n_updates * -(-preset.num_envs * preset.n_steps // preset.batch_size),
        "preset": dataclasses.asdict(preset),
        "right_bits": right_bits(trained, preset.env_id, EVALUATION),
        "curve": curve.points,
        "wall_time_s": round(time.monotonic() - started, 1),
        "cpu_time_s": round(time.process_time() - used, 1),
        "command": command,
        "machine": f"{platform.machine()}, {torch.get_num_threads()} thread(s)",
        "versions": {name: importlib.metadata.version(name) for name in _PACKAGES}
        | {"python": platform.python_version()},
    }
    if isinstance(trained, NTMPolicy):
        _publish(output / "model.safetensors", trained, outcome)
    write_json(description, outcome)
    return outcome


def _publish(path: Path, policy: NTMPolicy, outcome: dict[str, Any]) -> None:
    network = to_network(policy)
    point = env_point(outcome["env_id"])
    options = {name: getattr(network.config, name) for name in network.config.__annotations__}
    save_checkpoint(
        path,
        network,
        {
            "network": "ntm_agents:NTM",
            "options": options,
            "parameters": count_parameters(network),
            "task": {"name": point.task, "parameters": point.make_task().parameters()},
            "train_seed": outcome["seed"],
            "track": "reward only",
            **{name: outcome[name] for name in _PUBLISHED},
        },
    )
