"""RMSProp as the paper used it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import overload

import torch
from torch import Tensor


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
        """Start all averages at zero."""
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
            decay = group["decay"]
            for parameter in group["params"]:
                gradient = parameter.grad
                if gradient is None:
                    continue
                square, mean, update = self.state[parameter].values()
                square.mul_(decay).addcmul_(gradient, gradient, value=1 - decay)
                mean.lerp_(gradient, 1 - decay)
                root = (
                    torch.addcmul(square, mean, mean, value=-1).add_(group["epsilon"]).sqrt_()
                )
                update.mul_(group["momentum"]).addcdiv_(gradient, root, value=-group["lr"])
                parameter.add_(update)
        return loss
