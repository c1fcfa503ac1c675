"""Priority sort (section 4.5): say vectors back in the order of their priorities."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks.episodes import Episodes, Task, require_at_least
from ntm_gym.tasks.keyed_random import random_bits, random_uniforms

_BITS, _PRIORITIES = range(2)


@dataclasses.dataclass(frozen=True)
class PrioritySort(Task):
    """Random vectors with priorities, a delimiter, and then the foremost in order.

    ::

        step    1 … n                     n + 1        n + 2 … n + k + 1
        input   vectors and priorities    delimiter    blank
        target  -                         -            vectors, highest priority first

    Behind the bits, inputs have the priority, uniform in [-1, 1], and the delimiter.

    Attributes:
        num_bits: Bits of a vector.
        num_inputs: Vectors shown (n).
        num_outputs: Vectors asked for (k), at most n.

    Raises:
        ValueError: If a parameter is not positive or more is asked for than shown.

    Example:
        >>> PrioritySort().sample(np.array([7], dtype=np.uint64)).inputs.shape
        (1, 37, 10)
    """

    num_bits: int = 8
    num_inputs: int = 20
    num_outputs: int = 16

    def __post_init__(self) -> None:
        """Check the parameters."""
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

    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys; see `Task.sample`."""
        batch_size, shown = len(keys), self.num_inputs
        bits = random_bits(keys, _BITS, shown * self.num_bits)
        vectors = bits.reshape(batch_size, shown, self.num_bits)
        uniforms = random_uniforms(keys, _PRIORITIES, shown)
        priorities = (2 * uniforms - 1).astype(np.float32)

        inputs = np.zeros((batch_size, self.max_steps, self.input_size), np.float32)
        inputs[:, :shown, : self.num_bits] = vectors
        inputs[:, :shown, self.num_bits] = priorities
        inputs[:, shown, self.num_bits + 1] = 1

        foremost = np.argsort(-priorities, axis=1, kind="stable")[:, : self.num_outputs]
        targets = np.zeros((batch_size, self.max_steps, self.output_size), np.int8)
        targets[:, shown + 1 :] = vectors[np.arange(batch_size)[:, None], foremost]
        target_mask = np.zeros((batch_size, self.max_steps), np.bool_)
        target_mask[:, shown + 1 :] = True
        return Episodes(
            inputs, targets, target_mask, np.full(batch_size, self.max_steps, np.int64)
        )
