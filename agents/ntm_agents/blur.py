"""A charge on blur, for training: what a head that is not at one location costs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def blur(weighting: Tensor) -> Tensor:
    r"""Return how blurred weightings are, :math:`1 - \sum_i w(i)^2`.

    Args:
        weighting: Shape ``(…, N)``.

    Returns:
        Between zero, at one location, and ``1 - 1 / N``, spread evenly; shape ``(…)``.

    Example:
        >>> blur(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
        tensor([0.0000, 0.5000])
    """
    return 1 - weighting.square().sum(-1)


def charge_blur(weighting: Tensor, penalty: float) -> Tensor:
    """Return the weighting; backward, its gradient is that of a loss with ``penalty * blur``.

    Args:
        weighting: Shape ``(…, N)``.
        penalty: In the unit of the loss.
    """
    if penalty == 0:
        return weighting
    charged: Tensor = _Charge.apply(weighting, penalty)  # type: ignore[no-untyped-call]
    return charged


class _Charge(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weighting: Tensor, penalty: float) -> Tensor:
        ctx.save_for_backward(weighting)
        ctx.penalty = penalty
        return weighting.view_as(weighting)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_weighting: Tensor) -> tuple[Tensor, None]:
        (weighting,) = ctx.saved_tensors
        return d_weighting - 2 * ctx.penalty * weighting, None
