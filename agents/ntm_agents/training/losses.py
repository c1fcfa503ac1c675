"""The objective: cross-entropy over the scored steps (section 4)."""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional

from ntm_agents.training.sampling import Batch

BITS_PER_NAT = 1 / math.log(2)


def nats_per_sequence(logits: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy summed over scored bits, averaged over sequences.

    Args:
        logits: Shape ``(B, T, O)``.
        batch: Targets, and which steps are scored.

    Returns:
        A scalar, in nats.
    """
    weight = batch.target_mask.expand_as(logits)
    total = functional.binary_cross_entropy_with_logits(
        logits, batch.targets, weight, reduction="sum"
    )
    return total / len(logits)
