"""The optimal estimator of N-grams (section 4.4, equation 10)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ntm_gym.tasks import NGram


def solve_ngram(task: NGram, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    r"""Predict every bit as well as its source can be known.

    $$ P(1 \mid N_1, N_0, c) = (N_1 + 1/2) / (N_1 + N_0 + 1) $$

    where N1 and N0 count the ones and zeros that have followed the context c so far. Bits
    before the first whole context are coins.

    Args:
        task: Gives the length of a context.
        inputs: The bits, one step late, shape ``(B, T, 1)``.

    Returns:
        Probability of a one, shape ``(B, T, 1)``.
    """
    batch_size, steps, _ = inputs.shape
    bits = inputs[:, :, 0].astype(np.int64).T
    rows, contexts = np.arange(batch_size), np.zeros(batch_size, np.int64)
    counts = np.zeros((batch_size, 2**task.context_length, 2))
    probabilities = np.full((steps, batch_size), 0.5)
    for t in range(1, steps):
        if t > task.context_length:
            counts[rows, contexts, bits[t]] += 1
        contexts = (2 * contexts + bits[t]) % 2**task.context_length
        if t >= task.context_length:
            zeros, ones = counts[rows, contexts].T
            probabilities[t] = (ones + 0.5) / (ones + zeros + 1)
    return np.ascontiguousarray(probabilities.T)[..., None]
