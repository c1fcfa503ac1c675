"""Dynamic N-grams (section 4.4): learn a new source of bits in every episode."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import CompactEpisodes, CompactTask, make_program
from ntm_gym.tasks.keyed_random import random_uniforms, random_words
from ntm_gym.tasks.parameters import require_at_least
from ntm_gym.tasks.rows import Rows

_TABLE, _BITS = range(2)
_ALPHABET = np.array([[0], [0], [1]], np.float32), np.array([[0], [0], [1]], np.int8)


@dataclasses.dataclass(frozen=True)
class NGram(CompactTask):
    """Predict each bit of a source whose probabilities are drawn anew for every episode.

    ## Description
    The agent predicts a sequence bit by bit, and sees each bit after it has predicted it
    (section 4.4 of the paper). How probable a one is depends on the last few bits, the
    context; the probability after each context is drawn from Beta(1/2, 1/2) when the episode
    begins, and the bits before the first whole context are fair coins. So the agent must
    count, during the episode, what has followed each context. The best estimate there is
    follows from the counts (equation 10): N1 + 1/2 over N1 + N0 + 1, where N1 ones and N0
    zeros have followed.

    ::

        step    1        2        3        …    T
        shown   0        bit 1    bit 2    …    bit T - 1
        asked   bit 1    bit 2    bit 3    …    bit T

    ## Action Space
    The next bit.

    ## Observation Space
    The last bit; zero at the first step.

    ## Episode Termination
    After ``sequence_length`` steps (T), all of them scored.

    ## Version History
    - v0: first release.

    Attributes:
        context_length: Bits of a context; N-grams have N - 1.
        sequence_length: Bits of an episode.

    Raises:
        ValueError: If a parameter is not positive, or the context longer than 16 bits,
            or an episode too large; see `Task`.

    Example:
        >>> NGram().sample(np.array([7], dtype=np.uint64)).targets.shape
        (1, 200, 1)
    """

    context_length: int = 5
    sequence_length: int = 200

    def check_parameters(self) -> None:
        """Check that sizes are positive and ranges not reversed."""
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

    @property
    def size(self) -> int:
        """Numbers of an episode, the probability after each context among them."""
        return super().size + (1 << self.context_length)

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

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; see `Task.sample`."""
        numbers = 1 + np.ascontiguousarray(self._sample_bits(keys).T).view(np.int8)
        shown = np.zeros_like(numbers)
        shown[:, 1:] = numbers[:, :-1]
        symbols = np.broadcast_to(np.arange(3, dtype=np.int16), (len(keys), 3))
        return CompactEpisodes(
            Rows(*_ALPHABET, symbols),
            make_program(shown, numbers),
            np.full(len(keys), self.sequence_length, np.int64),
        )

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        r"""Predict every bit by the optimal estimator (equation 10).

        $$ P(1 \mid N_1, N_0, c) = (N_1 + 1/2) / (N_1 + N_0 + 1) $$

        where N1 and N0 count the ones and zeros that have followed the context c so far. Bits
        before the first whole context are coins. See `Task.solve`.
        """
        batch_size, steps, _ = inputs.shape
        bits = inputs[:, :, 0].astype(np.int64).T
        episodes, contexts = np.arange(batch_size), np.zeros(batch_size, np.int64)
        counts = np.zeros((batch_size, 2**self.context_length, 2))
        probabilities = np.full((steps, batch_size), 0.5)
        for t in range(1, steps):
            if t > self.context_length:
                counts[episodes, contexts, bits[t]] += 1
            contexts = (2 * contexts + bits[t]) % 2**self.context_length
            if t >= self.context_length:
                zeros, ones = counts[episodes, contexts].T
                probabilities[t] = (ones + 0.5) / (ones + zeros + 1)
        return np.ascontiguousarray(probabilities.T)[..., None]

    def _sample_bits(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return the bits of these episodes, shape ``(T, B)``.

        A bit is one where a uniform number is below its context's probability; both are
        compared as multiples of 2**-53, which is exact.
        """
        numbers = random_words(keys, _BITS, self.sequence_length).T
        numbers >>= np.uint64(11)
        thresholds = np.ceil(self.probabilities(keys) * 2.0**53).astype(np.uint64).reshape(-1)
        first = np.arange(len(keys)) << self.context_length
        context, place = np.zeros(len(keys), np.uint16), np.empty_like(first)
        bits = np.empty(numbers.shape, np.bool_)
        for t, (number, bit) in enumerate(zip(numbers, bits, strict=True)):
            if t < self.context_length:
                np.less(number, np.uint64(2**52), out=bit)
            else:
                np.add(first, context, out=place)
                np.less(number, thresholds.take(place), out=bit)
            context <<= np.uint16(1)
            context |= bit
            context &= np.uint16(2**self.context_length - 1)
        return bits
