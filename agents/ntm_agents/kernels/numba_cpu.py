"""The recurrent core as fused Numba kernels, joined to torch's autograd.

The kernels do what must happen one step after the other. Gradients of the weights are sums
over all steps, so they are matrix products, done by torch after the backward kernel.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.core import CoreWeights
from ntm_agents.kernels.numba_backward import backward
from ntm_agents.kernels.numba_forward import forward
from ntm_agents.kernels.numba_tape import State, Tape, Weights
from ntm_agents.state import NTMState


def run_core(
    projected: Tensor,
    weights: CoreWeights,
    state: NTMState,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    initial_state: NTMState | None = None,
) -> tuple[Tensor, NTMState]:
    """Run the core over whole sequences; see `RunCore`."""
    start = NTMState(*state) if initial_state is None else initial_state
    features, *final = _Core.apply(  # type: ignore[no-untyped-call]
        config,
        torch.is_grad_enabled(),
        episode_starts,
        projected,
        *state,
        *(field[0] for field in start),
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
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        batch_size, steps, _ = projected.shape
        state, initial = _to_state(tensors[:4], copy=True), _to_state(tensors[4:8])
        heads, head_bias, *controller = tensors[8:]
        layers = controller[: config.controller_layers]
        biases = controller[config.controller_layers :]
        segment = math.isqrt(steps - 1) + 1 if grad_enabled else 0
        tape = _make_tape(config, batch_size, steps, segment, projected.dtype)
        features = projected.new_empty(
            batch_size, steps, config.controller_size + config.read_size
        )
        starts = _to_starts(episode_starts)
        start_weightings = state.weightings.copy() if grad_enabled else state.weightings
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
                starts,
                initial,
                state,
                tape,
                _array(features),
            ),
        )
        if grad_enabled:
            ctx.config, ctx.segment, ctx.tape, ctx.starts = config, segment, tape, starts
            ctx.initial, ctx.start_weightings = initial, start_weightings
            ctx.reset = episode_starts is not None
            ctx.save_for_backward(heads, head_bias, *layers, *biases)
        return features, *_from_state(state, config)

    @staticmethod
    def backward(ctx: Any, d_features: Tensor, *d_final: Tensor) -> tuple[Tensor | None, ...]:
        config, tape = ctx.config, ctx.tape
        heads, head_bias, *controller = ctx.saved_tensors
        layers = controller[: config.controller_layers]
        biases = controller[config.controller_layers :]
        batch_size, steps, _ = d_features.shape
        gradient = _to_state(d_final, copy=True)
        d_initial = (
            State(*(np.zeros_like(field) for field in gradient)) if ctx.reset else gradient
        )
        d_gates = d_features.new_empty(
            batch_size, steps, config.controller_layers, config.gates_size
        )
        d_parameters = d_features.new_empty(batch_size, steps, config.head_parameters_size)
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
                ctx.starts,
                ctx.initial,
                ctx.start_weightings,
                tape,
                _array(d_features.contiguous()),
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
            *_from_state(gradient, config),
            *_d_initial(d_initial, config, ctx.reset),
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


def _d_initial(d_initial: State, config: NTMConfig, reset: bool) -> list[Tensor | None]:
    if not reset:
        return [None] * 4
    return [field.sum(0) for field in _from_state(d_initial, config)]


def _make_tape(
    config: NTMConfig, batch_size: int, steps: int, segment: int, dtype: torch.dtype
) -> Tape:
    kept = steps if segment else 1
    checkpoints = -(-steps // segment) if segment else 0
    parts = 2 if config.controller == "lstm" else 0
    layers, size = config.controller_layers, config.controller_size
    shapes = Tape(
        parameters=(kept, config.head_parameters_size),
        similarity=(kept, config.num_heads, config.memory_size),
        content=(kept, config.num_heads, config.memory_size),
        rotated=(kept, config.num_heads, config.memory_size),
        weightings=(kept, config.num_heads, config.memory_size),
        inverse_norms=(kept, 2, config.memory_size),
        checkpoints=(checkpoints, config.word_size, config.memory_size),
        read_vectors=(kept, config.read_size),
        controller=(kept, parts, layers, size),
        gates=(kept, layers, config.gates_size),
        outputs=(kept, layers, size),
    )
    kind = np.float32 if dtype == torch.float32 else np.float64
    return Tape(*(np.empty((batch_size, *shape), kind) for shape in shapes))


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
