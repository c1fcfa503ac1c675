"""What the harness knows of an agent: Stable-Baselines3's own protocol, and two extras."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@runtime_checkable
class Agent(Protocol):
    """Plays many environments at once; every SB3 model is one.

    An agent's deterministic action is the likelier value of each bit.
    """

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[Any], Any]:
        """Act for one step in every environment.

        Args:
            observation: Shape ``(B, I)``.
            state: What the last call returned; None before the first step.
            episode_start: Environments whose episode begins with this step, shape ``(B,)``.
            deterministic: Whether to give the likelier bits.

        Returns:
            Bits, shape ``(B, O)``, and the next state.
        """
        ...


@runtime_checkable
class ProbabilisticAgent(Protocol):
    """An agent that says how sure it is; only its costs can be counted in bits."""

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Return the probability that each bit is one, ``(B, O)``, and the next state."""
        ...


@runtime_checkable
class SequenceAgent(Protocol):
    """An agent that can predict whole episodes at once, without looking ahead."""

    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability that each bit is one.

        Args:
            inputs: Episodes from their first step, shape ``(B, T, I)``.

        Returns:
            Shape ``(B, T, O)``.
        """
        ...


@runtime_checkable
class TracingAgent(Protocol):
    """An agent that can show what its memory holds."""

    def trace_memory(self, inputs: NDArray[np.float32]) -> Mapping[str, NDArray[Any]] | None:
        """Return what the memory held after each step.

        Args:
            inputs: Episodes from their first step, shape ``(B, T, I)``.

        Returns:
            At least ``memory``, ``(B, T, N, M)``, ``read_weightings``, ``(B, T, R, N)``, and
            ``write_weightings``, ``(B, T, W, N)``; None if the agent has no such memory.
        """
        ...


@runtime_checkable
class ResizableAgent(Protocol):
    """An agent whose memory can be enlarged after training."""

    def with_memory_size(self, memory_size: int) -> SequenceAgent:
        """Return the same agent over a memory with so many locations."""
        ...


def resize(agent: object, memory_size: int) -> SequenceAgent:
    """Return the same agent over a memory of another size.

    Args:
        agent: The agent.
        memory_size: Locations of the new memory.

    Raises:
        ValueError: If it has no such memory.
    """
    if not isinstance(agent, ResizableAgent):
        raise ValueError(f"{type(agent).__name__} must have a memory that can grow")
    return agent.with_memory_size(memory_size)


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
