"""How many steps a second the environments make, beside Gymnasium's own CartPole."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv, VectorEnv
from gymnasium.wrappers import OrderEnforcing, PassiveEnvChecker

from benchmarks.timing import interleave, medians
from ntm_gym.registration import ENVIRONMENTS

NUM_ENVS = 1_024
_SECONDS = 0.3
_CARTPOLE = "CartPole-v1"


def measure(rounds: int) -> dict[str, Any]:
    """Measure environment steps per second of CPU time, all contestants in every round.

    Args:
        rounds: Interleaved rounds; medians are reported.

    Returns:
        The result, ready for JSON.
    """
    ids = [env_id for env_id in ENVIRONMENTS if "Small" not in env_id and "Long" not in env_id]
    contestants: dict[str, Callable[[], float]] = {
        "cartpole": _vector(_CARTPOLE),
        "cartpole single": _single(gymnasium.make(_CARTPOLE)),
        "nothing single": _single(OrderEnforcing(PassiveEnvChecker(_Nothing()))),
    }
    for env_id in ids:
        contestants[f"{env_id} vector"] = _vector(env_id)
        contestants[f"{env_id} sync"] = _sync(env_id)
        contestants[f"{env_id} single"] = _single(gymnasium.make(env_id))
    rates = medians(interleave(contestants, rounds))
    return {
        "unit": "environment steps per second of CPU time, median of rounds",
        "num_envs": NUM_ENVS,
        "rounds": rounds,
        "steps_per_second": {name: round(rate) for name, rate in rates.items()},
        "machine": platform.platform(),
        "versions": {name: version(name) for name in ("ntm-gym", "gymnasium", "numpy")},
    }


def format_result(result: dict[str, Any]) -> str:
    """Return a result of `measure` as a Markdown table."""
    rates = result["steps_per_second"]
    ids = [name.removesuffix(" vector") for name in rates if name.endswith(" vector")]
    cartpole = rates["cartpole"]
    lines = [
        f"CartPoleVectorEnv: {cartpole / 1e6:.2f} M steps/s at num_envs {result['num_envs']}; "
        f"CartPole single: {rates['cartpole single'] / 1e3:.0f} k/s; "
        f"nothing: {rates['nothing single'] / 1e3:.0f} k/s",
        "",
        "| id | vector | x CartPole | x SyncVectorEnv | single, through make |",
        "|---|---|---|---|---|",
    ]
    for env_id in ids:
        vector, sync, single = (
            rates[f"{env_id} {kind}"] for kind in ("vector", "sync", "single")
        )
        lines.append(
            f"| {env_id} | {vector / 1e6:.2f} M/s | {vector / cartpole:.2f} "
            f"| {vector / sync:.0f} | {single / 1e3:.0f} k/s |"
        )
    return "\n".join(lines)


def _vector(env_id: str) -> Callable[[], float]:
    env = gymnasium.make_vec(env_id, NUM_ENVS, vectorization_mode="vector_entry_point")
    return _stepping(env, calls=400)


def _sync(env_id: str) -> Callable[[], float]:
    return _stepping(SyncVectorEnv([lambda: gymnasium.make(env_id)] * NUM_ENVS), calls=4)


def _stepping(env: VectorEnv[Any, Any, Any], calls: int) -> Callable[[], float]:
    env.reset(seed=0)
    env.action_space.seed(0)
    actions = [np.asarray(env.action_space.sample()) for _ in range(8)]

    def run() -> float:
        started, steps = time.process_time(), 0
        while time.process_time() - started < _SECONDS:
            for call in range(calls):
                env.step(actions[call % len(actions)])
            steps += calls * NUM_ENVS
        return steps / (time.process_time() - started)

    return run


class _Nothing(gymnasium.Env[np.ndarray[Any, Any], Any]):
    """Does nothing, forever: what is left is the cost of the wrappers that make adds."""

    observation_space = spaces.Box(0, 1, (1,), np.float32)
    action_space = spaces.MultiBinary(1)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> Any:
        return np.zeros(1, np.float32), 0.0, False, False, {}


def _single(env: gymnasium.Env[Any, Any]) -> Callable[[], float]:
    env.reset(seed=0)
    action = env.action_space.sample()

    def run() -> float:
        started, steps = time.process_time(), 0
        while time.process_time() - started < _SECONDS:
            for _ in range(1_000):
                if env.step(action)[2]:
                    env.reset()
            steps += 1_000
        return steps / (time.process_time() - started)

    return run
