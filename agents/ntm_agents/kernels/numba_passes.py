"""One pass forward and one backward, from inputs to the output layer, by the Numba kernels.

One kernel runs all steps of a few sequences, and one takes them back; gradients of the weights
are sums over all steps, so they are matrix products afterwards. Nothing here is known to
autograd.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.core import Weights
from ntm_agents.kernels.numba_arrays import (
    DTYPES,
    array,
    copy_state,
    empty_state,
    final_gradient,
    start_state,
    starts_array,
    straight_weights,
    transposed_weights,
)
from ntm_agents.kernels.numba_backward import backward
from ntm_agents.kernels.numba_buffers import TapeMemory
from ntm_agents.kernels.numba_forward import forward
from ntm_agents.kernels.numba_products import sum_outer_products
from ntm_agents.kernels.numba_start import begin_backward
from ntm_agents.kernels.numba_tape import State, Tape
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
    weights: Weights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None,
    keep: bool,
) -> tuple[Tensor, State, Kept]:
    """Run whole sequences.

    Args:
        inputs: Shape ``(B, T, I)``.
        weights: See `Weights`.
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
    start = start_state(weights.start, config) if needs_start else running
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
    arranged = transposed_weights(weights)
    _in_threads(
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
    weights: Weights,
    d_features: Tensor,
    d_final: tuple[Tensor | None, ...],
    gradient: Weights,
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
    arranged = straight_weights(weights)
    _in_threads(
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
    _weight_gradients(config, tape, gradient)
    if restarts:
        begin_backward(d_start, kept.start, *(array(field) for field in gradient.start))
    else:
        for field in gradient.start:
            field.zero_()
    return torch.from_numpy(tape.d_gates)[:, :, 0].flatten(0, 1), d_state


def _weight_gradients(config: NTMConfig, tape: Tape, gradient: Weights) -> None:
    """Write the gradient of all weights, one product each, over ``B · T`` rows."""
    gates, size = config.gates_size, config.controller_size
    d_gate, seen = _rows(tape.d_gates), _rows(tape.seen)
    none = np.empty(0, seen.dtype)
    _product(d_gate, 0, seen, 0, array(gradient.input_weight), array(gradient.input_bias))
    column = config.input_size
    for layer, matrix in enumerate(gradient.core.layers):
        bias = array(gradient.core.layer_biases[layer - 1]) if layer else none
        _product(d_gate, layer * gates, seen, column, array(matrix), bias)
        column += matrix.shape[1]
    last = (config.controller_layers - 1) * size
    heads, head_bias = array(gradient.core.heads), array(gradient.core.head_bias)
    _product(_rows(tape.d_parameters), 0, _rows(tape.outputs), last, heads, head_bias)


def _rows(of_steps: NDArray[Any]) -> NDArray[Any]:
    """View an array as one row for each step."""
    batch_size, steps = of_steps.shape[:2]
    return of_steps.reshape(batch_size * steps, -1)


def _product(
    left: NDArray[Any],
    left_offset: int,
    right: NDArray[Any],
    right_offset: int,
    total: NDArray[Any],
    left_total: NDArray[Any],
) -> None:
    """Do what `sum_outer_products` does, in all threads."""
    _in_threads(
        len(total),
        lambda first, last: sum_outer_products(
            first, last, left, left_offset, right, right_offset, total, left_total
        ),
    )


def _in_threads(count: int, run: Callable[[int, int], None]) -> None:
    """Split a range over torch's number of threads; the kernels release the lock."""
    workers = min(torch.get_num_threads(), count)
    if workers == 1:
        run(0, count)
        return
    bounds = [count * worker // workers for worker in range(workers + 1)]
    for done in [
        _pool(workers).submit(run, first, last) for first, last in itertools.pairwise(bounds)
    ]:
        done.result()


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ntm")
