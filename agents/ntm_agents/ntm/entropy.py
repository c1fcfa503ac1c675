"""The entropy of weightings: zero for a head at one location.

A training that adds it to its loss pays heads to be sharp, which keeps them right in longer
sequences.
"""

from __future__ import annotations

import torch
from torch import Tensor

ENTROPY_EPSILON = 1e-16
"""Added to weights, so that the gradient stays finite where a weight is zero."""


def entropy_of(weighting: Tensor) -> Tensor:
    r"""Return the entropy of weightings, :math:`-\sum_i w(i) \ln w(i)`.

    Args:
        weighting: Shape ``(…, N)``.

    Returns:
        Nats, between zero, at one location, and ``ln N``, spread evenly; shape ``(…)``.

    Example:
        >>> entropy_of(torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
        tensor([3.6841e-15, 6.9315e-01])
    """
    entropy: Tensor = torch.special.entr(weighting + ENTROPY_EPSILON).sum(-1)
    return entropy
