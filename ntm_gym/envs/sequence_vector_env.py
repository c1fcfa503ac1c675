"""Many episodes at a time: the vector environment of every task, in numpy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ntm_gym.envs.actions import check_actions, make_action_space
from ntm_gym.envs.episode_limit import as_limit, with_limit
from ntm_gym.envs.episode_pool import EpisodePool, check_room
from ntm_gym.envs.options import check_options, choose_episodes
from ntm_gym.envs.rendering import EpisodePicture
from ntm_gym.envs.rewards import check_reward, count_right, reward_of
from ntm_gym.scalars import as_integer, in_short
from ntm_gym.tasks import Task, make_task

VectorStep = tuple[
    NDArray[np.float32],
    NDArray[np.float64],
    NDArray[np.bool_],
    NDArray[np.bool_],
    dict[str, Any],
]


_NAMES = ("target", "target_mask", "bit_errors", "num_target_bits", "exact", "key")
_MASKS = tuple(f"_{name}" for name in _NAMES)


class SequenceVectorEnv(VectorEnv[NDArray[np.float32], NDArray[Any], NDArray[Any]]):
    """The same episodes as ``num_envs`` `SequenceEnv` under the same seeds, bit for bit.

    Every array that is returned is new. Spaces, rewards and information are those of
    `SequenceEnv`, one row per environment; information has Gymnasium's masks beside it.

    Args:
        num_envs: Environments (N).
        task: Name of the task.
        reward: Kind of reward.
        action: Kind of action.
        render_mode: ``"ansi"``, ``"rgb_array"`` or None; for a window there is
            `gymnasium.wrappers.vector.HumanRendering`.
        autoreset_mode: When a finished environment begins its next episode: at the next step
            (whose action is ignored), in the same step, or when `reset` is called with a
            ``reset_mask``.
        max_episode_steps: Steps after which an episode is ``truncated``, as by the wrapper
            ``TimeLimit`` of single environments; None or -1 for no limit.
        **parameters: Parameters of the task.

    Raises:
        TypeError: If an argument is unknown (then it is a `ValueError` too), or
            ``max_episode_steps`` not an integer.
        ValueError: If an argument is impossible, or so many environments are too large.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": ["ansi", "rgb_array"],
        "render_fps": 4,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        task: str = "copy",
        reward: str = "bits",
        action: str = "bits",
        render_mode: str | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        max_episode_steps: int | None = None,
        **parameters: Any,
    ) -> None:
        """Build the task and its spaces."""
        self._spec: EnvSpec | None = None
        count = as_integer(num_envs)
        if count is None or count < 1:
            raise ValueError(
                f"num_envs must be an integer of at least 1, not {in_short(num_envs)}"
            )
        num_envs = count
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(
                f"render_mode must be one of {self.metadata['render_modes']} for vectors, not "
                f"{render_mode!r}; gymnasium.wrappers.vector.HumanRendering opens a window"
            )
        check_reward(reward, action)
        self.num_envs, self.render_mode = num_envs, render_mode
        self.reward, self.action = reward, action
        self.max_episode_steps = as_limit(max_episode_steps)
        self.task = make_task(task, **parameters)
        check_room(self.task, num_envs)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        low, high = self.task.input_bounds
        self.single_observation_space = spaces.Box(
            low, high, (self.task.input_size,), np.float32
        )
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.single_action_space = make_action_space(action, self.task.output_size)
        self.action_space = batch_space(self.single_action_space, num_envs)

        self._pool = EpisodePool(self.task, num_envs, self.max_episode_steps)
        self._pictures: list[EpisodePicture | None] = [None] * num_envs
        self._num_right = np.zeros(num_envs, np.int64)
        self._num_scored = np.zeros(num_envs, np.int64)
        self._everywhere = np.ones(num_envs, np.bool_)

    @property
    def spec(self) -> EnvSpec | None:
        """How it was made; ``max_episode_steps`` is the limit, or the longest episode's."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = with_limit(spec, self.max_episode_steps or self.task.max_steps)

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin episodes.

        Args:
            seed: Of the first environment, the others have the next ones; or one for each.
            options: As for `SequenceEnv`, where each may also be a list or an array with a
                value for each environment, None where it is to stay as it is; and
                ``reset_mask``, bool, shape ``(N,)``, to begin episodes only where it is true.

        Returns:
            Observations, shape ``(N, I)``, and information.

        Raises:
            TypeError: If the options are not a dict with strings as keys.
            ValueError: If seeds or options do not fit, or the episodes are too large.
        """
        given = check_options(options)
        chosen = self._check_reset_mask(given.pop("reset_mask", None))
        tasks, keys, has_key = choose_episodes(self.task, given, chosen)
        for task, _ in tasks:
            check_room(task, self.num_envs)
        self._seed(seed, chosen)
        for task, envs in tasks:
            if task is self.task and not has_key[envs].any():
                self._pool.begin(envs)
            else:
                self._pool.begin_special(task, envs, keys, has_key)
            self._draw(task, envs)
        self._forget_counts(np.flatnonzero(chosen))
        return self._pool.show(), self._blank_info(chosen)

    def step(self, actions: NDArray[Any]) -> VectorStep:
        """Answer one step in every environment.

        Args:
            actions: Shape ``(N, O)``.

        Returns:
            Observations ``(N, I)``, rewards ``(N,)``, terminations, truncations, information.

        Raises:
            ResetNeeded: If an environment has no episode under way and may not begin one.
            ValueError: If the actions do not fit the action space.
        """
        shape = (self.num_envs, self.task.output_size)
        actions = check_actions(actions, shape, self.action)
        (restarting,) = self._pool.finished().nonzero()
        if len(restarting) > 0 and (
            self.autoreset_mode is not AutoresetMode.NEXT_STEP or not self._pool.started
        ):
            raise ResetNeeded("reset must be called before step and after an episode's end")

        targets, scored = self._pool.asked()
        if self.max_episode_steps is not None:
            targets[restarting], scored[restarting] = 0, False
        ended = self._pool.at_last_step()
        terminations, truncations = self._pool.tell_ends_apart(ended)
        right = count_right(actions, targets) * scored
        self._num_right += right
        self._num_scored += scored
        won = terminations & (self._num_right == self._num_scored * self.task.output_size)
        rewards = np.asarray(
            reward_of(self.reward, actions, targets, right, scored, won), np.float64
        )

        if self.render_mode is not None:
            self._record(actions, restarting)
        self._pool.advance()
        final = {}
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            (restarting,) = ended.nonzero()
            if len(restarting) > 0:
                final = self._final(restarting, targets, scored)
                targets[restarting], scored[restarting] = 0, False
        if len(restarting) > 0:
            self._pool.begin(restarting)
            self._forget_counts(restarting)
            self._draw(self.task, restarting)
        info = self._info(targets, scored) | final
        return self._pool.show(), rewards, terminations, truncations, info

    def get_state(self) -> dict[str, NDArray[Any]]:
        """Return where every episode is and which ones follow, for `set_state`.

        Returns:
            Arrays of its own, by name; nothing else decides what `step` returns.

        Raises:
            ValueError: If an environment has had no episode, or plays one begun with options.
        """
        counts = {"num_right": self._num_right.copy(), "num_scored": self._num_scored.copy()}
        return self._pool.state() | counts

    def set_state(self, state: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Go on from a state that an environment with the same arguments returned.

        Args:
            state: What `get_state` returned.

        Returns:
            Observations, shape ``(N, I)``.

        Raises:
            ValueError: If the state is not one of an environment like this.
        """
        counts = [np.asarray(state.get(name, ())) for name in ("num_right", "num_scored")]
        if any(count.shape != (self.num_envs,) for count in counts):
            raise ValueError(f"the state must be one of {self.num_envs} environments")
        self._pool.restore(state)
        self._num_right, self._num_scored = (count.astype(np.int64) for count in counts)
        return self._pool.show()

    def _final(
        self, ended: NDArray[np.int64], targets: NDArray[np.int8], scored: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Return what episodes end with: information, and the observation behind them."""
        shown = self._pool.show()
        where = np.zeros(self.num_envs, np.bool_)
        where[ended] = True
        final_obs = np.full(self.num_envs, None, dtype=object)
        for env, observation in zip(ended.tolist(), shown[ended], strict=True):
            final_obs[env] = observation
        info = self._info(targets, scored)
        final_info: dict[str, Any] = {}
        for name, mask in zip(_NAMES, _MASKS, strict=True):
            final_info[name] = np.zeros_like(info[name])
            final_info[name][ended] = info[name][ended]
            final_info[mask] = where.copy()
        return {
            "final_obs": final_obs,
            "_final_obs": where.copy(),
            "final_info": final_info,
            "_final_info": where,
        }

    def _forget_counts(self, envs: NDArray[np.int64]) -> None:
        self._num_right[envs] = 0
        self._num_scored[envs] = 0

    def _info(self, targets: NDArray[np.int8], scored: NDArray[np.bool_]) -> dict[str, Any]:
        num_target_bits = self._num_scored * self.task.output_size
        bit_errors = num_target_bits - self._num_right
        return {
            "target": targets,
            "target_mask": scored,
            "bit_errors": bit_errors,
            "num_target_bits": num_target_bits,
            "exact": bit_errors == 0,
            "key": self._pool.keys(),
            **{name: self._everywhere.copy() for name in _MASKS},
        }

    def _blank_info(self, chosen: NDArray[np.bool_]) -> dict[str, Any]:
        """Return what is known where an episode has just begun, zeros elsewhere."""
        info = {
            "target": np.zeros((self.num_envs, self.task.output_size), np.int8),
            "target_mask": np.zeros(self.num_envs, np.bool_),
            "bit_errors": np.zeros(self.num_envs, np.int64),
            "num_target_bits": np.zeros(self.num_envs, np.int64),
            "exact": chosen.copy(),
            "key": np.where(chosen, self._pool.keys(), np.uint64(0)),
        }
        return info | {f"_{name}": chosen.copy() for name in info}

    def _check_reset_mask(self, mask: Any) -> NDArray[np.bool_]:
        if mask is None:
            return np.ones(self.num_envs, np.bool_)
        array = np.asarray(mask)
        if array.shape != (self.num_envs,) or array.dtype != np.bool_ or not array.any():
            raise ValueError(
                f"reset_mask must be bool of shape ({self.num_envs},) with at least one true "
                f"value, not {mask!r}"
            )
        return array

    def _seed(self, seed: int | Sequence[int | None] | None, chosen: NDArray[np.bool_]) -> None:
        first = as_integer(seed)
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif first is not None:
            seeds = [first + env for env in range(self.num_envs)]
        elif isinstance(seed, (Sequence, np.ndarray)) and not isinstance(seed, str):
            seeds = [one if as_integer(one) is None else as_integer(one) for one in seed]
        else:
            raise TypeError(f"seed must be an integer, or a list of them, not {in_short(seed)}")
        if len(seeds) != self.num_envs:
            raise ValueError(
                f"there must be one seed for each of {self.num_envs} environments, "
                f"not {len(seeds)}"
            )
        sources = {
            env: seeding.np_random(seeds[env])[0]
            for env in np.flatnonzero(chosen).tolist()
            if seeds[env] is not None or not self._pool.has_source(env)
        }
        for env, source in sources.items():
            self._pool.set_source(env, source)

    def render(self) -> tuple[Any, ...] | None:
        """Draw what each environment shows, as `SequenceEnv.render`.

        Returns:
            One text or image for each environment; None without a ``render_mode``.

        Raises:
            ResetNeeded: If an environment has had no episode yet.
        """
        if not self._pool.started:
            raise ResetNeeded("reset must be called before render")
        if self.render_mode is None:
            return None
        pictures = [picture for picture in self._pictures if picture is not None]
        if self.render_mode == "ansi":
            return tuple(picture.text() for picture in pictures)
        return tuple(picture.image() for picture in pictures)

    def _draw(self, task: Task, envs: NDArray[np.int64]) -> None:
        """Begin the pictures of these environments' episodes."""
        if self.render_mode is None:
            return
        episodes = task.sample(self._pool.keys()[envs])
        for row, env in enumerate(envs.tolist()):
            steps = slice(int(episodes.lengths[row]))
            self._pictures[env] = EpisodePicture(
                episodes.inputs[row, steps],
                episodes.targets[row, steps],
                episodes.target_mask[row, steps],
                self.task.input_bounds,
                self.task.max_steps,
            )

    def _record(self, actions: NDArray[Any], restarting: NDArray[np.int64]) -> None:
        """Add actions to the pictures, but those of environments that restart."""
        ignored = set(restarting.tolist())
        for env, picture in enumerate(self._pictures):
            if picture is not None and env not in ignored:
                picture.record(actions[env])
