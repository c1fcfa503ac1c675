"""What a task is: episodes as a pure function of parameters and key."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import Self


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

    @property
    def input_bounds(self) -> tuple[float, float]:
        """Least and greatest value that an observation can hold."""
        return 0.0, 1.0

    def parameters(self) -> dict[str, Any]:
        """Return the constructor arguments, ready for JSON."""
        return dataclasses.asdict(self)

    def replace(self, **changes: Any) -> Self:
        """Return the task with other parameters.

        Args:
            **changes: Parameters by name. Where there are ``min_x`` and ``max_x``, ``x``
                stands for both.

        Raises:
            ValueError: If a parameter is unknown or its value impossible.
        """
        names = [field.name for field in dataclasses.fields(self)]
        expanded: dict[str, Any] = {}
        for name, value in changes.items():
            both = [f"min_{name}", f"max_{name}"]
            if name not in names and not set(both) <= set(names):
                raise ValueError(
                    f"{type(self).__name__} has the parameters {', '.join(names)}, not {name!r}"
                )
            expanded.update(dict.fromkeys([name] if name in names else both, value))
        return dataclasses.replace(self, **expanded)


def as_items(rows: NDArray[Any]) -> NDArray[Any]:
    """View the last axis of an array as one item, so that indexing moves it in one piece.

    Args:
        rows: Any array, copied if it is not contiguous.

    Returns:
        An array of one axis less.
    """
    contiguous = np.ascontiguousarray(rows)
    return contiguous.view(np.dtype((np.void, rows.shape[-1] * rows.itemsize)))[..., 0]


def require_at_least(least: int, **parameters: int) -> None:
    """Check integer parameters.

    Args:
        least: The smallest value allowed.
        **parameters: Values by name.

    Raises:
        ValueError: If one is not an integer or too small.
    """
    for name, value in parameters.items():
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, not {value!r}")


def require_range(least: int, **bounds: int) -> None:
    """Check a pair of integer parameters that bound a range.

    Args:
        least: The smallest value allowed.
        **bounds: The lower and the upper bound by name, in this order.

    Raises:
        ValueError: If one is not an integer or too small, or the lower exceeds the upper.
    """
    require_at_least(least, **bounds)
    (lower_name, lower), (upper_name, upper) = bounds.items()
    if lower > upper:
        raise ValueError(
            f"{lower_name} must not exceed {upper_name}, but {lower} exceeds {upper}"
        )
