"""One update of a network: gradient, clipping, optimizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from ntm_agents.training.buffers import buffer_tensors, has_persistent_buffers, set_buffers
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.gradients import (
    CapturedGradient,
    autograd_gradient_of,
    gradient_of,
)
from ntm_agents.training.optimizer import GravesRMSProp
from ntm_agents.training.random_state import random_state, set_random_state
from ntm_agents.training.sampling import Batch


class Learner:
    """Updates a network, batch by batch.

    Args:
        network: The network, on the device where it is trained.
        config: The run.
        cuda_graph: Launch forward and backward as one CUDA graph for each length of a batch.

    Attributes:
        tensors: The parameters and the optimizer's averages by name, each flat.
    """

    def __init__(self, network: nn.Module, config: TrainingConfig, cuda_graph: bool) -> None:
        self._config, self._network, self._cuda_graph = config, network, cuda_graph
        self._flat = FlatParameters(network)
        self._device = self._flat.vector.device
        vector = self._flat.vector
        self._entropy_penalty = 0.0
        self._compute_gradient = self._gradient_of_batches()
        self._optimizer = GravesRMSProp([vector], lr=config.learning_rate)
        self.tensors: dict[str, Tensor] = {
            "parameters": vector.data,
            **self._optimizer.state[vector],
        }
        self._never_finite = _not_finite(self._checked())  # a mask may hold infinities

    @property
    def layout(self) -> list[list[Any]]:
        """Names and shapes of the parameters, in the order in which they lie in ``tensors``."""
        return [[name, list(p.shape)] for name, p in self._network.named_parameters()]

    def state(self) -> dict[str, Tensor]:
        """Return all that decides the updates to come.

        Besides ``tensors`` these are the network's buffers and the states of the generators
        that it may draw from.
        """
        generators = random_state(self._device, self._network)
        return {**self.tensors, **buffer_tensors(self._network), **generators}

    def restore(self, state: dict[str, Tensor], complete: bool = True) -> None:
        """Go where another learner, whose ``state()`` this is, has been.

        Args:
            state: Of a learner of the same network.
            complete: Whether buffers and generators are in it, as they are since 0.2; without
                them the network must have no persistent buffers.

        Raises:
            ValueError: If it is of another network; nothing is changed then.
        """
        for name, tensor in self.tensors.items():
            given = state.get(name)
            if given is None or given.shape != tensor.shape or given.dtype != tensor.dtype:
                raise ValueError(f"{name!r} does not fit the network")
        if complete:
            set_buffers(self._network, state)
        elif has_persistent_buffers(self._network):
            raise ValueError("an older version wrote it, without the network's buffers")
        for name, tensor in self.tensors.items():
            tensor.copy_(state[name])
        set_random_state(state, self._device, self._network)

    def not_finite(self) -> list[str]:
        """Return the names of what is not finite now and was when the learner began."""
        return sorted(_not_finite(self._checked()) - self._never_finite)

    def _checked(self) -> dict[str, Tensor]:
        return {**self.tensors, **buffer_tensors(self._network)}

    def update(
        self,
        batch: Batch,
        learning_rate: float,
        noise: Tensor | None = None,
        entropy_penalty: float = 0.0,
    ) -> Tensor | float:
        """Update the network by one batch; return its loss in nats a sequence.

        Args:
            batch: Training sequences.
            learning_rate: Of this update.
            noise: Added to the parameters while the gradient is computed.
            entropy_penalty: See `TrainingConfig`; 0 for a network without heads.
        """
        self._set_entropy_penalty(entropy_penalty / self._config.batch_size)
        nats = self._gradient_under(noise, batch)
        if self._config.max_gradient_component is not None:
            self._flat.clip_gradient_components(self._config.max_gradient_component)
        if self._config.max_gradient_norm is not None:
            self._flat.clip_gradient_norm(self._config.max_gradient_norm)
        self._optimizer.param_groups[0]["lr"] = learning_rate
        self._optimizer.step()
        return nats

    def _set_entropy_penalty(self, penalty: float) -> None:
        if self._entropy_penalty != penalty:
            self._entropy_penalty = penalty
            self._compute_gradient = self._gradient_of_batches()

    def _gradient_of_batches(self) -> Callable[[Batch], Tensor] | Callable[[Batch], float]:
        if not self._cuda_graph:
            return gradient_of(self._network, self._flat, self._entropy_penalty)
        compute = autograd_gradient_of(self._network, self._flat, self._entropy_penalty)
        return CapturedGradient(compute, self._flat.vector.device, self._network)

    def _gradient_under(self, noise: Tensor | None, batch: Batch) -> Tensor | float:
        if noise is None:
            return self._compute_gradient(batch)
        vector = self._flat.vector.data
        clean = vector.clone()
        vector.add_(noise)
        nats = self._compute_gradient(batch)
        vector.copy_(clean)
        return nats


def _not_finite(tensors: Mapping[str, Tensor]) -> set[str]:
    return {name for name, tensor in tensors.items() if not tensor.isfinite().all()}
