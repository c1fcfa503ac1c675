"""What a task is: episodes as a pure function of parameters and key."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Episodes(NamedTuple):
    """A batch of episodes, each zero-padded to the longest of the batch.

    Attributes:
        inputs: What the agent observes, shape ``(B, T, I)``, float32.
        targets: The right answer at each step, bits, shape ``(B, T, O)``, int8.
        target_mask: Which steps are scored, shape ``(B, T)``, bool.
        lengths: Steps in each episode, shape ``(B,)``, int64.
    """

    inputs: NDArray[np.float32]
    targets: NDArray[np.int8]
    target_mask: NDArray[np.bool_]
    lengths: NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Task(ABC):
    """A family of episodes; its dataclass fields are the parameters, all JSON-serializable.

    An episode depends on the parameters and its key alone: never on the batch it is sampled
    in, on the order, or on the machine.
    """

    @property
    @abstractmethod
    def input_size(self) -> int:
        """Channels of an observation (I)."""

    @property
    @abstractmethod
    def output_size(self) -> int:
        """Bits of an answer (O)."""

    @property
    @abstractmethod
    def max_steps(self) -> int:
        """Steps of the longest possible episode."""

    @abstractmethod
    def sample(self, keys: NDArray[np.uint64]) -> Episodes:
        """Return the episodes with these keys.

        Args:
            keys: One key per episode, shape ``(B,)``, uint64.

        Returns:
            Episodes; row ``b`` depends on ``keys[b]`` alone.
        """

    def parameters(self) -> dict[str, Any]:
        """Return the constructor arguments, ready for JSON."""
        return dataclasses.asdict(self)
