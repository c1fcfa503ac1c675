"""RMSProp as the paper used it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import overload

import torch
from torch import Tensor

from ntm_agents.kernels.dispatch import training_kernels


class GravesRMSProp(torch.optim.Optimizer):
    r"""Centered RMSProp with momentum (Graves 2013, equations 38 to 41).

    $$ n \leftarrow \rho n + (1-\rho) g^2, \quad m \leftarrow \rho m + (1-\rho) g $$
    $$ d \leftarrow \mu d - \lambda g / \sqrt{n - m^2 + \epsilon}, \quad
       \theta \leftarrow \theta + d $$

    ``torch.optim.RMSprop`` adds its epsilon outside the root and is another update.

    Args:
        parameters: What to optimize.
        lr: Learning rate :math:`\lambda`, positive.
        decay: :math:`\rho`.
        momentum: :math:`\mu`.
        epsilon: :math:`\epsilon`, inside the root.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        lr: float = 1e-4,
        decay: float = 0.95,
        momentum: float = 0.9,
        epsilon: float = 1e-4,
    ) -> None:
        defaults = {"lr": lr, "decay": decay, "momentum": momentum, "epsilon": epsilon}
        super().__init__(parameters, defaults)
        for group in self.param_groups:
            for parameter in group["params"]:
                for average in ("square", "mean", "update"):
                    self.state[parameter][average] = torch.zeros_like(parameter)

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update the parameters once."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            rates = [group[name] for name in ("lr", "decay", "momentum", "epsilon")]
            for parameter in group["params"]:
                if parameter.grad is not None:
                    averages = self.state[parameter].values()
                    _update(parameter, parameter.grad, *averages, *rates)
        return loss


def _update(
    parameter: Tensor,
    gradient: Tensor,
    square: Tensor,
    mean: Tensor,
    update: Tensor,
    lr: float,
    decay: float,
    momentum: float,
    epsilon: float,
) -> None:
    """Change a parameter and its averages in place, by the fastest means there are."""
    vectors = (parameter, gradient, square, mean, update)
    kernels = training_kernels() if _fit_numba(vectors) else None
    if kernels is not None:
        changed, slope, *averages = (vector.detach().numpy() for vector in vectors)
        rates = (lr, decay, momentum, epsilon)
        kernels.graves_update(changed, slope, tuple(averages), rates)
        return
    square.mul_(decay).addcmul_(gradient, gradient, value=1 - decay)
    mean.lerp_(gradient, 1 - decay)
    root = torch.addcmul(square, mean, mean, value=-1).add_(epsilon).sqrt_()
    update.mul_(momentum).addcdiv_(gradient, root, value=-lr)
    parameter.add_(update)


def _fit_numba(vectors: Iterable[Tensor]) -> bool:
    return all(
        v.device.type == "cpu" and v.dim() == 1 and v.dtype in (torch.float32, torch.float64)
        for v in vectors
    )
