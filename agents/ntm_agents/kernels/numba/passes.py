"""One pass forward and one backward, from inputs to outputs, by the Numba kernels.

One kernel runs all steps of a few sequences, and one takes them back. The batch is split over
threads here, because the kernels release Python's lock. Nothing here is known to autograd.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

from ntm_agents.kernels.numba.arrays import (
    DTYPES,
    array,
    copy_state,
    dense_array,
    empty_state,
    episodes_of,
    final_gradient,
    start_state,
)
from ntm_agents.kernels.numba.backward import backward
from ntm_agents.kernels.numba.backward_scratch import BackwardPass
from ntm_agents.kernels.numba.buffers import TapeMemory
from ntm_agents.kernels.numba.forward import ForwardPass, forward
from ntm_agents.kernels.numba.lang.names import Array
from ntm_agents.kernels.numba.layout import (
    Episodes,
    Sizes,
    State,
    Weights,
    make_sizes,
    weight_shapes,
)
from ntm_agents.kernels.numba.start import begin_backward
from ntm_agents.kernels.numba.weights import Parameters, transposed
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

Result = TypeVar("Result")


class Kept(NamedTuple):
    """What a forward pass leaves for the backward pass.

    Attributes:
        config: The configuration.
        sizes: The sizes.
        inputs: Shape ``(B, T, I)``.
        memory: Holds the tape.
        episodes: Where episodes start.
        start_weightings: Weightings before the first step, unless an episode starts there.
    """

    config: NTMConfig
    sizes: Sizes
    inputs: Tensor
    memory: TapeMemory
    episodes: Episodes
    start_weightings: Array


class Forward(NamedTuple):
    """What a forward pass returns.

    Attributes:
        results: Outputs, shape ``(B, T, O)``, or features, ``(B, T, C + R · M)``.
        final: State after the last step.
        entropy: Of the weightings of all heads in all steps of each sequence, in nats, shape
            ``(B,)``, or empty if it is not wanted.
        kept: To be used only if a backward pass will follow.
    """

    results: Tensor
    final: State
    entropy: Array
    kept: Kept


def forward_pass(
    inputs: Tensor,
    parameters: Parameters,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None,
    keep: bool,
    with_entropy: bool = False,
) -> Forward:
    """Run whole sequences.

    Args:
        inputs: Shape ``(B, T, I)``.
        parameters: All parameters.
        state: Before the first step; the learned start if None.
        config: The configuration.
        episode_starts: Shape ``(B, T)``, or None.
        keep: Whether a backward pass will follow.
        with_entropy: Whether the entropy is wanted.
    """
    batch_size, steps, _ = inputs.shape
    from_initial, dtype = state is None, DTYPES[inputs.dtype]
    # A state that was passed in is the caller's: it is copied, in the kernels' layout.
    running = (
        empty_state(config, batch_size, inputs.dtype) if state is None else copy_state(state)
    )
    needs_start = from_initial or episode_starts is not None
    initial = start_state(parameters.start, config, inputs.dtype) if needs_start else running
    # As many checkpoints as steps between two of them: both together are fewest.
    segment = math.isqrt(steps - 1) + 1 if keep else 0
    outputs = len(parameters.weights.output)
    sizes = make_sizes(config, steps, segment, outputs, np.dtype(dtype).itemsize)
    kept = Kept(
        config,
        sizes,
        inputs,
        TapeMemory(sizes, batch_size, dtype),
        episodes_of(episode_starts, from_initial, initial),
        running.weightings if from_initial else running.weightings.copy(),
    )
    results = inputs.new_empty(batch_size, steps, outputs or sizes.features)
    entropy = np.zeros(batch_size if with_entropy else 0, dtype)
    given = ForwardPass(
        sizes,
        transposed(parameters.weights),
        kept.episodes,
        dense_array(inputs),
        running,
        kept.memory.tape,
        array(results),
        entropy,
        with_entropy,
    )
    in_threads(batch_size, lambda first, last: forward(first, last, given))
    return Forward(results, running, entropy, kept)


def backward_pass(
    kept: Kept,
    parameters: Parameters,
    d_results: Tensor,
    d_final: tuple[Tensor | None, ...],
    d_entropy: float,
    gradient: Parameters,
    d_inputs: Array | None = None,
) -> State:
    """Carry gradients back through whole sequences.

    Args:
        kept: From `forward_pass`.
        parameters: Those of the forward pass.
        d_results: Gradient of the outputs or features, contiguous.
        d_final: Gradient of each field of the final state, or None.
        d_entropy: Gradient of each sequence's entropy.
        gradient: Overwritten by the gradient of the parameters.
        d_inputs: Overwritten by the gradient of the inputs, if it is wanted.

    Returns:
        Gradient of the state that was passed in; meaningless if there was none.
    """
    config, dtype, episodes = kept.config, d_results.dtype, kept.episodes
    if d_inputs is None:
        d_inputs = np.empty((0, 0, 0), DTYPES[dtype])
    batch_size, to_final = len(d_results), any(field is not None for field in d_final)
    d_state = d_initial = final_gradient((None,) * 4, config, 1, dtype)
    if to_final or not episodes.from_initial:
        d_state = final_gradient(d_final, config, batch_size, dtype)
    given = BackwardPass(
        kept.sizes,
        parameters.weights,
        episodes,
        kept.start_weightings,
        kept.memory.tape,
        array(d_results),
        float(d_entropy),
        to_final,
        d_state,
        d_initial,
        d_inputs,
        gradient.weights,
    )

    def run(first: int, last: int) -> tuple[State, Weights]:
        own = given
        # The first part writes where all are added up.
        if first > 0:
            own = given._replace(
                d_initial=State(*(np.zeros_like(field) for field in d_initial)),
                totals=Weights(*(np.empty_like(field) for field in gradient.weights)),
            )
        backward(first, last, own)
        return own.d_initial, own.totals

    # In a fixed order, so that the same threads give the same bits.
    for d_initial_of_part, totals_of_part in in_threads(batch_size, run)[1:]:
        for total, part in zip(
            (*d_initial, *gradient.weights), (*d_initial_of_part, *totals_of_part), strict=True
        ):
            total += part
    if episodes.from_initial or episodes.restart:
        begin_backward(d_initial, episodes.initial, *gradient.start)
    else:
        for field in gradient.start:
            field.fill(0)
    return d_state


def empty_gradient(kept: Kept, parameters: Parameters) -> Parameters:
    """Return uninitialised arrays for the gradients of all parameters."""
    kind = parameters.weights.heads.dtype
    return Parameters(
        Weights(*(np.empty(shape, kind) for shape in weight_shapes(kept.sizes))),
        [np.empty_like(field) for field in parameters.start],
    )


def in_threads(count: int, run: Callable[[int, int], Result]) -> list[Result]:
    """Split a range over torch's number of threads; return what each part returns."""
    workers = min(torch.get_num_threads(), count)
    if workers == 1:
        return [run(0, count)]
    bounds = [count * worker // workers for worker in range(workers + 1)]
    started = [
        _pool(workers).submit(run, first, last) for first, last in itertools.pairwise(bounds)
    ]
    return [part.result() for part in started]


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ntm")
