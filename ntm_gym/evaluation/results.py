"""What an evaluation found, episode by episode."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.suites import Suite

_DECIMALS = 4


@dataclasses.dataclass(frozen=True)
class PointResult:
    """Raw values at one point, a value per episode.

    Attributes:
        bits_per_sequence: Cross-entropy in bits, shape ``(E,)``; None if the agent gives no
            probabilities.
        bit_errors_per_sequence: Wrong bits, shape ``(E,)``.
        target_bits_per_sequence: Scored bits, shape ``(E,)``.
    """

    bits_per_sequence: NDArray[np.float64] | None
    bit_errors_per_sequence: NDArray[np.int64]
    target_bits_per_sequence: NDArray[np.int64]

    @property
    def exact_rate(self) -> float:
        """Part of the episodes without a wrong bit."""
        return float((self.bit_errors_per_sequence == 0).mean())

    def mean_return(self, output_size: int) -> float:
        """Return the mean return under reward ``"bits"``: scored steps, each by right bits.

        Args:
            output_size: Bits of an action (O), all of which are scored at a scored step.
        """
        right = self.target_bits_per_sequence - self.bit_errors_per_sequence
        return float(right.mean() / output_size)

    def excess_bits(self, oracle: PointResult) -> float | None:
        """Return the mean cost above the oracle's.

        Args:
            oracle: What the best possible agent costs on the same episodes.
        """
        if self.bits_per_sequence is None or oracle.bits_per_sequence is None:
            return None
        return float((self.bits_per_sequence - oracle.bits_per_sequence).mean())

    def first(self, count: int) -> PointResult:
        """Return the first episodes only."""
        bits = self.bits_per_sequence
        return PointResult(
            None if bits is None else bits[:count],
            self.bit_errors_per_sequence[:count],
            self.target_bits_per_sequence[:count],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the raw values, ready for JSON; costs are rounded to 1e-4 bits.

        Numbers of target bits are left out: the suite tells them.
        """
        bits = self.bits_per_sequence
        return {
            "bits_per_sequence": None if bits is None else bits.round(_DECIMALS).tolist(),
            "bit_errors_per_sequence": self.bit_errors_per_sequence.tolist(),
        }


@dataclasses.dataclass(frozen=True)
class Results:
    """An agent on a suite.

    Attributes:
        suite: The suite.
        points: Results by the points' labels, in the suite's order.
    """

    suite: Suite
    points: dict[str, PointResult]

    def to_json(self) -> dict[str, Any]:
        """Return the results and what they were made on, ready for JSON."""
        return {
            "suite": self.suite.reference(),
            "points": {label: point.to_json() for label, point in self.points.items()},
        }
