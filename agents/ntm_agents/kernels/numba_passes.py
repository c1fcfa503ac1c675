"""One pass forward and one backward, from inputs to the output layer, by the Numba kernels.

One kernel runs all steps of a few sequences, and one takes them back; gradients of the weights
are sums over all steps, so they are matrix products afterwards. Nothing here is known to
autograd.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.numba_arrays import (
    DTYPES,
    array,
    copy_state,
    empty_state,
    final_gradient,
    start_state,
    starts_array,
)
from ntm_agents.kernels.numba_backward import backward
from ntm_agents.kernels.numba_buffers import TapeMemory
from ntm_agents.kernels.numba_forward import forward
from ntm_agents.kernels.numba_start import begin_backward
from ntm_agents.kernels.numba_tape import State
from ntm_agents.kernels.numba_threads import in_threads
from ntm_agents.kernels.numba_weights import (
    WeightArrays,
    straight,
    transposed,
    write_gradients,
)
from ntm_agents.state import NTMState


class Kept(NamedTuple):
    """What a forward pass leaves for the backward pass.

    Attributes:
        config: The sizes.
        segment: Steps between two checkpoints of memory.
        inputs: Shape ``(B, T, I)``.
        memory: Holds the tape.
        from_initial: Whether every sequence began with an episode.
        episode_starts: ``(B, T)``, or empty.
        start: State at episode starts.
        start_weightings: Weightings before the first step, without ``from_initial``.
    """

    config: NTMConfig
    segment: int
    inputs: Tensor
    memory: TapeMemory
    from_initial: bool
    episode_starts: NDArray[np.bool_]
    start: State
    start_weightings: NDArray[Any]


def forward_pass(
    inputs: Tensor,
    weights: WeightArrays,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None,
    keep: bool,
) -> tuple[Tensor, State, Kept]:
    """Run whole sequences.

    Args:
        inputs: Shape ``(B, T, I)``.
        weights: See `WeightArrays`.
        state: Before the first step; the learned start if None.
        config: The sizes.
        episode_starts: Shape ``(B, T)``, or None.
        keep: Whether a backward pass will follow.

    Returns:
        Features, shape ``(B, T, C + R · M)``, the final state, and what was kept, to be used
        only with ``keep``.
    """
    batch_size, steps, _ = inputs.shape
    from_initial = state is None
    running = (
        empty_state(config, batch_size, inputs.dtype) if state is None else copy_state(state)
    )
    needs_start = from_initial or episode_starts is not None
    start = start_state(weights.start, config, inputs.dtype) if needs_start else running
    kept = Kept(
        config,
        math.isqrt(steps - 1) + 1 if keep else 0,
        inputs,
        TapeMemory(
            config,
            batch_size,
            steps,
            math.isqrt(steps - 1) + 1 if keep else 0,
            DTYPES[inputs.dtype],
        ),
        from_initial,
        starts_array(episode_starts),
        start,
        running.weightings if from_initial else running.weightings.copy(),
    )
    features = inputs.new_empty(batch_size, steps, config.controller_size + config.read_size)
    arranged = transposed(weights)
    in_threads(
        batch_size,
        lambda first, last: forward(
            first,
            last,
            kept.segment,
            config.num_read_heads,
            array(inputs.contiguous()),
            arranged,
            from_initial,
            kept.episode_starts,
            start,
            running,
            kept.memory.tape,
            array(features),
        ),
    )
    return features, running, kept


def backward_pass(
    kept: Kept,
    weights: WeightArrays,
    d_features: Tensor,
    d_final: tuple[Tensor | None, ...],
    gradient: WeightArrays,
) -> tuple[Tensor, State]:
    """Carry gradients back through whole sequences.

    Args:
        kept: From `forward_pass`.
        weights: Those of the forward pass.
        d_features: Gradient of the features, contiguous.
        d_final: Gradient of each field of the final state, or None.
        gradient: Overwritten by the gradient of the weights.

    Returns:
        Gradient of the input projection, shape ``(B · T, G)``, and of the state that was
        passed in, meaningless if there was none.
    """
    config, tape = kept.config, kept.memory.tape
    batch_size = len(tape.outputs)
    d_state = final_gradient(d_final, config, batch_size, d_features.dtype)
    restarts = kept.from_initial or kept.episode_starts.size > 0
    d_start = d_state
    if restarts:
        d_start = final_gradient((None,) * 4, config, batch_size, d_features.dtype)
    arranged = straight(weights)
    in_threads(
        batch_size,
        lambda first, last: backward(
            first,
            last,
            kept.segment,
            config.num_read_heads,
            arranged,
            kept.from_initial,
            kept.episode_starts,
            kept.start,
            kept.start_weightings,
            tape,
            array(d_features),
            d_state,
            d_start,
        ),
    )
    write_gradients(config, tape, gradient)
    if restarts:
        begin_backward(d_start, kept.start, *gradient.start)
    else:
        for field in gradient.start:
            field.fill(0)
    return torch.from_numpy(tape.d_gates)[:, :, 0].flatten(0, 1), d_state
