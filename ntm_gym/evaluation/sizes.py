"""How large an agent is, where that can be computed."""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable


class Sizes(NamedTuple):
    """How large an agent is.

    Attributes:
        parameters: Trainable numbers.
        memory_size: Locations of its memory; None if it has none of its own.
        state_numbers: Numbers that it carries from one step to the next in each environment.
    """

    parameters: int
    memory_size: int | None
    state_numbers: int


@runtime_checkable
class MeasuredAgent(Protocol):
    """An agent whose size can be computed."""

    def measure(self) -> Sizes:
        """Return how large it is."""
        ...
