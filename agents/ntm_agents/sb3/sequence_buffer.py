"""A rollout buffer of whole sequences, and RecurrentPPO with it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import RecurrentPPO
from sb3_contrib.common.recurrent.buffers import (
    RecurrentDictRolloutBuffer,
    RecurrentRolloutBuffer,
)
from sb3_contrib.common.recurrent.type_aliases import (
    RecurrentRolloutBufferSamples,
    RNNStates,
)
from stable_baselines3.common.buffers import DictRolloutBuffer, RolloutBuffer
from torch import Tensor

_FIELDS = ("actions", "values", "log_probs", "advantages", "returns", "episode_starts")


class _WholeSequences:
    """What both buffers below do in the place of their recurrent parents."""

    _without_states: type[RolloutBuffer]
    first_states: RNNStates

    def reset(self: Any) -> None:
        """Forget everything; unlike the parent, keep no states of single steps."""
        self._without_states.reset(self)

    def add(self: Any, *args: Any, lstm_states: RNNStates, **kwargs: Any) -> None:
        """Add a step of all environments; see ``RolloutBuffer.add``."""
        if self.pos == 0:
            self.first_states = lstm_states
        self._without_states.add(self, *args, **kwargs)

    def get(self: Any, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Go through all environments once, in random order.

        Args:
            batch_size: Steps in a batch, a multiple of the rollout's; all if None.
        """
        assert self.full, "the rollout buffer must be full before it is read"
        if not self.generator_ready:
            for name in _FIELDS:
                setattr(self, name, self.swap_and_flatten(getattr(self, name)))
            self.observations = _each(self.swap_and_flatten, self.observations)
            self.generator_ready = True
        together = self.n_envs if batch_size is None else batch_size // self.buffer_size
        order = np.random.permutation(self.n_envs)  # noqa: NPY002, the generator that SB3 seeds
        for first in range(0, self.n_envs, together):
            yield self._sequences(order[first : first + together])

    def _sequences(self: Any, envs: NDArray[np.int64]) -> RecurrentRolloutBufferSamples:
        steps = (envs[:, None] * self.buffer_size + np.arange(self.buffer_size)).ravel()

        def pick(array: NDArray[Any]) -> Tensor:
            return cast(Tensor, self.to_torch(array[steps]))

        first = self.first_states
        episode_starts = pick(self.episode_starts).flatten()
        return RecurrentRolloutBufferSamples(
            observations=_each(pick, self.observations),
            actions=pick(self.actions),
            old_values=pick(self.values).flatten(),
            old_log_prob=pick(self.log_probs).flatten(),
            advantages=pick(self.advantages).flatten(),
            returns=pick(self.returns).flatten(),
            lstm_states=RNNStates(
                (first.pi[0][:, envs], first.pi[1][:, envs]),
                (first.vf[0][:, envs], first.vf[1][:, envs]),
            ),
            episode_starts=episode_starts,
            mask=episode_starts.new_ones(len(steps)),
        )


class SequenceRolloutBuffer(_WholeSequences, RecurrentRolloutBuffer):  # type: ignore[misc]
    """Keeps one recurrent state per environment, the one before the rollout.

    A batch holds all steps of some environments, in order and without padding; the policy
    must be able to begin episodes inside a sequence.
    """

    _without_states = RolloutBuffer


class SequenceDictRolloutBuffer(_WholeSequences, RecurrentDictRolloutBuffer):  # type: ignore[misc]
    """`SequenceRolloutBuffer` for Dict observations."""

    _without_states = DictRolloutBuffer


def _each(change: Callable[[NDArray[Any]], Any], observations: Any) -> Any:
    """Change the observations, or each part of them."""
    if isinstance(observations, dict):
        return {name: change(part) for name, part in observations.items()}
    return change(observations)


class SequencePPO(RecurrentPPO):
    """``RecurrentPPO`` with a `SequenceRolloutBuffer`, and nothing else.

    Its ``batch_size`` must be a multiple of ``n_steps``: batches hold whole sequences.

    Raises:
        ValueError: If it is not.
    """

    def _setup_model(self) -> None:
        if self.batch_size is not None and self.batch_size % self.n_steps:
            raise ValueError(
                f"batch_size must be a multiple of n_steps {self.n_steps}, "
                f"not {self.batch_size}: a batch holds whole sequences"
            )
        super()._setup_model()
        stock = self.rollout_buffer
        assert isinstance(stock, (RecurrentRolloutBuffer, RecurrentDictRolloutBuffer))
        kept = (
            SequenceDictRolloutBuffer
            if isinstance(self.observation_space, spaces.Dict)
            else SequenceRolloutBuffer
        )
        self.rollout_buffer = kept(
            self.n_steps,
            self.observation_space,
            self.action_space,
            stock.hidden_state_shape,
            self.device,
            gamma=self.gamma,
            gae_lambda=self.gae_lambda,
            n_envs=self.n_envs,
        )
