"""One pass forward and one backward, from inputs to outputs, by the Numba kernels.

One kernel runs all steps of a few sequences, and one takes them back. Nothing here is known
to autograd.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.kernels.numba.arrays import (
    DTYPES,
    array,
    copy_state,
    dense_array,
    empty_state,
    final_gradient,
    start_state,
    starts_array,
)
from ntm_agents.kernels.numba.backward import backward
from ntm_agents.kernels.numba.buffers import TapeMemory
from ntm_agents.kernels.numba.forward import forward
from ntm_agents.kernels.numba.start import begin_backward
from ntm_agents.kernels.numba.tape import State, Weights
from ntm_agents.kernels.numba.threads import in_threads
from ntm_agents.kernels.numba.weights import (
    WeightArrays,
    straight,
    totals_of,
    transposed,
    unstack,
)
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState


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
        Outputs, shape ``(B, T, O)``, or features, ``(B, T, C + R · M)``, the final state, and
        what was kept, to be used only with ``keep``.
    """
    batch_size, steps, _ = inputs.shape
    from_initial = state is None
    running = (
        empty_state(config, batch_size, inputs.dtype) if state is None else copy_state(state)
    )
    needs_start = from_initial or episode_starts is not None
    start = start_state(weights.start, config, inputs.dtype) if needs_start else running
    segment = math.isqrt(steps - 1) + 1 if keep else 0
    kept = Kept(
        config,
        segment,
        inputs,
        TapeMemory(config, batch_size, steps, segment, DTYPES[inputs.dtype]),
        from_initial,
        starts_array(episode_starts),
        start,
        running.weightings if from_initial else running.weightings.copy(),
    )
    numbers = len(weights.output) or config.controller_size + config.read_size
    results = inputs.new_empty(batch_size, steps, numbers)
    arranged, given = transposed(weights), dense_array(inputs)
    in_threads(
        batch_size,
        lambda first, last: forward(
            first,
            last,
            segment,
            config.num_read_heads,
            given,
            arranged,
            from_initial,
            kept.episode_starts,
            start,
            running,
            kept.memory.tape,
            array(results),
        ),
    )
    return results, running, kept


def backward_pass(
    kept: Kept,
    weights: WeightArrays,
    d_results: Tensor,
    d_final: tuple[Tensor | None, ...],
    gradient: WeightArrays,
    d_inputs: NDArray[Any] | None = None,
    blur_penalty: float = 0.0,
) -> State:
    """Carry gradients back through whole sequences.

    Args:
        kept: From `forward_pass`.
        weights: Those of the forward pass.
        d_results: Gradient of the outputs or features, contiguous.
        d_final: Gradient of each field of the final state, or None.
        gradient: Overwritten by the gradient of the weights.
        d_inputs: Overwritten by the gradient of the inputs, if it is wanted.
        blur_penalty: See `Run`.

    Returns:
        Gradient of the state that was passed in; meaningless if there was none.
    """
    config, dtype = kept.config, d_results.dtype
    if d_inputs is None:
        d_inputs = np.empty((0, 0, 0), DTYPES[dtype])
    batch_size, to_final = len(d_results), any(field is not None for field in d_final)
    d_state = d_start = final_gradient((None,) * 4, config, 1, dtype)
    if to_final or not kept.from_initial:
        d_state = final_gradient(d_final, config, batch_size, dtype)
    arranged, totals = straight(weights), totals_of(gradient)

    def run(first: int, last: int) -> tuple[State, Weights]:
        of_part = d_start, totals
        if first > 0:
            of_part = (
                State(*(np.zeros_like(field) for field in d_start)),
                Weights(*(np.empty_like(field) for field in totals)),
            )
        backward(
            first,
            last,
            kept.segment,
            config.num_read_heads,
            float(blur_penalty),
            arranged,
            kept.from_initial,
            to_final,
            kept.episode_starts,
            kept.start,
            kept.start_weightings,
            kept.memory.tape,
            array(d_results),
            d_state,
            of_part[0],
            d_inputs,
            of_part[1],
        )
        return of_part

    for d_start_of_part, totals_of_part in in_threads(batch_size, run)[1:]:
        for total, part in zip(
            (*d_start, *totals), (*d_start_of_part, *totals_of_part), strict=True
        ):
            total += part
    unstack(totals, gradient)
    if kept.from_initial or kept.episode_starts.size > 0:
        begin_backward(d_start, kept.start, *gradient.start)
    else:
        for field in gradient.start:
            field.fill(0)
    return d_state
