"""The entropy of a weighting in one step, forward and backward; see `ntm.entropy`."""

from __future__ import annotations

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import log
from ntm_agents.kernels.numba.lang.names import Number, Pointer
from ntm_agents.kernels.numba.lang.pointers import lanes, load, store, zeros
from ntm_agents.kernels.numba.lang.vectors import keep_first, sum_of
from ntm_agents.kernels.numba.layout import MemorySizes
from ntm_agents.ntm.entropy import ENTROPY_EPSILON


@kernel
def entropy_of(weighting: Pointer, sizes: MemorySizes) -> Number:
    """Return the entropy in nats of a weighting, ``(N,)``."""
    total = zeros(weighting)
    for i in range(0, sizes.padded, lanes(weighting)):
        weight = load(weighting, i) + ENTROPY_EPSILON
        # The padding holds zeros, which epsilon would give a share.
        total -= keep_first(weight * log(weight), sizes.locations - i, 0.0)
    return sum_of(total)


@kernel
def entropy_backward(
    weighting: Pointer, d_entropy: float, sizes: MemorySizes, d_weighting: Pointer
) -> None:
    """Add the gradient of the entropy, ``-(log w + 1)``, to that of the weighting."""
    for i in range(0, sizes.padded, lanes(weighting)):
        slope = log(load(weighting, i) + ENTROPY_EPSILON) + 1.0
        store(load(d_weighting, i) - slope * d_entropy, d_weighting, i)
