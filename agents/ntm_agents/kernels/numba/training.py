"""What a training step does besides the network, each as one loop over all numbers."""

from __future__ import annotations

import math

import numpy as np

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.functions import exp, log
from ntm_agents.kernels.numba.lang.names import Arrays, Number, Pointer


@kernel
def cross_entropy(
    logits: Pointer, targets: Pointer, scored: Pointer, d_logits: Pointer
) -> Number:
    """Return the cross-entropy in nats, summed over scored bits, averaged over sequences.

    It is not finite if any logit is not, scored or not, as with torch.

    Args:
        logits: Shape ``(B, T, O)``.
        targets: Shape ``(B, T, O)``, bits.
        scored: Shape ``(B, T, 1)``, one where a step is scored and zero elsewhere.
        d_logits: Written: its gradient, shape ``(B, T, O)``.
    """
    batch_size, steps, bits = logits.shape
    one = logits.dtype.type(1.0)
    share = one / logits.dtype.type(batch_size)
    total = 0.0
    for b in range(batch_size):
        for t in range(steps):
            weight = scored[b, t, 0]
            # Infinite logits times zero would be NaN in the gradient of scored ones as well.
            if weight == 0:
                for k in range(bits):
                    logit = logits[b, t, k]
                    d_logits[b, t, k] = logit if logit != logit else 0
                    total += weight * logit
                continue
            for k in range(bits):
                logit, target = logits[b, t, k], targets[b, t, k]
                # exp of a negative number cannot overflow; sigmoid and log(1 + exp) both follow
                # from it.
                small = exp(-abs(logit))
                sigmoid = (one if logit > 0 else small) / (one + small)
                d_logits[b, t, k] = weight * share * (sigmoid - target)
                total += weight * (max(logit, 0) - logit * target + log(one + small))
    return total / batch_size


@kernel
def clip_norm(gradient: Pointer, max_norm: float) -> Number:
    """Scale a vector down to a norm, taken in double precision, if it is longer.

    One whose norm is infinite or NaN becomes what ``torch.nn.utils.clip_grad_norm_`` makes of
    it: components of zero or NaN.

    Returns:
        The norm that it had.
    """
    # In double precision: squares of large components overflow a float.
    total = 0.0
    for i in range(gradient.shape[0]):
        component = np.float64(gradient[i])
        total += component * component
    norm = math.sqrt(total)
    if not norm <= max_norm:
        scale = gradient.dtype.type(max_norm / norm)
        for i in range(gradient.shape[0]):
            gradient[i] *= scale
    return norm


@kernel
def graves_update(
    parameters: Pointer,
    gradient: Pointer,
    averages: Arrays,
    rates: Arrays,
) -> None:
    """Take one step of `GravesRMSProp` in place; all arrays are vectors of one length.

    Args:
        parameters: Changed.
        gradient: Of the parameters.
        averages: Changed: of squares, of gradients, and of updates.
        rates: Learning rate, decay, momentum, epsilon.
    """
    kind = parameters.dtype.type
    square, mean, update = averages
    lr, decay, momentum, epsilon = rates
    lr, decay, momentum, epsilon = kind(lr), kind(decay), kind(momentum), kind(epsilon)
    fresh = kind(1.0) - decay
    for i in range(parameters.shape[0]):
        g = gradient[i]
        n = decay * square[i] + fresh * (g * g)
        m = decay * mean[i] + fresh * g
        d = momentum * update[i] - lr * g / math.sqrt(n - m * m + epsilon)
        square[i], mean[i], update[i] = n, m, d
        parameters[i] += d
