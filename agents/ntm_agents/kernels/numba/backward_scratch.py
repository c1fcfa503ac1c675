"""What the backward pass is given, and the numbers that it needs beside."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.kernels.numba.layout import Episodes, Sizes, State, Tape, Weights
from ntm_agents.kernels.numba.workspace import TILE, aligned, aligned_zeros, postponed_sums


class BackwardPass(NamedTuple):
    """What `backward` reads and writes, of all sequences.

    Attributes:
        sizes: The sizes.
        weights: Matrices as they are, ``(outputs, inputs)``.
        episodes: Where episodes start.
        start_weightings: Before the first step, ``(B, H, N)``; not looked at where an episode
            begins with it.
        tape: From `forward`.
        d_results: Gradient of what `forward` writes.
        d_entropy: Gradient of the entropy of each sequence.
        to_final: Whether the final state has a gradient.
        d_state: Gradient of the state after the last step, looked at with ``to_final``;
            overwritten by that before the first, unless all sequences begin with an episode.
        d_initial: Added to: gradient of the initial state, with B = 1.
        d_inputs: Written: gradient of the inputs, ``(B, T, I)``; empty if not wanted.
        totals: Overwritten by the gradients of the weights.
    """

    sizes: Sizes
    weights: Weights
    episodes: Episodes
    start_weightings: Pointer
    tape: Tape
    d_results: Pointer
    d_entropy: float
    to_final: bool
    d_state: State
    d_initial: State
    d_inputs: Pointer
    totals: Weights


class Scratch(NamedTuple):
    """Numbers that a step needs beside the gradient of the state; K is the segment.

    Attributes:
        memories: Those before and after the steps of a segment, ``(TILE, 2 K + 1, M, N')``.
        inverses: One over the norms of their locations, ``(TILE, 2 K + 1, N')``.
        places: For each step of a segment, which memory was before it; the one after it
            follows, ``(TILE, K)``.
        start: Weightings where a sequence or an episode begins, ``(H, N')``.
        circle: See `AddressingScratch`, like all up to ``shrink``.
        d_circle: See `AddressingScratch`.
        dot: See `AddressingScratch`.
        shrink: See `AddressingScratch`.
        kept: See `WriteScratch`.
        sums: See `WriteScratch` and `AddressingScratch`.
        lowest: See `lower_bounds`.
        d_parameters: Gradient of the head parameters in their ranges, ``(P',)``.
        d_features: Gradient of the features in this step, ``(TILE, C + R · M)``.
        d_raw: Gradient of the head layer's output in all steps, ``(TILE, T, P)``.
        d_gates: Gradient of all layers' pre-activations in all steps, ``(TILE, T, L, G)``.
        d_outputs: Gradient of a controller layer's output, ``(TILE, C)``.
        d_seen: Gradient of what a layer sees, ``(TILE, …)``.
        zeros: As many as a layer sees, as features or inputs: what sums begin with.
    """

    memories: Pointer
    inverses: Pointer
    places: Pointer
    start: Pointer
    circle: Pointer
    d_circle: Pointer
    dot: Pointer
    shrink: Pointer
    kept: Pointer
    sums: Pointer
    lowest: Pointer
    d_parameters: Pointer
    d_features: Pointer
    d_raw: Pointer
    d_gates: Pointer
    d_outputs: Pointer
    d_seen: Pointer
    zeros: Pointer


@kernel
def new_scratch(sizes: Sizes, like: Pointer) -> Scratch:
    """Return zeros; where all is written before it is read, any numbers."""
    # An episode may start at each step, and then a fresh memory lies between two.
    memories = TILE * (2 * sizes.segment + 1)
    steps = TILE * sizes.steps
    seen = max(sizes.state.read_vectors, sizes.controller) + sizes.controller
    return Scratch(
        aligned(memories * sizes.state.memory, like),
        aligned(memories * sizes.padded, like),
        aligned(TILE * sizes.segment, np.empty(0, np.int64)),
        aligned_zeros(sizes.state.weightings, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.padded, like),
        aligned_zeros(sizes.writes * VECTOR_BYTES // like.itemsize, like),
        postponed_sums(sizes.writes * 2 * sizes.words, like),
        aligned_zeros(sizes.step.parameters, like),
        aligned_zeros(sizes.step.parameters, like),
        aligned_zeros(TILE * sizes.features, like),
        # Large and written before it is read: clearing it would be another pass.
        aligned(steps * sizes.parameters, like),
        aligned(steps * sizes.layers * sizes.gates, like),
        aligned_zeros(TILE * sizes.controller, like),
        aligned_zeros(TILE * seen, like),
        aligned_zeros(max(seen, sizes.inputs), like),
    )
