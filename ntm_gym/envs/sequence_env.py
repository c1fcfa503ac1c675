"""One episode at a time: a task as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from gymnasium.error import ResetNeeded
from numpy.typing import NDArray

from ntm_gym.envs.actions import check_actions, make_action_space
from ntm_gym.envs.episode_limit import with_limit
from ntm_gym.envs.options import choose_episode
from ntm_gym.envs.rendering import RENDER_MODES, EpisodePicture, Window
from ntm_gym.envs.rewards import check_and_count_right, check_reward, count_right, reward_of
from ntm_gym.scalars import as_integer
from ntm_gym.tasks import Episodes, Task, make_task
from ntm_gym.tasks.keyed_random import draw_keys

_KEYS_AT_ONCE = 64
_NUMBERS_AT_ONCE = 2**22


class SequenceEnv(gymnasium.Env[NDArray[np.float32], NDArray[Any]]):
    """A task, played step by step.

    What a task shows and asks for is in its own documentation, for example
    ``help(ntm_gym.tasks.Copy)``; the rest is the same for all.

    ## Description
    Each step shows one row of the episode. The action at a step is the answer to that step; it
    counts only where something is asked for. Actions never influence observations, so a
    discount of zero is exact for the rewards per step.

    ## Action Space
    ``MultiBinary(O)``, where O is the bits of an answer, in any bool, integer or float dtype.
    With ``action="probability"`` it is ``Box(0, 1, (O,))``: the probability that each bit is
    one. Anything else is refused by a ``ValueError``.

    ## Observation Space
    ``Box(low, high, (I,), float32)``, where I is the number of channels. The observation behind
    the last step, which asks for nothing, is zero.

    ## Starting State
    The first step of a fresh episode. ``reset`` draws its key, one 64-bit number, from
    ``np_random``; everything else follows from the key. ``options={"key": k}`` replays the
    episode of a key. Any other option overrides a parameter of the task for one episode, for
    example ``options={"length": 7}`` where there are ``min_length`` and ``max_length``; it may
    not leave the observation and action spaces. An option that is None leaves things as they
    are.

    ## Rewards
    - ``reward="bits"`` (default): the fraction of right bits where something is asked for, else
      0.
    - ``reward="exact"``: 1 where the whole answer is right, else 0.
    - ``reward="episode"``: 1 at the last step if every answer of the episode was right, else 0.
    - ``reward="log_score"`` (probabilities only): where something is asked for, 1 plus the
      mean log2 of the probability given to the right bits, each at least 2**-10, else 0. So
      1 is certain and right, 0 is a coin, and honesty pays best.

    ## Episode Termination
    ``terminated`` after the last step of the episode; never ``truncated``, unless
    ``max_episode_steps`` is given to `gymnasium.make`. Without it there is no limit, and
    ``env.spec.max_episode_steps`` of an environment that was made says how many steps its
    longest episode has, options aside.

    ## Information
    After every step and reset, always the same keys: ``target`` (int8, ``(O,)``) and
    ``target_mask`` (bool), what was asked for at the step just answered and whether anything
    was; ``bit_errors`` and ``num_target_bits`` (int64), so far; ``exact`` (bool), no error so
    far; ``key`` (uint64, an array without dimensions, which torch takes), the episode's.

    Args:
        task: Name of the task, a key of `ntm_gym.tasks.TASKS`.
        reward: Kind of reward, ``"bits"``, ``"exact"``, ``"episode"`` or ``"log_score"``.
        action: Kind of action, ``"bits"`` or ``"probability"``.
        render_mode: ``"ansi"``, ``"rgb_array"``, ``"human"`` (a window, where
            pygame is installed) or None.
        **parameters: Parameters of the task.

    Raises:
        TypeError: If an argument is unknown; it is a `ValueError` too.
        ValueError: If an argument is impossible.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": RENDER_MODES,
        "render_fps": 4,
    }

    def __init__(
        self,
        task: str = "copy",
        reward: str = "bits",
        action: str = "bits",
        render_mode: str | None = None,
        **parameters: Any,
    ) -> None:
        """Build the task and its spaces."""
        self._spec: EnvSpec | None = None
        self.task = make_task(task, **parameters)
        check_reward(reward, action)
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(
                f"render_mode must be one of {self.metadata['render_modes']}, "
                f"not {render_mode!r}"
            )
        self.reward, self.action, self.render_mode = reward, action, render_mode
        low, high = self.task.input_bounds
        self.observation_space = spaces.Box(low, high, (self.task.input_size,), np.float32)
        self.action_space = make_action_space(action, self.task.output_size)
        self._queue = _EpisodeQueue()
        self._step: int | None = None
        self._begun = False
        self._picture: EpisodePicture | None = None
        self._window = Window(self.metadata["render_fps"])

    @property
    def spec(self) -> EnvSpec | None:
        """How it was made; ``max_episode_steps`` is the length of the longest episode."""
        return self._spec

    @spec.setter
    def spec(self, spec: EnvSpec | None) -> None:
        self._spec = with_limit(spec, self.task.max_steps)

    @property
    def window_closed(self) -> bool:
        """Whether the user has closed the window; rendering goes on without it."""
        return self._window.closed_by_user

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin an episode.

        Args:
            seed: Of the episodes from here on; None goes on.
            options: See the class.

        Raises:
            TypeError: If the options are not a dict with strings as keys.
            ValueError: If an option is unknown or impossible.
        """
        task, key = choose_episode(self.task, options)
        if seed is not None:
            integer = as_integer(seed)
            super().reset(seed=seed if integer is None else integer)
        if key is None and task is self.task:
            key, episodes, row = self._queue.next_episode(task, self.np_random)
        else:
            if key is None:
                key = self._queue.next_key(self.np_random)
            episodes, row = task.sample(np.array([key])), 0
        self._begin(episodes, row, key)
        if self.render_mode == "human":
            self.render()
        blank = np.zeros(task.output_size, np.int8)
        return self._observations[0], self._info(0, blank, scored=False)

    def step(
        self, action: NDArray[Any]
    ) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Answer one step.

        Raises:
            ResetNeeded: If no episode is under way.
            ValueError: If the action does not fit the action space.
        """
        step = self._step
        if step is None:
            raise ResetNeeded("reset must be called before step and after an episode's end")
        target, scored = self._targets[step], self._target_mask[step]
        if self.action == "bits":
            right = check_and_count_right(action, target) * scored
        else:
            action = check_actions(action, target.shape, self.action)
            right = int(count_right(action, target)) * scored
        terminated = step + 1 == self._length
        self._num_right += right
        self._num_target_bits += len(target) * scored
        won = terminated and self._num_right == self._num_target_bits
        earned = float(reward_of(self.reward, action, target, right, scored, won))
        if self._picture is not None:
            self._picture.record(action)
        if self.render_mode == "human":
            self.render()
        self._step = None if terminated else step + 1
        observation, info = self._observations[step + 1], self._info(step + 1, target, scored)
        return observation, earned, terminated, False, info

    def render(self) -> Any:
        """Draw inputs, targets and the answers so far.

        Returns:
            Text for ``"ansi"``, an image ``(height, width, 3)`` for ``"rgb_array"``, always of
            the same size, else None.

        Raises:
            ResetNeeded: If no episode has begun.
        """
        if not self._begun:
            raise ResetNeeded("reset must be called before render")
        if self._picture is None:
            return None
        if self.render_mode == "ansi":
            return self._picture.text()
        if self.render_mode == "rgb_array":
            return self._picture.image()
        self._window.show(self._picture.image())
        return None

    def close(self) -> None:
        """Close the window, if there is one."""
        self._window.close()

    def _begin(self, episodes: Episodes, row: int, key: np.uint64) -> None:
        inputs, targets, target_mask, lengths = episodes
        self._length = int(lengths[row])
        steps = slice(self._length)
        episode = inputs[row, steps], targets[row, steps], target_mask[row, steps]
        shown = np.zeros((self._length + 1, inputs.shape[2]), np.float32)
        shown[:-1] = episode[0]
        self._observations = list(shown)
        self._targets = list(episode[1] * episode[2][:, None])
        self._target_mask = episode[2].tolist()
        self._step, self._num_right, self._num_target_bits = 0, 0, 0
        self._begun = True
        self._keys = np.full(self._length + 1, key)  # one for each information: all are new
        if self.render_mode is not None:
            bounds, columns = self.task.input_bounds, self.task.max_steps
            self._picture = EpisodePicture(*episode, bounds, columns)

    def _info(self, steps: int, target: NDArray[np.int8], scored: bool) -> dict[str, Any]:
        bit_errors = self._num_target_bits - self._num_right
        return {
            "target": target,
            "target_mask": scored,
            "bit_errors": np.int64(bit_errors),
            "num_target_bits": np.int64(self._num_target_bits),
            "exact": bit_errors == 0,
            "key": self._keys[steps, ...],
        }


class _EpisodeQueue:
    """Draws keys from a generator and samples their episodes a block at a time."""

    def __init__(self) -> None:
        self._source: np.random.Generator | None = None
        self._keys = np.empty(0, np.uint64)
        self._row = 0
        self._first = self._end = 0

    def next_key(self, source: np.random.Generator) -> np.uint64:
        """Return the next key."""
        if source is not self._source or self._row == len(self._keys):
            self._source, self._row = source, 0
            self._keys = draw_keys(source, _KEYS_AT_ONCE)
            self._first = self._end = 0
        self._row += 1
        return np.uint64(self._keys[self._row - 1])

    def next_episode(
        self, task: Task, source: np.random.Generator
    ) -> tuple[np.uint64, Episodes, int]:
        """Return the next key, a block with its episode, and the episode's row."""
        key = self.next_key(source)
        row = self._row - 1
        if row >= self._end:
            at_once = max(1, _NUMBERS_AT_ONCE // task.size)
            self._first, self._end = row, min(row + at_once, len(self._keys))
            self._episodes = task.sample(self._keys[self._first : self._end])
        return key, self._episodes, row - self._first
