"""Repeat copy (section 4.2): say a sequence back as often as asked, then stop."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import CompactEpisodes, CompactTask, make_program
from ntm_gym.tasks.keyed_random import random_integers
from ntm_gym.tasks.parameters import require_at_least, require_range
from ntm_gym.tasks.rows import Mark, draw_rows
from ntm_gym.tasks.solving import answer_from, first_steps

_LENGTH, _REPEATS, _BITS = range(3)
_DELIMITER = _END = 1
_VECTORS = 2

REPEATS_MEAN = 5.5
REPEATS_DEVIATION = 8.25**0.5
"""Mean and standard deviation of 1 … 10, the paper's range, whatever range is asked for."""


@dataclasses.dataclass(frozen=True)
class RepeatCopy(CompactTask):
    """Random vectors, a number of repeats, and then the vectors that often and an end marker.

    ## Description
    The agent sees L random vectors, and then a delimiter with a number K beside it. It must
    say the vectors back K times over, and then say that it is done (section 4.2 of the
    paper). L is uniform from ``min_length`` to ``max_length``, K from ``min_repeats`` to
    ``max_repeats``. The agent must count: nothing but K tells it when to stop.

    ::

        step    1 … L      L + 1              L + 2 … L + LK + 1    L + LK + 2
        shown   vectors    delimiter and K    blank                 blank
        asked   -          -                  vectors, K times      end marker

    ## Action Space
    The vector, ``num_bits`` bits, and the end marker, one more.

    ## Observation Space
    Channels 0 to ``num_bits - 1`` hold the vector; channel ``num_bits`` is one at the
    delimiter, and channel ``num_bits + 1`` holds K there: normalized to mean 0 and variance 1
    over the paper's range, 1 to 10, whatever range is played.

    ## Episode Termination
    After L(K + 1) + 2 steps.

    ## Version History
    - v0: first release.

    Attributes:
        num_bits: Bits of a vector.
        min_length: Fewest vectors.
        max_length: Most vectors.
        min_repeats: Fewest repeats.
        max_repeats: Most repeats.

    Raises:
        ValueError: If a parameter is not positive or a range is reversed, or
            an episode too large; see `Task`.

    Example:
        >>> task = RepeatCopy(num_bits=2, min_length=3, max_length=3, max_repeats=1)
        >>> int(task.sample(np.array([7], dtype=np.uint64)).lengths[0])
        8
    """

    num_bits: int = 8
    min_length: int = 1
    max_length: int = 10
    min_repeats: int = 1
    max_repeats: int = 10

    def check_parameters(self) -> None:
        """Check that sizes are positive and ranges not reversed."""
        require_at_least(1, num_bits=self.num_bits)
        require_range(1, min_length=self.min_length, max_length=self.max_length)
        require_range(1, min_repeats=self.min_repeats, max_repeats=self.max_repeats)

    @property
    def input_size(self) -> int:
        """Bits, delimiter, repeats."""
        return self.num_bits + 2

    @property
    def output_size(self) -> int:
        """Bits and end marker."""
        return self.num_bits + 1

    @property
    def max_steps(self) -> int:
        """Steps of the longest episode."""
        return self.max_length * (self.max_repeats + 1) + 2

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Least and greatest value that an observation can hold."""
        low, high = normalize_repeats(np.array([self.min_repeats, self.max_repeats])).tolist()
        return min(0.0, low), max(1.0, high)

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; see `Task.sample`."""
        num_vectors = random_integers(keys, _LENGTH, self.min_length, self.max_length)[:, 0]
        repeats = random_integers(keys, _REPEATS, self.min_repeats, self.max_repeats)[:, 0]
        longest = int(num_vectors.max(initial=0))
        marks = (Mark(self.num_bits, self.num_bits),)
        sizes = (self.input_size, self.output_size)
        rows = draw_rows(keys, _BITS, longest, self.num_bits, sizes, marks)
        counts = np.zeros((len(keys), _VECTORS + longest), np.float32)
        counts[:, _DELIMITER] = normalize_repeats(repeats)
        rows = rows._replace(reals=counts, real_channel=self.num_bits + 1)

        kinds = num_vectors * (self.max_repeats + 1) + repeats
        distinct, which = np.unique(kinds, return_inverse=True)
        programs = _write_program(*np.divmod(distinct[:, None], self.max_repeats + 1))
        lengths = num_vectors * (repeats + 1) + 2
        return CompactEpisodes(rows, programs.take(which, axis=0), lengths)

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say back what stood before the delimiter, as often as stood beside it, and stop."""
        answers = np.zeros((*inputs.shape[:2], self.output_size))
        for episode, answer in zip(inputs, answers, strict=True):
            for (length,) in first_steps(episode[:, self.num_bits], 1):
                count = float(episode[length, self.num_bits + 1])
                repeats = round(count * REPEATS_DEVIATION + REPEATS_MEAN)
                spoken = np.zeros((length * repeats + 1, self.output_size))
                spoken[:-1, :-1] = np.tile(episode[:length, : self.num_bits], (repeats, 1))
                spoken[-1, -1] = 1
                answer_from(answer, length + 1, spoken)
        return answers


def _write_program(num_vectors: NDArray[np.int64], repeats: NDArray[np.int64]) -> NDArray[Any]:
    """Return what is shown and asked for with these numbers, ``(P, T + 1, 2)``."""
    last = num_vectors * (repeats + 1) + 1
    step = np.arange(last.max(initial=-1) + 1)
    shown = (step + _VECTORS) * (step < num_vectors) + _DELIMITER * (step == num_vectors)
    vector = (step - num_vectors - 1) % num_vectors
    repeating = (step > num_vectors) & (step < last)
    asked = (vector + _VECTORS) * repeating + _END * (step == last)
    return make_program(shown, asked)


def normalize_repeats(repeats: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return repeats as the input shows them."""
    return ((repeats - REPEATS_MEAN) / REPEATS_DEVIATION).astype(np.float32)
