"""What the backward pass needs beside the gradient of the state."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.kernels.numba.tape import Sizes
from ntm_agents.kernels.numba.workspace import TILE, aligned, aligned_zeros, waiting_sums


class Scratch(NamedTuple):
    """Numbers that a step needs beside the gradient of the state; K is the segment.

    Attributes:
        memories: Those before and after the steps of a segment, ``(TILE, 2 K + 1, M, N')``.
        inverses: One over the norms of their locations, ``(TILE, 2 K + 1, N')``.
        places: For each step of a segment, which memory was before it; the one after it
            follows, ``(TILE, K)``.
        start: Weightings where a sequence or an episode begins, ``(H, N')``.
        circle: See `address`.
        d_circle: Its gradient.
        dot: See `address_backward`.
        shrink: See `address_backward`.
        kept: See `write_backward`.
        sums: See `write_backward`.
        lowest: See `lower_bounds`.
        d_parameters: Gradient of the head parameters in their ranges, ``(P',)``.
        d_features: Gradient of the features in this step, ``(TILE, C + R · M)``.
        d_raw: Gradient of the head layer's output in all steps, ``(TILE, T, P)``.
        d_gates: Gradient of all layers' pre-activations in all steps, ``(TILE, T, L, G)``.
        d_outputs: Gradient of a controller layer's output, ``(TILE, C)``.
        d_seen: Gradient of what a layer sees, ``(TILE, …)``.
        nothing: Zeros, as many as a layer sees, as features or inputs.
    """

    memories: Any
    inverses: Any
    places: Any
    start: Any
    circle: Any
    d_circle: Any
    dot: Any
    shrink: Any
    kept: Any
    sums: Any
    lowest: Any
    d_parameters: Any
    d_features: Any
    d_raw: Any
    d_gates: Any
    d_outputs: Any
    d_seen: Any
    nothing: Any


@kernel
def new_scratch(sizes: Sizes, like: Any) -> Scratch:
    """Return zeros; where all is written before it is read, any numbers."""
    memories = TILE * (2 * sizes.segment + 1)
    steps = TILE * sizes.steps
    seen = max(sizes.reads * sizes.words, sizes.controller) + sizes.controller
    nothing = max(seen, sizes.inputs)
    return Scratch(
        aligned(memories * sizes.memory, like),
        aligned(memories * sizes.padded, like),
        aligned(TILE * sizes.segment, np.empty(0, np.int64)),
        aligned_zeros(sizes.heads * sizes.padded, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.writes * VECTOR_BYTES // like.itemsize, like),
        waiting_sums(sizes.writes * 2 * sizes.words, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(sizes.padded_parameters, like),
        aligned_zeros(TILE * sizes.features, like),
        aligned(steps * sizes.parameters, like),
        aligned(steps * sizes.layers * sizes.gates, like),
        aligned_zeros(TILE * sizes.controller, like),
        aligned_zeros(TILE * seen, like),
        aligned_zeros(nothing, like),
    )
