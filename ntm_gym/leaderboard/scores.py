"""Which scores are possible at all."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.evaluate import evaluate
from ntm_gym.evaluation.metrics import LEAST_PROBABILITY
from ntm_gym.evaluation.reference_agents import REFERENCE_AGENTS
from ntm_gym.evaluation.results import PointResult, Results
from ntm_gym.evaluation.suites import Suite

_ROUNDING = 1e-3
_STANDARD_ERRORS = 4


@functools.cache
def oracle_results(suite: Suite, episodes: int | None = None) -> Results:
    """Return what the best possible agent scores on a suite, with its numbers of target bits.

    Args:
        suite: The suite.
        episodes: How many of its episodes a point, from the first; all if None.
    """
    return evaluate(REFERENCE_AGENTS["oracle"](suite.trained.make_task()), suite, episodes)


def check_scores(where: str, point: PointResult, oracle: PointResult) -> None:
    """Check that nothing is claimed that cannot be.

    Where even the oracle must guess (N-grams), luck may beat it: by up to four standard errors
    of the difference.

    Args:
        where: Which point, for error messages.
        point: The claim.
        oracle: What the oracle scores on the same episodes.

    Raises:
        ValueError: If a score is worse than the worst, or better than the oracle's.
    """
    errors, target_bits = point.bit_errors_per_sequence, oracle.target_bits_per_sequence
    if (errors > target_bits).any():
        raise ValueError(f"{where}: there cannot be more wrong bits than bits")
    _check_not_better(
        f"{where}: bit_errors_per_sequence", errors, oracle.bit_errors_per_sequence
    )
    bits = point.bits_per_sequence
    if bits is None:
        return
    if (bits > -np.log2(LEAST_PROBABILITY) * target_bits + _ROUNDING).any():
        raise ValueError(
            f"{where}: a bit cannot cost more than {-np.log2(LEAST_PROBABILITY):.0f} bits"
        )
    if (bits < errors - _ROUNDING).any():
        raise ValueError(f"{where}: a wrong bit cannot cost less than one bit")
    assert oracle.bits_per_sequence is not None
    _check_not_better(f"{where}: bits_per_sequence", bits, oracle.bits_per_sequence)


def _check_not_better(where: str, claim: NDArray[Any], best: NDArray[Any]) -> None:
    difference = np.subtract(claim, best, dtype=np.float64)
    luck = _STANDARD_ERRORS * difference.std() / np.sqrt(len(difference))
    if difference.mean() < -luck - _ROUNDING:
        raise ValueError(
            f"{where} cannot be better than the oracle's, but its mean is "
            f"{np.mean(claim):.6g} and the oracle's {np.mean(best):.6g}"
        )
