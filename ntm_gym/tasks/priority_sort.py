"""Priority sort (section 4.5): say vectors back in the order of their priorities."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import CompactEpisodes, CompactTask, make_program
from ntm_gym.tasks.keyed_random import random_uniforms
from ntm_gym.tasks.parameters import require_at_least
from ntm_gym.tasks.rows import Mark, draw_rows
from ntm_gym.tasks.solving import answer_from, first_steps

_BITS, _PRIORITIES = range(2)
_DELIMITER, _VECTORS = 1, 2


@dataclasses.dataclass(frozen=True)
class PrioritySort(CompactTask):
    """Random vectors with priorities, a delimiter, and then the foremost in order.

    ## Description
    The agent sees n random vectors, each with a priority, and then a delimiter. It must say
    the k vectors of the highest priorities, the highest first (section 4.5 of the paper).
    Priorities are uniform in [-1, 1].

    ::

        step    1 … n                     n + 1        n + 2 … n + k + 1
        shown   vectors and priorities    delimiter    blank
        asked   -                         -            vectors, highest priority first

    ## Action Space
    The vector, ``num_bits`` bits.

    ## Observation Space
    Channels 0 to ``num_bits - 1`` hold the vector, channel ``num_bits`` its priority; channel
    ``num_bits + 1`` is one at the delimiter.

    ## Episode Termination
    After n + k + 1 steps.

    ## Version History
    - v0: first release.

    Attributes:
        num_bits: Bits of a vector.
        num_inputs: Vectors shown (n).
        num_outputs: Vectors asked for (k), at most n.

    Raises:
        ValueError: If a parameter is not positive or more is asked for than shown,
            or an episode too large; see `Task`.

    Example:
        >>> PrioritySort().sample(np.array([7], dtype=np.uint64)).inputs.shape
        (1, 37, 10)
    """

    num_bits: int = 8
    num_inputs: int = 20
    num_outputs: int = 16

    def check_parameters(self) -> None:
        """Check that sizes are positive and ranges not reversed."""
        require_at_least(1, num_bits=self.num_bits, num_inputs=self.num_inputs)
        require_at_least(1, num_outputs=self.num_outputs)
        if self.num_outputs > self.num_inputs:
            raise ValueError(
                f"num_outputs must not exceed num_inputs, but {self.num_outputs} exceeds "
                f"{self.num_inputs}"
            )

    @property
    def input_size(self) -> int:
        """Bits, priority, delimiter."""
        return self.num_bits + 2

    @property
    def output_size(self) -> int:
        """Bits."""
        return self.num_bits

    @property
    def max_steps(self) -> int:
        """Steps of every episode."""
        return self.num_inputs + 1 + self.num_outputs

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Least and greatest value that an observation can hold."""
        return -1.0, 1.0

    def sample_compact(self, keys: NDArray[np.uint64]) -> CompactEpisodes:
        """Return the episodes with these keys; see `Task.sample`."""
        batch_size, given = len(keys), self.num_inputs
        sizes, marks = (self.input_size, self.output_size), (Mark(self.num_bits + 1),)
        rows = draw_rows(keys, _BITS, given, self.num_bits, sizes, marks)
        uniforms = random_uniforms(keys, _PRIORITIES, given)
        priorities = (2 * uniforms - 1).astype(np.float32)

        reals = np.zeros((batch_size, _VECTORS + given), np.float32)
        reals[:, _VECTORS:] = priorities
        rows = rows._replace(reals=reals, real_channel=self.num_bits)
        shown = np.zeros(self.max_steps, np.int64)
        shown[:given] = _VECTORS + np.arange(given)
        shown[given] = _DELIMITER
        asked = np.zeros((batch_size, self.max_steps), np.int32)
        asked[:, given + 1 :] = _VECTORS + descending_order(priorities)[:, : self.num_outputs]
        return CompactEpisodes(
            rows,
            make_program(shown, asked),
            np.full(batch_size, self.max_steps, np.int64),
        )

    def solve(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Say the vectors back, highest priority first; see `Task.solve`."""
        answers = np.zeros((*inputs.shape[:2], self.output_size))
        for episode, answer in zip(inputs, answers, strict=True):
            for (shown,) in first_steps(episode[:, self.num_bits + 1], 1):
                order = sorted(range(shown), key=lambda i: -episode[i, self.num_bits])
                answer_from(answer, shown + 1, episode[order, : self.num_bits])
        return answers


def descending_order(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Sort each row, the greatest first, equal ones in their order.

    The same as a stable argsort of the negative values, which takes numpy five times as long:
    the bits of a float, taken as an integer, sort as the float does once those of a negative
    one are turned around, and what is left of a 64-bit number holds the place.

    Args:
        values: Shape ``(B, n)``, without NaN or negative zero.

    Returns:
        Places in the row, shape ``(B, n)``.
    """
    bits = values.view(np.int32)
    descending = ~(bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF)))
    numbered = (descending.astype(np.int64) << 32) | np.arange(values.shape[1])
    return np.sort(numbered, axis=1) & np.int64(0xFFFFFFFF)
