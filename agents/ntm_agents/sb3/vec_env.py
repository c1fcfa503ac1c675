"""A gymnasium vector environment for Stable-Baselines3, which takes none by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn

from ntm_agents.sb3.infos import infos_of
from ntm_agents.sb3.single_envs import SingleEnvs

_FLAT = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
_ABOUT_FINAL = ("final_obs", "_final_obs", "final_info", "_final_info", "episode", "_episode")


class SB3VectorEnv(SingleEnvs):
    """Plays a gymnasium vector environment as Stable-Baselines3's ``VecEnv``.

    Information is what ``DummyVecEnv`` over the single environments gives: one dict for each
    environment, with ``TimeLimit.truncated``, and where an episode has just ended with what
    was known at its end and ``terminal_observation``; what the next episode began with is in
    ``reset_infos``. In addition every end has ``episode``, return ``r`` and length ``l``,
    unless the environment gives its own.

    Args:
        env: With autoreset mode SAME_STEP; its observations are a space without parts, or a
            Dict of such spaces, its actions a space without parts.
        step_infos: Whether there is information at every step. If not, which is faster, the
            dicts are empty but where an episode has ended, and ``reset_infos`` are of `reset`.

    Raises:
        ValueError: If the autoreset mode is another, or Stable-Baselines3 could not use the
            spaces.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], step_infos: bool = True) -> None:
        mode = env.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                f"the autoreset mode must be SAME_STEP, not {mode}; make the environment with "
                f"autoreset_mode=AutoresetMode.SAME_STEP"
            )
        _check_spaces(env.single_observation_space, env.single_action_space)
        self.env = env
        super().__init__(env.num_envs, env.single_observation_space, env.single_action_space)
        self._step_infos = step_infos
        self._under_way = False
        self._actions: NDArray[Any] = np.empty(0)
        self._returns = np.zeros(env.num_envs)
        self._lengths = np.zeros(env.num_envs, np.int64)

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Give options to the next reset.

        Args:
            options: The same for all environments, or one dict for each.

        Raises:
            ValueError: If there is not one dict for each.
        """
        if isinstance(options, Sequence) and len(options) != self.num_envs:
            raise ValueError(
                f"there must be one dict of options for each of {self.num_envs} environments, "
                f"not {len(options)}"
            )
        super().set_options(options)

    def reset(self) -> VecEnvObs:
        """Begin episodes, with the seeds and options given since the last reset.

        Raises:
            ValueError: If the environment does not take them.
        """
        seeds: Any = self._seeds if any(seed is not None for seed in self._seeds) else None
        groups = _equal_options(self._options)
        if len(groups) == 1:
            observations, info = self.env.reset(seed=seeds, options=self._options[0] or None)
            infos = infos_of(info, range(self.num_envs))
        else:
            observations, infos = self._reset_groups(seeds, groups)
        self.reset_infos = infos
        self._under_way = True
        self._reset_seeds()
        self._reset_options()
        self._returns[:], self._lengths[:] = 0, 0
        begun: VecEnvObs = _own(observations)
        return begun

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Answer one step everywhere; finished environments begin their next episode."""
        observations, rewards, terminations, truncations, info = self.env.step(self._actions)
        dones = terminations | truncations
        self._returns += rewards
        self._lengths += 1
        ended = np.flatnonzero(dones).tolist()
        if self._step_infos:
            infos = infos_of(info, range(self.num_envs))
            for step_info in infos:
                step_info["TimeLimit.truncated"] = False
        else:
            infos = [{} for _ in range(self.num_envs)]
        if ended:
            cut_short = (truncations & ~terminations).tolist()
            for index, final in zip(ended, self._final_infos(info, ended), strict=True):
                final["TimeLimit.truncated"] = cut_short[index]
                infos[index] = final
            if self._step_infos:
                begun = {name: info[name] for name in info if name not in _ABOUT_FINAL}
                for index, reset_info in zip(ended, infos_of(begun, ended), strict=True):
                    self.reset_infos[index] = reset_info
        self._returns[dones], self._lengths[dones] = 0, 0
        return _own(observations), np.asarray(rewards).astype(np.float32), dones, infos

    def close(self) -> None:
        """Close the environment."""
        self.env.close()

    def get_images(self) -> Sequence[NDArray[Any] | None]:
        """Return a picture of each environment."""
        frames: Any = self.env.render()
        return [None] * self.num_envs if frames is None else list(frames)

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return where every episode is; see `SequenceVectorEnv.get_state`.

        Raises:
            AttributeError: If the environment has no such method, or lies in wrappers, whose
                state would be missing.
        """
        env: Any = self.env
        if env is not env.unwrapped or not hasattr(env, "get_state"):
            raise AttributeError(f"the state of {env} cannot be taken: it has no get_state")
        state: dict[str, NDArray[Any]] = env.get_state()
        return state | {"returns": self._returns.copy(), "lengths": self._lengths.copy()}

    def set_state(self, state: dict[str, NDArray[Any]]) -> VecEnvObs:
        """Go on from a state that such an environment returned, and return observations.

        Raises:
            ValueError: If the state is not one of an environment like this.
        """
        counts = [np.asarray(state.get(name, ())) for name in ("returns", "lengths")]
        if any(count.shape != (self.num_envs,) for count in counts):
            raise ValueError(f"the state must be one of {self.num_envs} environments")
        env: Any = self.env
        observations: VecEnvObs = env.set_state(state)
        self._returns, self._lengths = counts[0].astype(float), counts[1].astype(np.int64)
        self._under_way = True
        return observations

    def _reset_groups(
        self, seeds: Any, groups: list[list[int]]
    ) -> tuple[VecEnvObs, list[dict[str, Any]]]:
        """Begin episodes, group by group of those that have the same options."""
        if not self._under_way:  # a mask is for environments that have an episode
            self.env.reset(seed=seeds)
        observations: Any = None
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for group in groups:
            mask = np.zeros(self.num_envs, np.bool_)
            mask[group] = True
            options = {**self._options[group[0]], "reset_mask": mask}
            observations, info = self.env.reset(seed=seeds, options=options)
            for index, part in zip(group, infos_of(info, group), strict=True):
                infos[index] = part
        return observations, infos

    def _final_infos(self, info: dict[str, Any], ended: list[int]) -> list[dict[str, Any]]:
        """Return what environments knew at the end of their episodes."""
        shown = info.get("final_obs", [None] * self.num_envs)
        finals = infos_of(info.get("final_info", {}), ended)
        statistics: dict[str, Any] = {
            name: info[name] for name in ("episode", "_episode") if name in info
        }
        told = infos_of(statistics, ended) if statistics else [{}] * len(ended)
        returns, lengths = self._returns[ended].tolist(), self._lengths[ended].tolist()
        for index, final, own, total, length in zip(
            ended, finals, told, returns, lengths, strict=True
        ):
            if shown[index] is None:
                raise ValueError(
                    "the environment must give final_obs where an episode ends, as autoreset "
                    "mode SAME_STEP says"
                )
            final.setdefault("episode", own.get("episode", {"r": total, "l": length}))
            final["terminal_observation"] = _own(shown[index])
        return finals


def _check_spaces(observation: spaces.Space[Any], action: spaces.Space[Any]) -> None:
    parts = observation.values() if isinstance(observation, spaces.Dict) else [observation]
    wrong = [part for part in parts if not isinstance(part, _FLAT)]
    names = ", ".join(kind.__name__ for kind in _FLAT)
    if wrong:
        raise ValueError(
            f"observations must be one of {names}, or a Dict of them, not hold "
            f"{type(wrong[0]).__name__}: Stable-Baselines3 takes no others; flatten them, for "
            f"example with gymnasium.wrappers.FlattenObservation"
        )
    if not isinstance(action, _FLAT):
        raise ValueError(
            f"actions must be one of {names}, not {type(action).__name__}: Stable-Baselines3 "
            f"takes no others"
        )


def _equal_options(options: Sequence[dict[str, Any]]) -> list[list[int]]:
    """Return the indices of environments in groups that have the same options."""
    groups: list[list[int]] = []
    for index, given in enumerate(options):
        for group in groups:
            if _same(options[group[0]], given):
                group.append(index)
                break
        else:
            groups.append([index])
    return groups


def _same(one: Any, other: Any) -> bool:
    """Return whether two options are certainly the same."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[k], other[k]) for k in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(np.all(one == other)) and np.shape(one) == np.shape(other)


def _own(observations: Any) -> Any:
    """Return a copy, because an environment may write into what it has shown before."""
    if isinstance(observations, dict):
        return {name: np.array(part) for name, part in observations.items()}
    return np.array(observations)
