"""A network as an agent: what the shared harness and Gymnasium's users call."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ntm_agents.blueprint import count_numbers
from ntm_agents.checkpoints import load_checkpoint
from ntm_agents.networks import count_parameters
from ntm_agents.ntm.module import NTM
from ntm_agents.ntm.tracing import trace
from ntm_gym.evaluation.agent import Sizes
from ntm_gym.evaluation.loading import TRUSTED_NETWORKS

_MAX_NUMBERS_AT_ONCE = 2**24


class NetworkAgent:
    """Plays with any network that is called ``logits, state = network(inputs, state)``.

    Args:
        network: The network, on any device, of any precision; a state is a (nested) tuple of
            tensors, batch first. ``network.initial_state(batch_size)`` must exist to play step
            by step.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self._like = next(network.parameters())
        matrices = (each.shape for each in network.parameters() if each.dim() > 1)
        self._units = max((shape[0] for shape in matrices), default=0)
        make_state = getattr(network, "initial_state", None)
        with torch.no_grad():
            self._state_numbers = 0 if make_state is None else count_numbers(make_state(1))

    def measure(self) -> Sizes:
        """Return how large the network is."""
        config = getattr(self.network, "config", None)
        size: int | None = getattr(config, "memory_size", None)
        return Sizes(count_parameters(self.network), size, self._state_numbers)

    def predict(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.int8], Any]:
        """Answer one step with bits: the likelier ones, or drawn from the probabilities.

        Args:
            observation: Shape ``(B, I)``.
            state: What the last call returned; None before the first step.
            episode_start: Environments whose episode begins with this step, shape ``(B,)``.
            deterministic: Draw from torch's generator if false.

        Returns:
            Bits, shape ``(B, O)``, and the next state.
        """
        logits, state = self._step(observation, state, episode_start)
        bits = logits > 0 if deterministic else torch.rand_like(logits) < logits.sigmoid()
        return bits.cpu().numpy().astype(np.int8), state

    def predict_probabilities(
        self,
        observation: NDArray[np.float32],
        state: Any = None,
        episode_start: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.float64], Any]:
        """Answer one step with the probability that each bit is one; see `predict`."""
        logits, state = self._step(observation, state, episode_start)
        return _probabilities(logits), state

    @torch.no_grad()
    def predict_sequences(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Answer whole episodes, each from its first step.

        Args:
            inputs: Shape ``(B, T, I)``.

        Returns:
            Probability that each bit is one, shape ``(B, T, O)``.
        """
        a_sequence = max(inputs.shape[1] * max(1024, self._units // 4), self._state_numbers)
        rows = max(1, _MAX_NUMBERS_AT_ONCE // a_sequence)
        parts = [
            _probabilities(self.network(self._tensor(inputs[first : first + rows]))[0])
            for first in range(0, len(inputs), rows)
        ]
        return np.concatenate(parts)

    def trace_memory(self, inputs: NDArray[np.float32]) -> dict[str, NDArray[Any]] | None:
        """Return a `Trace` as arrays by the names of its fields.

        Args:
            inputs: Episodes from their first step, shape ``(B, T, I)``.

        Returns:
            The arrays; None if the network is no Neural Turing Machine.
        """
        if not isinstance(self.network, NTM):
            return None
        run = trace(self.network, self._tensor(inputs))
        return {name: value.cpu().numpy() for name, value in run._asdict().items()}

    def with_memory_size(self, memory_size: int) -> NetworkAgent:
        """Return an agent with the same weights over a memory of another size.

        Args:
            memory_size: Its locations.

        Raises:
            ValueError: If the network has no such memory.
        """
        resize = getattr(self.network, "with_memory_size", None)
        if resize is None:
            raise ValueError(f"{type(self.network).__name__} has no memory that can grow")
        return NetworkAgent(resize(memory_size))

    @torch.no_grad()
    def _step(
        self,
        observation: NDArray[np.float32],
        state: Any,
        episode_start: NDArray[np.bool_] | None,
    ) -> tuple[Tensor, Any]:
        if state is not None and episode_start is not None and episode_start.any():
            start = self.network.initial_state(len(observation))  # type: ignore[operator]
            begins = torch.as_tensor(episode_start, device=self._like.device)
            state = _where(begins, start, state)
        logits, state = self.network(self._tensor(observation).unsqueeze(1), state)
        return logits.squeeze(1), state

    def _tensor(self, array: NDArray[np.float32]) -> Tensor:
        return torch.as_tensor(array, dtype=self._like.dtype, device=self._like.device)


def load_agent(path: str | Path, trusted: Collection[str] = TRUSTED_NETWORKS) -> NetworkAgent:
    """Return the agent of a published checkpoint; see `load_checkpoint`."""
    network, _ = load_checkpoint(Path(path), trusted)
    return NetworkAgent(network)


def _probabilities(logits: Tensor) -> NDArray[np.float64]:
    return np.asarray(logits.double().sigmoid().cpu().numpy())


def _where(begins: Tensor, start: Any, state: Any) -> Any:
    if isinstance(state, Tensor):
        return torch.where(begins.view(-1, *[1] * (state.dim() - 1)), start, state)
    parts = [_where(begins, s, t) for s, t in zip(start, state, strict=True)]
    return type(state)(*parts) if hasattr(state, "_fields") else type(state)(parts)
