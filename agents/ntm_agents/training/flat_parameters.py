"""All parameters of a network as one vector."""

from __future__ import annotations

import math

import torch
from torch import nn

from ntm_agents.kernels.dispatch import training_kernels


class FlatParameters:
    """Makes a network's parameters and gradients views of two vectors.

    Clipping and optimizing are then a handful of operations, however many parameters the
    network has: at batch size 1 this is what keeps them cheaper than the network itself.

    Args:
        network: Its parameters must share dtype and device, and receive gradients.

    Attributes:
        vector: All parameters, with their gradient in ``vector.grad``.
    """

    def __init__(self, network: nn.Module) -> None:
        parameters = list(network.parameters())
        self.vector = nn.Parameter(torch.cat([p.detach().reshape(-1) for p in parameters]))
        self.vector.grad = torch.zeros_like(self.vector)
        offset = 0
        for parameter in parameters:
            part = slice(offset, offset + parameter.numel())
            parameter.data = self.vector.data[part].view_as(parameter)
            parameter.grad = self.vector.grad[part].view_as(parameter)
            offset += parameter.numel()

    @torch.no_grad()
    def clip_gradient_norm(self, max_norm: float) -> None:
        """Scale the whole gradient down to a norm, if it is longer.

        The norm is taken in double precision: squares of large components overflow a float.
        A gradient with components that are not finite has no direction and becomes zero:
        through a hundred steps of sharp heads it can outgrow single precision.
        """
        assert self.vector.grad is not None
        if self.vector.device.type == "cpu":
            kernels = training_kernels()
            if kernels is not None:
                if not math.isfinite(kernels.clip_norm(self.vector.grad.numpy(), max_norm)):
                    self.vector.grad.zero_()
                return
        norm = torch.linalg.vector_norm(self.vector.grad, dtype=torch.float64)
        self.vector.grad.mul_((max_norm / norm.clamp_min(1e-6)).clamp_max(1.0))
        self.vector.grad.masked_fill_(~norm.isfinite(), 0.0)

    @torch.no_grad()
    def clip_gradient_components(self, largest: float) -> None:
        """Bring every component of the gradient between plus and minus a number."""
        assert self.vector.grad is not None
        self.vector.grad.clamp_(-largest, largest)

    @torch.no_grad()
    def zero_gradient(self) -> None:
        """Forget the gradient, in place: the parameters' views stay."""
        assert self.vector.grad is not None
        self.vector.grad.zero_()
