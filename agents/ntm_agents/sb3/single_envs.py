"""Access to the single environments of a vector environment, where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium
from gymnasium.vector import AsyncVectorEnv, VectorEnv
from stable_baselines3.common.env_util import is_wrapped
from stable_baselines3.common.vec_env import VecEnv


class SingleEnvs(VecEnv):
    """The methods of a ``VecEnv`` that reach single environments.

    Attributes:
        env: The vector environment.
    """

    env: VectorEnv[Any, Any, Any]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute of each environment.

        Where there are no single environments, it is the vector environment's, once for each.

        Raises:
            AttributeError: If there is none of this name.
        """
        chosen, single = self._chosen(indices), self._single_envs()
        if single is not None:
            return [single[index].get_wrapper_attr(attr_name) for index in chosen]
        if self._elsewhere() and attr_name != "render_mode":
            unwrapped: Any = self.env.unwrapped
            found = unwrapped.get_attr(attr_name)
            return [found[index] for index in chosen]
        return [getattr(self.env, attr_name)] * len(chosen)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of single environments.

        Raises:
            AttributeError: If there are no single environments.
        """
        chosen = self._chosen(indices)
        if self._elsewhere() and self._all(chosen):
            unwrapped: Any = self.env.unwrapped
            unwrapped.set_attr(attr_name, [value] * self.num_envs)
            return
        for env in self._reach(attr_name, "set", chosen):
            setattr(env, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of single environments.

        Raises:
            AttributeError: If there are no single environments, or no such method.
        """
        chosen = self._chosen(indices)
        if self._elsewhere() and self._all(chosen):
            unwrapped: Any = self.env.unwrapped
            return list(unwrapped.call(method_name, *method_args, **method_kwargs))
        return [
            env.get_wrapper_attr(method_name)(*method_args, **method_kwargs)
            for env in self._reach(method_name, "called", chosen)
        ]

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return for each index whether a wrapper lies around the single environment."""
        chosen, single = self._chosen(indices), self._single_envs()
        if single is None:
            return [False] * len(chosen)
        return [is_wrapped(single[index], wrapper_class) for index in chosen]

    def _single_envs(self) -> list[gymnasium.Env[Any, Any]] | None:
        """Return the single environments, where they are in this process."""
        envs = getattr(self.env.unwrapped, "envs", None)
        return list(envs) if envs is not None and len(envs) == self.num_envs else None

    def _elsewhere(self) -> bool:
        """Return whether the single environments are in other processes."""
        return isinstance(self.env.unwrapped, AsyncVectorEnv)

    def _reach(
        self, name: str, what: str, chosen: Sequence[int]
    ) -> list[gymnasium.Env[Any, Any]]:
        single = self._single_envs()
        if single is None:
            raise AttributeError(
                f"{name} cannot be {what} in environments {list(chosen)}: there are no single "
                f"environments in this process; build another vector environment instead"
            )
        return [single[index] for index in chosen]

    def _all(self, chosen: Sequence[int]) -> bool:
        return list(chosen) == list(range(self.num_envs))

    def _chosen(self, indices: int | Sequence[int] | None) -> Sequence[int]:
        return list(self._get_indices(indices))
