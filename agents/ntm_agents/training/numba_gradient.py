"""Loss and gradient of one batch by the Numba kernels, without autograd.

At batch size 1 autograd costs more than the kernels. Everything here is done by other means,
and equally, in `gradients.gradient_of`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ntm_agents.kernels.numba.arrays import array
from ntm_agents.kernels.numba.passes import backward_pass, forward_pass
from ntm_agents.kernels.numba.training import cross_entropy
from ntm_agents.kernels.numba.weights import weight_arrays
from ntm_agents.ntm.module import NTM
from ntm_agents.training.sampling import Batch

_NO_GRADIENT = (None, None, None, None)


class NumbaGradient:
    """Replaces the gradient of a network by that of a batch.

    Args:
        network: On a CPU; its parameters must stay where they are and have gradients.
    """

    def __init__(self, network: NTM) -> None:
        """Look up the parameters and where their gradients go."""
        self._network, self._config = network, network.config
        weights = network.weights().flat()
        self._weights = weight_arrays(weights, self._config)
        self._gradient = weight_arrays([_gradient_of(w) for w in weights], self._config)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> float:
        """Return the loss in nats; see `losses.nats_per_sequence`."""
        logits, _, kept = forward_pass(
            batch.inputs, self._weights, None, self._config, None, keep=True
        )
        d_logits = torch.empty_like(logits)
        nats = cross_entropy(
            array(logits), array(batch.targets), array(batch.scored), array(d_logits)
        )
        backward_pass(
            kept,
            self._weights,
            d_logits,
            _NO_GRADIENT,
            self._gradient,
            blur_penalty=self._network.blur_penalty,
        )
        return float(nats)


def _gradient_of(parameter: Tensor) -> Tensor:
    return torch.empty_like(parameter) if parameter.grad is None else parameter.grad
