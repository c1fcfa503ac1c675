"""Dynamic N-grams (section 4.4): learn a new source of bits in every episode."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import Episodes, Task, require_at_least
from ntm_gym.tasks.keyed_random import random_uniforms

_TABLE, _BITS = range(2)


@dataclasses.dataclass(frozen=True)
class NGram(Task):
    """Predict each bit of a source whose probabilities are drawn anew for every episode.

    ::

        step    1        2         …  T
        input   0        bit 1     …  bit T - 1
        target  bit 1    bit 2     …  bit T

    The probability of a one after each context, the last few bits, is drawn from
    Beta(1/2, 1/2); the bits before the first whole context are fair coins. Every step is
    scored.

    Attributes:
        context_length: Bits of a context; N-grams have N - 1.
        sequence_length: Bits of an episode (T).

    Raises:
        ValueError: If a parameter is not positive, or the context longer than 16 bits.

    Example:
        >>> NGram().sample(np.array([7], dtype=np.uint64)).targets.shape
        (1, 200, 1)
    """

    context_length: int = 5
    sequence_length: int = 200

    def __post_init__(self) -> None:
        """Check the parameters."""
        require_at_least(1, context_length=self.context_length)
        require_at_least(1, sequence_length=self.sequence_length)
        if self.context_length > 16:
            raise ValueError(f"context_length must be at most 16, not {self.context_length}")

    @property
    def input_size(self) -> int:
        """The last bit."""
        return 1

    @property
    def output_size(self) -> int:
        """The next bit."""
        return 1

    @property
    def max_steps(self) -> int:
        """Steps of every episode."""
        return self.sequence_length

    def probabilities(self, keys: NDArray[np.uint64]) -> NDArray[np.float64]:
        """Return the sources of these episodes.

        Args:
            keys: Shape ``(B,)``.

        Returns:
            Probability of a one after each context, ``(B, 2 ** context_length)``; the latest
            bit is the lowest of the context's number.
        """
        uniforms = random_uniforms(keys, _TABLE, 2**self.context_length)
        return np.asarray(np.sin(uniforms * (np.pi / 2)) ** 2)

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys; see `Task.sample`."""
        table, batch_size = self.probabilities(keys), len(keys)
        uniforms = random_uniforms(keys, _BITS, self.sequence_length).T
        table, contexts = table.reshape(-1), np.zeros(batch_size, np.int64)
        first_context = np.arange(batch_size) * 2**self.context_length
        bits = np.zeros((self.sequence_length, batch_size), np.int8)
        for t in range(self.sequence_length):
            known = t >= self.context_length
            bits[t] = uniforms[t] < (table.take(first_context + contexts) if known else 0.5)
            contexts = (2 * contexts + bits[t]) & (2**self.context_length - 1)
        targets = np.ascontiguousarray(bits.T)[..., None]
        inputs = np.zeros(targets.shape, np.float32)
        inputs[:, 1:] = targets[:, :-1]
        target_mask = np.ones((batch_size, self.sequence_length), np.bool_)
        return Episodes(
            inputs, targets, target_mask, np.full(batch_size, self.sequence_length, np.int64)
        )
