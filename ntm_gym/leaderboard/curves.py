"""Learning curves: what a run cost on held-out sequences while it was trained."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import msgspec

from ntm_gym.files import write_json
from ntm_gym.leaderboard.fields import convert
from ntm_gym.leaderboard.schema import Curve, CurvePoint
from ntm_gym.tensor_files import MOST_BYTES
from ntm_gym.untrusted import (
    parse_untrusted_json,
    read_untrusted_bytes,
)

MOST_POINTS = 2_000
_LINE = "an object with 'sequences' and 'validation_bits_per_sequence', finite and at least 0"


def read_training_log(path: Path) -> Curve:
    """Return the curve of a training log, thinned out to a bearable number of points.

    Args:
        path: A line of JSON for each point, with ``sequences`` and
            ``validation_bits_per_sequence``; ``ntm-train`` writes such a ``log.jsonl``.

    Raises:
        ValueError: If a line is no such object.
    """
    points = []
    lines = read_untrusted_bytes(path, MOST_BYTES).splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            points.append(msgspec.convert(json.loads(line), CurvePoint))
        except (ValueError, RecursionError, msgspec.ValidationError) as error:
            raise ValueError(f"{path}: line {number} must be {_LINE}") from error
    every = -(-len(points) // MOST_POINTS) or 1
    kept = points[::-1][::every][::-1]
    return Curve(
        [point.sequences for point in kept],
        [round(point.validation_bits_per_sequence, 4) for point in kept],
    )


def write_curve(path: Path, curve: Curve) -> None:
    """Write a curve beside its checkpoint."""
    write_json(path, msgspec.structs.asdict(curve), indent=None)


def parse_curve(path: str, content: bytes, sequences: int) -> Curve:
    """Return a curve, if it can be one.

    Args:
        path: Which file, for error messages.
        content: All of it.
        sequences: What the run was trained on; no point may lie past it.

    Raises:
        ValueError: If it is malformed, empty, too long, does not rise or goes too far.
    """
    curve = convert(path, parse_untrusted_json(path, content), Curve)
    if not 1 <= len(curve.sequences) <= MOST_POINTS:
        raise ValueError(
            f"{path}: a curve must have 1 to {MOST_POINTS} points, not {len(curve.sequences)}"
        )
    if len(curve.sequences) != len(curve.bits_per_sequence):
        raise ValueError(f"{path}: sequences and bits_per_sequence must be equally long")
    if any(later <= earlier for earlier, later in itertools.pairwise(curve.sequences)):
        raise ValueError(f"{path}: sequences must rise from point to point")
    if curve.sequences[-1] > sequences:
        raise ValueError(
            f"{path}: a curve must end within the run's {sequences} sequences, "
            f"not at {curve.sequences[-1]}"
        )
    return curve
