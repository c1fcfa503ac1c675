"""Large networks in half the space, where nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ntm_gym.evaluation.results import PointResult
from ntm_gym.leaderboard.verification import RELATIVE_TOLERANCE
from ntm_gym.tensor_files import FLOATS, TensorFile, float_chunks, raw_array

HALF_TOLERANCE = 0.01
"""Bits per sequence by which half precision may change a mean cost."""


def halve(where: str, file: TensorFile) -> bytes:
    """Return a safetensors file with the floating-point numbers in half precision.

    Args:
        where: Which file, for error messages.
        file: What it holds; all of it is finite in single precision.

    Raises:
        ValueError: If a weight is beyond half precision.
        ModuleNotFoundError: If safetensors is absent; it comes with the extra ``agents``.
    """
    import safetensors.numpy

    tensors = {name: _halve(file, name) for name in file.tensors}
    if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
        raise ValueError(f"{where} holds weights that half precision cannot")
    return safetensors.numpy.save(tensors, dict(file.metadata))


def _halve(file: TensorFile, name: str) -> NDArray[Any]:
    """Return a tensor in half precision, and one that holds no floats as it is."""
    info = file.tensors[name]
    if info.dtype not in FLOATS:
        return raw_array(file, name).reshape(info.shape)
    halves = np.empty(info.size, np.float16)
    begin = 0
    with np.errstate(over="ignore"):
        for part in float_chunks(file, name):
            halves[begin : begin + len(part)] = part
            begin += len(part)
    return halves.reshape(info.shape)


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
