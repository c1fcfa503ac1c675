"""Gradients that can be differentiated again, for backends whose backward pass cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def differentiable_gradients(
    repeat: Callable[..., tuple[Tensor, ...]],
    tensors: Sequence[Tensor | None],
    wanted: Sequence[bool],
    gradients: Sequence[Tensor | None],
) -> list[Tensor | None]:
    """Return gradients as a graph of torch's own operations, by running the reference.

    It is slower than a kernel, and only called under ``create_graph=True``.

    Args:
        repeat: Computes the outputs from ``tensors``, in plain torch.
        tensors: What the forward pass was given.
        wanted: Whose gradients are wanted.
        gradients: Of the outputs; None is zero.

    Returns:
        One gradient for each tensor; None for those not wanted or without influence.
    """
    views = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]
    device = next(tensor.device.type for tensor in tensors if tensor is not None)
    with torch.autocast(device, enabled=False):
        outputs = repeat(*views)
    reached = [
        (output, gradient)
        for output, gradient in zip(outputs, gradients, strict=True)
        if gradient is not None and output.requires_grad
    ]
    sources = [view for view, want in zip(views, wanted, strict=True) if want]
    if not reached or not sources:
        return [None] * len(tensors)
    found = iter(
        torch.autograd.grad(
            [output for output, _ in reached],
            [source for source in sources if source is not None],
            [gradient for _, gradient in reached],
            create_graph=True,
            allow_unused=True,
        )
    )
    return [next(found) if want else None for want in wanted]
