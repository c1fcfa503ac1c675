"""A gymnasium vector environment for Stable-Baselines3, which takes none by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from ntm_gym.registration import register_environments


class SB3VectorEnv(VecEnv):
    """Plays a gymnasium vector environment as Stable-Baselines3's ``VecEnv``.

    Where an episode has just ended, the information holds what the environment knew at its
    end, with ``terminal_observation``, ``TimeLimit.truncated`` and ``episode`` (return ``r``
    and length ``l``); elsewhere it is empty, because filling it would cost more than playing.

    Args:
        env: With autoreset mode SAME_STEP.

    Raises:
        ValueError: If the autoreset mode is another.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Take over the environment."""
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(f"the autoreset mode must be SAME_STEP, not {mode}")
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._actions: NDArray[Any] = np.empty(0)
        self._returns = np.zeros(env.num_envs)
        self._lengths = np.zeros(env.num_envs, np.int64)

    def reset(self) -> NDArray[Any]:
        """Begin episodes, with the seeds and options given since the last reset."""
        seeds: Any = self._seeds if any(seed is not None for seed in self._seeds) else None
        options = next((given for given in self._options if given), None)
        observations, _ = self.env.reset(seed=seeds, options=options)
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0, 0
        return np.asarray(observations)

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Answer one step everywhere; finished environments begin their next episode."""
        observations, rewards, terminations, truncations, info = self.env.step(self._actions)
        dones = terminations | truncations
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for index in np.flatnonzero(dones).tolist():
            final = info["final_info"]
            infos[index] = {
                **{name: final[name][index] for name in final if not name.startswith("_")},
                "terminal_observation": info["final_obs"][index],
                "TimeLimit.truncated": bool(truncations[index] and not terminations[index]),
                "episode": {
                    "r": float(self._returns[index]),
                    "l": int(self._lengths[index]),
                },
            }
        self._returns[dones], self._lengths[dones] = 0, 0
        return observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute of the vector environment, once for each index."""
        return [getattr(self.env, attr_name)] * len(self._chosen(indices))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refuse: all episodes share one environment.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"{attr_name} cannot be set: build another environment instead")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Refuse: there are no single environments to call.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(
            f"{method_name} cannot be called: there are no single environments"
        )

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for each index."""
        return [False] * len(self._chosen(indices))

    def _chosen(self, indices: int | Sequence[int] | None) -> Sequence[int]:
        return list(self._get_indices(indices))


def make_sb3_env(env_id: str, num_envs: int, **arguments: Any) -> SB3VectorEnv:
    """Make a registered environment for Stable-Baselines3.

    Args:
        env_id: For example ``"NTMCopySmall-v0"``.
        num_envs: Episodes played at once.
        **arguments: Of the environment.
    """
    register_environments()
    vector = gymnasium.make_vec(
        env_id,
        num_envs,
        vectorization_mode="vector_entry_point",
        autoreset_mode=AutoresetMode.SAME_STEP,
        **arguments,
    )
    return SB3VectorEnv(vector)
