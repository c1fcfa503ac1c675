"""Learning from reward alone: one preset, one seed, a curve and published weights."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import platform
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from gymnasium import spaces
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.policies import RecurrentActorCriticPolicy
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.distributions import BernoulliDistribution
from stable_baselines3.common.utils import obs_as_tensor
from tqdm import tqdm

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import count_parameters, reporting_failures
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.sb3.environments import env_point
from ntm_agents.sb3.policy import NTMPolicy
from ntm_agents.sb3.policy_agent import PolicyAgent
from ntm_agents.sb3.presets import PPOPreset
from ntm_agents.sb3.published import name_of, save_policy
from ntm_agents.sb3.run_folder import PPORunFolder
from ntm_agents.sb3.run_state import set_state, take_state
from ntm_agents.sb3.sequence_buffer import SequencePPO
from ntm_agents.sb3.tensorboard import log_to_tensorboard
from ntm_agents.sb3.vec_env import make_sb3_env
from ntm_agents.sb3.weights import to_network
from ntm_agents.training.devices import find_device
from ntm_gym.evaluation.evaluate import evaluate_point
from ntm_gym.files import read_json, write_json
from ntm_gym.tasks.keyed_random import derive_keys

__all__ = ["EVALUATION", "VALIDATION", "Curve", "env_point", "learn", "right_bits"]

VALIDATION, EVALUATION = 2, 1
_EPISODES = 256
_POINTS_IN_CURVE = 50
_LARGEST_STATES = 2**28
_LARGEST_SEED = 2**32 - 1  # of numpy's global generator, which Stable-Baselines3 seeds
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


def right_bits(
    policy: RecurrentActorCriticPolicy, env_id: str, stream: int = VALIDATION
) -> float:
    """Return the part of the target bits that deterministic actions get right.

    Args:
        policy: Is put into evaluation mode.
        env_id: The environment.
        stream: Which held-out episodes.
    """
    policy.set_training_mode(False)
    keys = derive_keys(0, stream, 0, _EPISODES)
    result = evaluate_point(PolicyAgent(policy), env_point(env_id), keys, _EPISODES)
    wrong = result.bit_errors_per_sequence.sum()
    return float(1 - wrong / result.target_bits_per_sequence.sum())


class Curve(BaseCallback):
    """Notes the part of right bits on held-out episodes after every so many steps.

    Args:
        env_id: The environment.
        every: Steps of all environments between two points.

    Attributes:
        points: What was noted.
        finished_episodes: Episodes learned from.
        next_point: Steps from which the next point is noted.
    """

    def __init__(self, env_id: str, every: int) -> None:
        """Begin an empty curve."""
        super().__init__()
        self._env_id, self._every, self.next_point = env_id, every, every
        self.points: list[dict[str, float]] = []
        self.finished_episodes = 0

    def _on_step(self) -> bool:
        self.finished_episodes += int(self.locals["dones"].sum())
        return True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self.next_point:
            self.note()
            self.next_point += self._every

    def note(self) -> None:
        """Add a point."""
        policy = self.model.policy
        assert isinstance(policy, RecurrentActorCriticPolicy)
        part = right_bits(policy, self._env_id)
        self.points.append({"steps": self.num_timesteps, "right_bits": round(part, 5)})


class _Run(Curve):
    """A curve that is kept in a checkpoint together with everything else, between rollouts."""

    def __init__(
        self, preset: PPOPreset, folder: PPORunFolder, checkpoint_every: int, show: bool
    ) -> None:
        super().__init__(preset.env_id, every=preset.total_steps // _POINTS_IN_CURVE)
        self._folder, self._checkpoint_every = folder, checkpoint_every
        self._total_steps = preset.total_steps
        self._next_checkpoint = checkpoint_every
        self._restored_at: int | None = None
        self._started, self._cpu_started = time.monotonic(), time.process_time()
        self._bar = tqdm(
            total=preset.total_steps, unit="step", disable=not show, mininterval=0.5
        )

    def times(self) -> dict[str, float]:
        """Return the seconds that the run took, over all sessions."""
        return {
            "wall_time_s": time.monotonic() - self._started,
            "cpu_time_s": time.process_time() - self._cpu_started,
        }

    def restore(self, model: RecurrentPPO) -> bool:
        """Go on from the checkpoint, if there is one; return whether there is."""
        found = self._folder.restore()
        if found is None:
            return False
        tensors, fields = found
        with self._folder.naming_checkpoint(), reporting_failures("it is not of this run"):
            set_state(model, tensors, fields["algorithm"])
            self.points, self.next_point = list(fields["curve"]), int(fields["next_point"])
            self.finished_episodes = int(fields["finished_episodes"])
            self._started -= fields["wall_time_s"]
            self._cpu_started -= fields["cpu_time_s"]
        self._restored_at = model.num_timesteps
        self._next_checkpoint = model.num_timesteps + self._checkpoint_every
        self._bar.update(model.num_timesteps)
        return True

    def check_finite(self) -> None:
        """Refuse weights that are not finite.

        Raises:
            FloatingPointError: If there are any.
        """
        tensors = self.model.policy.state_dict()
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise self.not_finite("weights")

    def not_finite(self, what: str) -> FloatingPointError:
        """Return the error for something that is not finite any more."""
        kept = f"; the last good checkpoint is in {self._folder.path}"
        return FloatingPointError(
            f"{what} must stay finite, but did not before step {self.model.num_timesteps}"
            f"{kept if self._folder.has_checkpoint else ''}"
        )

    def close(self) -> None:
        """Leave the progress bar as it is."""
        self._bar.close()

    def _on_rollout_start(self) -> None:
        if self.num_timesteps == self._restored_at:  # what follows was done before the stop
            return
        self.check_finite()
        super()._on_rollout_start()
        if self.num_timesteps >= self._next_checkpoint:
            self._save()
            self._next_checkpoint = self.num_timesteps + self._checkpoint_every

    def _on_rollout_end(self) -> None:
        self._bar.update(min(self.num_timesteps, self._total_steps) - self._bar.n)
        if self.points:
            self._bar.set_postfix(right_bits=f"{self.points[-1]['right_bits']:.2%}")

    def _save(self) -> None:
        assert isinstance(self.model, RecurrentPPO)
        tensors, fields = take_state(self.model)
        about = {
            "algorithm": fields,
            "curve": self.points,
            "next_point": self.next_point,
            "finished_episodes": self.finished_episodes,
            **self.times(),
        }
        self._folder.save(tensors, about)


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
        checkpoint_every = max(1, preset.total_steps // _POINTS_IN_CURVE)
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1, not {checkpoint_every}")
    if policy_kwargs is None:
        policy_kwargs = {"ntm_kwargs": dict(preset.ntm_kwargs)}
    model = _build(preset, seed, policy, policy_kwargs, find_device(device))
    config = {
        "algorithm": "ppo",
        "policy": name_of(policy),
        "policy_kwargs": policy_kwargs,
        "preset": dataclasses.asdict(preset),
        "seed": seed,
    }
    with PPORunFolder(output, config) as folder:
        if folder.outcome.exists():
            return read_json(folder.outcome)
        run = _Run(preset, folder, checkpoint_every, show_progress)
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
            "machine": _machine(model.device),
            "versions": {name: importlib.metadata.version(name) for name in _PACKAGES}
            | {"python": platform.python_version()},
        }
        _publish(folder.model, trained, outcome)
        write_json(folder.outcome, outcome)
    return outcome


def _build(
    preset: PPOPreset,
    seed: int,
    policy: type[RecurrentActorCriticPolicy],
    policy_kwargs: dict[str, Any],
    device: torch.device,
) -> RecurrentPPO:
    """Return the algorithm, ready to learn."""
    if not 0 <= seed <= _LARGEST_SEED:
        raise ValueError(f"seed must lie between 0 and {_LARGEST_SEED}, not be {seed}")
    env_point(preset.env_id)
    if issubclass(policy, NTMPolicy):
        _check_memory(preset.num_envs, policy_kwargs.get("ntm_kwargs") or {})
    env = make_sb3_env(preset.env_id, preset.num_envs)
    if isinstance(env.action_space, spaces.MultiBinary) and (
        policy.evaluate_actions is RecurrentActorCriticPolicy.evaluate_actions
    ):
        raise ValueError(
            f"policy {name_of(policy)} cannot learn bits, because of a defect of sb3-contrib; "
            f"ntm_baselines.sb3_lstm_policy:LSTMPolicy is that LSTM without it"
        )
    algorithm = SequencePPO if issubclass(policy, NTMPolicy) else RecurrentPPO
    what = f"policy {name_of(policy)} cannot be built with {policy_kwargs}"
    with reporting_failures(what), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of sizes that are refused right after
        return algorithm(
            policy,
            env,
            policy_kwargs=policy_kwargs,
            seed=seed,
            device=device,
            **preset.ppo_arguments(),
        )


def _check_memory(num_envs: int, ntm_kwargs: Mapping[str, Any]) -> None:
    """Refuse machines whose states for all environments would not fit."""
    config = NTMConfig(input_size=1, output_size=1, **ntm_kwargs)
    numbers = num_envs * (config.memory_size * config.word_size + config.controller_size)
    if numbers > _LARGEST_STATES:
        raise ValueError(
            f"the states of {num_envs} machines must not hold more than {_LARGEST_STATES:,} "
            f"numbers, but memory_size {config.memory_size}, word_size {config.word_size} and "
            f"controller_size {config.controller_size} make them hold {numbers:,}"
        )


def _train(model: RecurrentPPO, run: _Run, total_steps: int, events: Path | None) -> None:
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


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {torch.get_num_threads()} thread(s)"


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
