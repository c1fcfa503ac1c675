"""The entropy of weightings in one step, forward and backward; see `ntm.entropy`."""

from __future__ import annotations

import triton.language as tl

from ntm_agents.kernels.triton.tape import Sizes
from ntm_agents.kernels.triton.vectors import Value, kernel, load_vector, store_vector
from ntm_agents.ntm.entropy import ENTROPY_EPSILON

_EPSILON = tl.constexpr(ENTROPY_EPSILON)


@kernel
def entropy_of(weightings: tl.tensor, valid: tl.tensor, sizes: Sizes) -> Value:
    """Return the entropy of all heads' weightings together, ``(B,)``.

    Args:
        weightings: Row of pointers to those of the first head.
        valid: Which sequences exist.
        sizes: See `Sizes`.
    """
    n = tl.arange(0, sizes.locations_block)
    of_sequences: tl.constexpr = (sizes.sequences,)
    total = tl.zeros(of_sequences, weightings.dtype.element_ty)
    for h in range(sizes.reads + sizes.writes):
        place = weightings + h * sizes.locations
        weight = load_vector(place, n, sizes.locations, valid) + _EPSILON
        # The padding holds zeros, which epsilon would give a share.
        share = tl.where((n < sizes.locations)[None, :], weight * tl.log(weight), 0.0)
        total -= tl.sum(share, 1)
    return total


@kernel
def entropy_backward(
    weightings: tl.tensor,
    d_entropy: tl.tensor,
    d_weightings: tl.tensor,
    valid: tl.tensor,
    sizes: Sizes,
) -> None:
    """Add the gradient of the entropy, ``-(log w + 1)``, to that of all heads' weightings."""
    n = tl.arange(0, sizes.locations_block)
    for h in range(sizes.reads + sizes.writes):
        place = h * sizes.locations
        weight = load_vector(weightings + place, n, sizes.locations, valid) + _EPSILON
        d_weighting = load_vector(d_weightings + place, n, sizes.locations, valid)
        d_weighting -= d_entropy * (tl.log(weight) + 1.0)
        store_vector(d_weightings + place, n, sizes.locations, valid, d_weighting)
