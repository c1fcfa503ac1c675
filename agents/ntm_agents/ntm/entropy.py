"""A charge on blur, for training: what a head that is not at one location costs."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

BLUR_EPSILON = 1e-16
"""Added to weights before the logarithm."""


def blur(weighting: Tensor) -> Tensor:
    r"""Return how blurred weightings are: their entropy, :math:`-\sum_i w(i) \ln w(i)`.

    Args:
        weighting: Shape ``(…, N)``.

    Returns:
        Nats, between zero, at one location, and ``ln N``, spread evenly; shape ``(…)``.

    Example:
        >>> blur(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
        tensor([0.0000, 0.6931])
    """
    entropy: Tensor = torch.special.entr(weighting).sum(-1)
    return entropy


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
    generate_vmap_rule = True

    @staticmethod
    def forward(weighting: Tensor, penalty: float) -> Tensor:
        return weighting.view_as(weighting)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, float], output: Tensor) -> None:
        weighting, ctx.penalty = inputs
        ctx.save_for_backward(weighting)

    @staticmethod
    def backward(ctx: Any, d_weighting: Tensor) -> tuple[Tensor, None]:
        (weighting,) = ctx.saved_tensors
        return d_weighting - ctx.penalty * ((weighting + BLUR_EPSILON).log() + 1), None
