"""The recurrent core as fused Numba kernels, joined to torch's autograd.

The kernels do what must happen one step after the other. Gradients of the weights are sums
over all steps, so they are matrix products, done by torch after the backward kernel.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.core import CoreWeights
from ntm_agents.kernels.numba_backward import backward
from ntm_agents.kernels.numba_buffers import TapeMemory
from ntm_agents.kernels.numba_forward import forward
from ntm_agents.kernels.numba_tape import State, Tape, Weights
from ntm_agents.state import NTMState

_DTYPES: dict[torch.dtype, type[np.floating]] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
}
_NO_STATE = (None, None, None, None)


def run_core(
    projected: Tensor,
    weights: CoreWeights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    initial_state: NTMState | None = None,
) -> tuple[Tensor, NTMState]:
    """Run the core over whole sequences; see `RunCore`."""
    features, *final = _Core.apply(  # type: ignore[no-untyped-call]
        config,
        torch.is_grad_enabled(),
        episode_starts,
        projected,
        *(state or _NO_STATE),
        *(initial_state or _NO_STATE),
        weights.heads,
        weights.head_bias,
        *weights.layers,
        *weights.layer_biases,
    )
    return features, NTMState(*final)


class _Core(torch.autograd.Function):
    """Forward and backward of the core; the arguments are those of `run_core`, flat."""

    @staticmethod
    def forward(
        ctx: Any,
        config: NTMConfig,
        grad_enabled: bool,
        episode_starts: Tensor | None,
        projected: Tensor,
        *tensors: Any,
    ) -> tuple[Tensor, ...]:
        batch_size, steps, _ = projected.shape
        given, initial = tensors[:4], tensors[4:8]
        heads, head_bias, *controller = tensors[8:]
        layers = controller[: config.controller_layers]
        biases = controller[config.controller_layers :]
        from_initial = given[0] is None
        if from_initial:
            state = _empty_state(config, batch_size, projected.dtype)
        else:
            state = _to_state(given, copy=True)
        start = state if initial[0] is None else _to_state(initial)
        start_weightings = state.weightings
        if grad_enabled and not from_initial:
            start_weightings = state.weightings.copy()
        segment = math.isqrt(steps - 1) + 1 if grad_enabled else 0
        kept = TapeMemory(config, batch_size, steps, segment, _DTYPES[projected.dtype])
        features = projected.new_empty(
            batch_size, steps, config.controller_size + config.read_size
        )
        starts = _to_starts(episode_starts)
        transposed = Weights(
            _array(layers[0].t().contiguous()),
            _stack([layer.t() for layer in layers[1:]], _array(layers[0])[None, :0]),
            _stack(biases, _array(head_bias)[None, :0]),
            _array(heads.t().contiguous()),
            _array(head_bias),
        )
        _over_batch(
            batch_size,
            lambda first, last: forward(
                first,
                last,
                segment,
                config.num_read_heads,
                _array(projected),
                transposed,
                from_initial,
                starts,
                start,
                state,
                kept.tape,
                _array(features),
            ),
        )
        if grad_enabled:
            ctx.set_materialize_grads(False)
            ctx.config, ctx.segment, ctx.kept, ctx.starts = config, segment, kept, starts
            ctx.from_initial, ctx.start = from_initial, start
            ctx.start_weightings = start_weightings
            ctx.save_for_backward(heads, head_bias, *layers, *biases)
        return features, *_from_state(state, config)

    @staticmethod
    def backward(
        ctx: Any, d_features: Tensor | None, *d_final: Tensor | None
    ) -> tuple[Tensor | None, ...]:
        config, tape = ctx.config, ctx.kept.tape
        heads, head_bias, *controller = ctx.saved_tensors
        layers = controller[: config.controller_layers]
        biases = controller[config.controller_layers :]
        batch_size, steps = tape.outputs.shape[:2]
        if d_features is None:
            d_features = heads.new_zeros(
                batch_size, steps, config.controller_size + config.read_size
            )
        gradient = _to_gradient(d_final, config, batch_size, heads.dtype)
        restarts = ctx.from_initial or ctx.starts.size > 0
        d_initial = (
            State(*(np.zeros_like(field) for field in gradient)) if restarts else gradient
        )
        d_gates = heads.new_empty(
            batch_size, steps, config.controller_layers, config.gates_size
        )
        d_parameters = heads.new_empty(batch_size, steps, config.head_parameters_size)
        d_outputs = _array(d_features.contiguous())
        straight = Weights(
            _array(layers[0].contiguous()),
            _stack(layers[1:], _array(layers[0])[None, :0]),
            _stack(biases, _array(head_bias)[None, :0]),
            _array(heads.contiguous()),
            _array(head_bias),
        )
        _over_batch(
            batch_size,
            lambda first, last: backward(
                first,
                last,
                ctx.segment,
                config.num_read_heads,
                straight,
                ctx.from_initial,
                ctx.starts,
                ctx.start,
                ctx.start_weightings,
                tape,
                d_outputs,
                gradient,
                d_initial,
                _array(d_gates),
                _array(d_parameters),
            ),
        )
        return (
            None,
            None,
            None,
            d_gates[:, :, 0],
            *([None] * 4 if ctx.from_initial else _from_state(gradient, config)),
            *(_d_initial(d_initial, config) if restarts else [None] * 4),
            *_d_weights(config, tape, d_gates, d_parameters),
        )


def _d_weights(
    config: NTMConfig, tape: Tape, d_gates: Tensor, d_parameters: Tensor
) -> list[Tensor]:
    """Return gradients of heads, head bias, layers and biases: one product each."""
    outputs = torch.from_numpy(tape.outputs).flatten(0, 1)
    d_gates, d_parameters = d_gates.flatten(0, 1), d_parameters.flatten(0, 1)
    seen = torch.from_numpy(tape.read_vectors).flatten(0, 1)
    hidden = torch.from_numpy(tape.controller).flatten(0, 1)[:, :1].flatten(1, 2)
    d_layers = []
    for layer in range(config.controller_layers):
        inputs = seen if layer == 0 else outputs[:, layer - 1]
        if config.controller == "lstm":
            inputs = torch.cat([inputs, hidden[:, layer]], dim=-1)
        d_layers.append(d_gates[:, layer].t() @ inputs)
    return [
        d_parameters.t() @ outputs[:, -1],
        d_parameters.sum(0),
        *d_layers,
        *(d_gates[:, layer].sum(0) for layer in range(1, config.controller_layers)),
    ]


def _d_initial(d_initial: State, config: NTMConfig) -> list[Tensor]:
    return [
        field if len(field) == 1 else field.sum(0, keepdim=True)
        for field in _from_state(d_initial, config)
    ]


def _empty_state(config: NTMConfig, batch_size: int, dtype: torch.dtype) -> State:
    kind, layers = _DTYPES[dtype], config.controller_layers
    return State(
        np.empty((batch_size, config.word_size, config.memory_size), kind),
        np.empty((batch_size, config.num_heads, config.memory_size), kind),
        np.empty((batch_size, config.read_size), kind),
        np.empty((batch_size, config.controller_parts, layers, config.controller_size), kind),
    )


def _to_gradient(
    d_final: Sequence[Tensor | None], config: NTMConfig, batch_size: int, dtype: torch.dtype
) -> State:
    """Return new arrays with the gradient of the final state; zeros where there is none."""
    memory, weightings, read_vectors, controller = d_final
    zeros = _empty_state(config, batch_size, dtype)
    given = (
        None if memory is None else memory.transpose(-1, -2),
        weightings,
        None if read_vectors is None else read_vectors.flatten(-2),
        controller,
    )
    for field, tensor in zip(zeros, given, strict=True):
        field[:] = 0 if tensor is None else tensor.numpy()
    return zeros


def _to_state(fields: Any, copy: bool = False) -> State:
    """Bring tensors into the kernels' layout, as new arrays if they will be written to."""
    memory, weightings, read_vectors, controller = fields
    arrays = [memory.transpose(-1, -2), weightings, read_vectors.flatten(-2), controller]
    if copy:
        return State(*(_array(a.clone(memory_format=torch.contiguous_format)) for a in arrays))
    return State(*(_array(a.contiguous()) for a in arrays))


def _from_state(state: State, config: NTMConfig) -> tuple[Tensor, ...]:
    memory, weightings, read_vectors, controller = (torch.from_numpy(a) for a in state)
    words = (config.num_read_heads, config.word_size)
    return (
        memory.transpose(-1, -2),
        weightings,
        read_vectors.unflatten(-1, words),
        controller,
    )


def _to_starts(episode_starts: Tensor | None) -> NDArray[np.bool_]:
    if episode_starts is None:
        return np.empty((0, 0), np.bool_)
    return np.ascontiguousarray(episode_starts.numpy())


def _array(tensor: Tensor) -> NDArray[Any]:
    return np.asarray(tensor.detach().numpy())


def _stack(tensors: list[Tensor], none: NDArray[Any]) -> NDArray[Any]:
    """Stack tensors; without any, return an empty array of the same rank."""
    return _array(torch.stack(tensors).contiguous()) if tensors else none[:0]


def _over_batch(batch_size: int, run: Callable[[int, int], None]) -> None:
    """Split the batch over torch's number of threads; the kernels release the lock."""
    workers = min(torch.get_num_threads(), batch_size)
    if workers == 1:
        run(0, batch_size)
        return
    bounds = [batch_size * worker // workers for worker in range(workers + 1)]
    for done in [
        _pool(workers).submit(run, first, last) for first, last in itertools.pairwise(bounds)
    ]:
        done.result()


@functools.cache
def _pool(workers: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(workers, thread_name_prefix="ntm")
