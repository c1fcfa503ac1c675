"""Large networks in half the space, where nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ntm_gym.evaluation.loading import import_by_name
from ntm_gym.evaluation.results import PointResult
from ntm_gym.leaderboard.verification import RELATIVE_TOLERANCE

HALF_TOLERANCE = 0.01
"""Bits per sequence by which half precision may change a mean cost."""
_HALVE = "ntm_agents.checkpoints:halve_checkpoint"


def halve(checkpoint: Path, target: Path) -> None:
    """Write a checkpoint again in half precision; see `ntm_agents.checkpoints`."""
    import_by_name(_HALVE)(checkpoint, target)


def check_halved(
    where: str, whole: Mapping[str, PointResult], halved: Mapping[str, PointResult]
) -> None:
    """Check that a network in half precision scores what it scored before.

    Args:
        where: Which network, for error messages.
        whole: Results by label before.
        halved: Results by label after.

    Raises:
        ValueError: If a mean cost differs by more than `HALF_TOLERANCE` bits and 0.1 %, which
            may differ between machines as well.
    """
    for label, point in whole.items():
        before, after = point.bits_per_sequence, halved[label].bits_per_sequence
        if before is None or after is None:
            raise ValueError(f"{where} gives no probabilities to compare")
        difference = abs(float(after.mean() - before.mean()))
        if difference > HALF_TOLERANCE + RELATIVE_TOLERANCE * float(before.mean()):
            raise ValueError(
                f"{where} must not be entered in half precision: at point {label} it costs "
                f"{after.mean():.4f} bits instead of {before.mean():.4f}"
            )
