"""Learning from reward alone: one preset, one seed, a curve and published weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import torch
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.distributions import BernoulliDistribution
from stable_baselines3.common.utils import obs_as_tensor

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import count_parameters
from ntm_agents.sb3.algorithm import build_algorithm
from ntm_agents.sb3.curve import EVALUATION, right_bits
from ntm_agents.sb3.environments import env_point
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.ppo_run import POINTS_IN_CURVE, PPORun
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.published import name_of, save_policy
from ntm_agents.sb3.tensorboard import log_to_tensorboard
from ntm_agents.sb3.weights import to_network
from ntm_agents.training.devices import describe_device, find_device, find_versions
from ntm_agents.training.run_folder import RunFolder
from ntm_gym.files import read_json, write_json

_PUBLISHED = (
    "steps",
    "sequences",
    "updates",
    "wall_time_s",
    "command",
    "machine",
    "versions",
)


def learn(
    preset: PPOPreset,
    seed: int,
    output: Path,
    policy: type[RecurrentActorCriticPolicy] = NTMPolicy,
    policy_kwargs: dict[str, Any] | None = None,
    command: str = "",
    *,
    device: str = "cpu",
    checkpoint_every: int | None = None,
    show_progress: bool = False,
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Train a policy by reward alone, or go on where the last call stopped, and publish it.

    Stopped at any moment and called again, it ends with the weights and the curve of a run
    that was never stopped, bit for bit on the same machine.

    Args:
        preset: The run.
        seed: Of environments, weights and batches.
        output: Its folder, for ``curve.json``, ``config.json``, the checkpoint and the
            published weights ``model.safetensors``: of an `NTMPolicy` the network, see
            `save_checkpoint`; of any other the policy, see `save_policy`.
        policy: Kind of policy; any but `NTMPolicy` learns with stock ``RecurrentPPO``.
        policy_kwargs: Its arguments, ready for JSON; the preset's machine if None.
        command: What was typed, kept in the description.
        device: Where to train, as torch names it.
        checkpoint_every: Steps of all environments between two checkpoints, which are written
            between rollouts; a fiftieth of the run if None.
        show_progress: Draw a progress bar on standard error.
        tensorboard: Write what Stable-Baselines3 logs to the folder ``tensorboard``.

    Returns:
        What ``curve.json`` holds; of a finished run, without training.

    Raises:
        ValueError: If the folder holds something else, or an argument is impossible.
        FloatingPointError: If weights or actions stop being finite; nothing is published.
        OSError: If the folder cannot be written.
    """
    if checkpoint_every is None:
        checkpoint_every = max(1, preset.total_steps // POINTS_IN_CURVE)
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1, not {checkpoint_every}")
    if policy_kwargs is None:
        policy_kwargs = {"ntm_kwargs": dict(preset.ntm_kwargs)}
    model = build_algorithm(preset, seed, policy, policy_kwargs, find_device(device))
    config = {
        "algorithm": "ppo",
        "policy": name_of(policy),
        "policy_kwargs": policy_kwargs,
        "preset": dataclasses.asdict(preset),
        "seed": seed,
    }
    with RunFolder(output, config) as folder:
        curve = output / "curve.json"  # written last: a run that has it is finished
        if curve.exists():
            return read_json(curve)
        run = PPORun(preset, folder, checkpoint_every, show_progress)
        try:
            _train(model, run, preset.total_steps, folder.tensorboard if tensorboard else None)
        finally:
            run.close()
        trained = model.policy
        assert isinstance(trained, RecurrentActorCriticPolicy)
        times = {name: round(seconds, 1) for name, seconds in run.times().items()}
        outcome = {
            "env_id": preset.env_id,
            "policy": policy.__name__,
            "policy_kwargs": policy_kwargs,
            "parameters": count_parameters(trained),
            "seed": seed,
            "steps": model.num_timesteps,
            "sequences": run.finished_episodes,
            "updates": model._n_updates
            * -(-preset.num_envs * preset.n_steps // preset.batch_size),
            "preset": dataclasses.asdict(preset),
            "right_bits": right_bits(trained, preset.env_id, EVALUATION),
            "curve": run.points,
            **times,
            "command": command,
            "machine": describe_device(model.device),
            "versions": find_versions("stable-baselines3", "sb3-contrib"),
        }
        _publish(folder.model, trained, outcome)
        write_json(curve, outcome)
    return outcome


def _train(model: RecurrentPPO, run: PPORun, total_steps: int, events: Path | None) -> None:
    """Learn to the end, from the checkpoint if there is one."""
    restored = run.restore(model)
    try:
        with log_to_tensorboard(model, events):
            model.learn(
                total_steps - restored * model.num_timesteps,
                callback=run,
                reset_num_timesteps=not restored,
            )
    except (RuntimeError, ValueError) as error:  # how torch refuses probabilities that are NaN
        run.check_finite()
        if _actions_are_finite(model):
            raise
        raise run.not_finite("the probabilities of actions") from error
    run.check_finite()
    run.note()


@torch.no_grad()
def _actions_are_finite(model: RecurrentPPO) -> bool:
    """Return whether the next actions have probabilities, as far as can be told."""
    policy, states, seen = model.policy, model._last_lstm_states, model._last_obs
    assert isinstance(policy, RecurrentActorCriticPolicy)
    if states is None or seen is None:
        return True
    starts = torch.tensor(model._last_episode_starts, dtype=torch.float32, device=model.device)
    observations: Any = obs_as_tensor(seen, model.device)
    try:
        distribution, _ = policy.get_distribution(observations, states.pi, starts)
    except ValueError:
        return False
    if not isinstance(distribution, BernoulliDistribution):
        return True
    return bool(distribution.distribution.logits.isfinite().all())


def _publish(path: Path, policy: RecurrentActorCriticPolicy, outcome: dict[str, Any]) -> None:
    point = env_point(outcome["env_id"])
    about = {
        "parameters": outcome["parameters"],
        "task": {"name": point.task, "parameters": point.make_task().parameters()},
        "train_seed": outcome["seed"],
        "track": "reward only",
        **{name: outcome[name] for name in _PUBLISHED},
    }
    if not isinstance(policy, NTMPolicy):
        save_policy(path, policy, about | {"policy_kwargs": outcome["policy_kwargs"]})
        return
    network = to_network(policy)
    options = {name: getattr(network.config, name) for name in network.config.__annotations__}
    about |= {
        "network": "ntm_agents:NTM",
        "options": options,
        "parameters": count_parameters(network),
    }
    save_checkpoint(path, network, about)
