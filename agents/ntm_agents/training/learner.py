"""One update of a network: gradient, clipping, optimizer."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from ntm_agents.ntm import NTM
from ntm_agents.training.config import TrainingConfig
from ntm_agents.training.flat_parameters import FlatParameters
from ntm_agents.training.gradients import (
    CapturedGradient,
    autograd_gradient_of,
    gradient_of,
)
from ntm_agents.training.optimizer import GravesRMSProp
from ntm_agents.training.sampling import Batch


class Learner:
    """Changes a network, batch by batch.

    Args:
        network: What learns, where it is to learn.
        config: The run.
        cuda_graph: Launch forward and backward as one CUDA graph for each length of a batch.

    Attributes:
        tensors: All that an update changes, by name: the parameters and the optimizer's
            averages, each flat. Writing to them in place brings the learner elsewhere.
    """

    def __init__(self, network: nn.Module, config: TrainingConfig, cuda_graph: bool) -> None:
        """Start with averages of zero."""
        self._config, self._network, self._cuda_graph = config, network, cuda_graph
        self._flat = FlatParameters(network)
        vector = self._flat.vector
        self._compute_gradient = self._gradient_of_batches()
        self._optimizer = GravesRMSProp([vector], lr=config.learning_rate)
        self.tensors: dict[str, Tensor] = {
            "parameters": vector.data,
            **self._optimizer.state[vector],
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Go where another learner, whose ``tensors`` these are, has been."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])

    def update(
        self,
        batch: Batch,
        learning_rate: float,
        noise: Tensor | None = None,
        blur_penalty: float = 0.0,
    ) -> Tensor | float:
        """Learn from one batch; return its cost in nats a sequence.

        Args:
            batch: What to learn from.
            learning_rate: How fast.
            noise: Added to the parameters while the gradient is computed.
            blur_penalty: See `TrainingConfig`; an NTM's.
        """
        self._charge_blur(blur_penalty / self._config.batch_size)
        nats = self._gradient_under(noise, batch)
        if self._config.max_gradient_component is not None:
            self._flat.clip_gradient_components(self._config.max_gradient_component)
        if self._config.max_gradient_norm is not None:
            self._flat.clip_gradient_norm(self._config.max_gradient_norm)
        self._optimizer.param_groups[0]["lr"] = learning_rate
        self._optimizer.step()
        return nats

    def _charge_blur(self, penalty: float) -> None:
        if isinstance(self._network, NTM) and self._network.blur_penalty != penalty:
            self._network.blur_penalty = penalty
            self._compute_gradient = self._gradient_of_batches()

    def _gradient_of_batches(self) -> Callable[[Batch], Tensor] | Callable[[Batch], float]:
        if not self._cuda_graph:
            return gradient_of(self._network, self._flat)
        compute = autograd_gradient_of(self._network, self._flat)
        return CapturedGradient(compute, self._flat.vector.device)

    def _gradient_under(self, noise: Tensor | None, batch: Batch) -> Tensor | float:
        if noise is None:
            return self._compute_gradient(batch)
        vector = self._flat.vector.data
        clean = vector.clone()
        vector.add_(noise)
        nats = self._compute_gradient(batch)
        vector.copy_(clean)
        return nats
