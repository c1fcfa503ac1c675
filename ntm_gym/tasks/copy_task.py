"""Copy (section 4.1): remember a sequence and say it back."""

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

_LENGTH, _BITS = range(2)
_DELIMITER, _VECTORS = 1, 2


@dataclasses.dataclass(frozen=True)
class Copy(CompactTask):
    """Random vectors, a delimiter, and then, without any input, the same vectors again.

    ## Description
    The agent sees L random vectors, one at each step, and then a delimiter. From then on it is
    shown nothing, and must say the vectors back in their order (section 4.1 of the paper). L
    is uniform from ``min_length`` to ``max_length``. What has to be stored grows with L, so
    an agent that has learned to copy, rather than to hold a fixed number of vectors, copies
    sequences far longer than it has trained on.

    ::

        step    1 … L      L + 1        L + 2 … 2L + 1
        shown   vectors    delimiter    blank
        asked   -          -            vectors

    ## Action Space
    The vector, ``num_bits`` bits.

    ## Observation Space
    Channels 0 to ``num_bits - 1`` hold the vector; channel ``num_bits`` is one at the
    delimiter.

    ## Episode Termination
    After 2L + 1 steps.

    ## Version History
    - v0: first release.

    Attributes:
        num_bits: Bits of a vector.
        min_length: Fewest vectors.
        max_length: Most vectors.

    Raises:
        ValueError: If a parameter is not positive or the lengths are reversed, or
            an episode too large; see `Task`.

    Example:
        >>> episodes = Copy(num_bits=2, max_length=3).sample(np.array([7], dtype=np.uint64))
        >>> episodes.inputs.shape, int(episodes.lengths[0])
        ((1, 7, 3), 7)
    """

    num_bits: int = 8
    min_length: int = 1
    max_length: int = 20

    def check_parameters(self) -> None:
        """Check that sizes are positive and ranges not reversed."""
        require_at_least(1, num_bits=self.num_bits)
        require_range(1, min_length=self.min_length, max_length=self.max_length)

    @property
    def input_size(self) -> int:
        """Bits and delimiter."""
        return self.num_bits + 1

    @property
    def output_size(self) -> int:
        """Bits."""
        return self.num_bits

    @property
    def max_steps(self) -> int:
        """Steps of the longest episode."""
        return 2 * self.max_length + 1

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; see `Task.sample`."""
        num_vectors = random_integers(keys, _LENGTH, self.min_length, self.max_length)[:, 0]
        longest = int(num_vectors.max(initial=0))
        sizes, marks = (self.input_size, self.output_size), (Mark(self.num_bits),)
        rows = draw_rows(keys, _BITS, longest, self.num_bits, sizes, marks)
        distinct, which = np.unique(num_vectors, return_inverse=True)
        program = _write_program(distinct[:, None]).take(which, axis=0)
        return CompactEpisodes(rows, program, 2 * num_vectors + 1)

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say back what stood before the delimiter; see `Task.solve`."""
        answers = np.zeros((*inputs.shape[:2], self.output_size))
        for episode, answer in zip(inputs, answers, strict=True):
            for (length,) in first_steps(episode[:, self.num_bits], 1):
                answer_from(answer, length + 1, episode[:length, : self.num_bits])
        return answers


def _write_program(num_vectors: NDArray[np.int64]) -> NDArray[Any]:
    """Return what is shown and asked for with this many vectors, ``(P, T + 1, 2)``."""
    step = np.arange(2 * num_vectors.max(initial=0) + 1)
    shown = (step + _VECTORS) * (step < num_vectors) + _DELIMITER * (step == num_vectors)
    answering = (step > num_vectors) & (step <= 2 * num_vectors)
    asked = (step - num_vectors - 1 + _VECTORS) * answering
    return make_program(shown, asked)
