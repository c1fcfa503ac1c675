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
from ntm_agents.kernels.numba.weights import Parameters, parameter_arrays, stack, unstack
from ntm_agents.ntm.module import NTM
from ntm_agents.training.sampling import Batch

_NO_GRADIENT = (None, None, None, None)


class NumbaGradient:
    """Replaces the gradient of a network by that of a batch.

    Args:
        network: On a CPU; its parameters must stay where they are and have gradients.
        entropy_penalty: See `gradients.gradient_of`.
    """

    def __init__(self, network: NTM, entropy_penalty: float = 0.0) -> None:
        self._config, self._entropy_penalty = network.config, entropy_penalty
        weights = network.weights().flat()
        self._parameters = parameter_arrays(weights, self._config)
        self._gradients = parameter_arrays([_gradient_of(w) for w in weights], self._config)
        # With one layer nothing is copied: what is stacked now stays a view.
        self._views = self._stack() if self._config.controller_layers == 1 else None

    def _stack(self) -> tuple[Parameters, Parameters]:
        layers = self._config.controller_layers
        return stack(self._parameters, layers), stack(self._gradients, layers)

    @torch.no_grad()
    def __call__(self, batch: Batch) -> float:
        """Return the loss in nats; see `losses.nats_per_sequence`."""
        parameters, gradient = self._views or self._stack()
        found = forward_pass(batch.inputs, parameters, None, self._config, None, keep=True)
        logits = found.results
        d_logits = torch.empty_like(logits)
        nats = cross_entropy(
            array(logits), array(batch.targets), array(batch.target_mask), array(d_logits)
        )
        penalty = self._entropy_penalty
        backward_pass(found.kept, parameters, d_logits, _NO_GRADIENT, penalty, gradient)
        if self._views is None:
            for target, source in zip(self._gradients, unstack(gradient), strict=True):
                target[...] = source
        return float(nats)


def _gradient_of(parameter: Tensor) -> Tensor:
    return torch.empty_like(parameter) if parameter.grad is None else parameter.grad
