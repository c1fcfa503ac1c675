"""The recurrent core as two Triton kernels, joined to torch's autograd.

One launch forward and one backward run whole sequences with their memory on the chip.
Gradients of the weights are sums over all steps, so they are matrix products, done by torch
after the backward kernel. With ``TRITON_INTERPRET=1`` in the environment before the first
import, the kernels run in Triton's interpreter on a CPU: slowly, for tests.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import torch
import triton
from torch import Tensor

from ntm_agents.kernels import reference
from ntm_agents.kernels.core import CoreWeights, Results, flat_core_arguments, with_projections
from ntm_agents.kernels.derivatives import differentiable_gradients
from ntm_agents.kernels.triton.backward import backward
from ntm_agents.kernels.triton.forward import forward
from ntm_agents.kernels.triton.tape import (
    BackwardArrays,
    ForwardArrays,
    Lengths,
    Sizes,
    State,
    Tape,
    Weights,
    make_sizes,
)
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

INTERPRETED = not isinstance(forward, triton.JITFunction)
"""Whether the kernels run in the interpreter, hence on a CPU."""

_BATCH_THAT_FILLS_A_DEVICE = 512
_NUMBERS_PER_THREAD = 32


def run_core(
    projected: Tensor,
    weights: CoreWeights,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    initial_state: NTMState | None = None,
    return_entropy: bool = False,
) -> Results:
    """Run the core over whole sequences; see `RunCore`."""
    features, *others = Core.apply(  # type: ignore[no-untyped-call]
        config,
        torch.is_grad_enabled(),
        return_entropy,
        episode_starts,
        *flat_core_arguments(projected, weights, state, initial_state),
    )
    return Results(features, NTMState(*others[:4]), others[4] if return_entropy else None)


run = with_projections(run_core)
"""The kernels as a backend; see `Run`."""


class Core(torch.autograd.Function):
    """Forward and backward of the core; the arguments are those of `run_core`, flat."""

    @staticmethod
    def forward(
        ctx: Any,
        config: NTMConfig,
        grad_enabled: bool,
        return_entropy: bool,
        episode_starts: Tensor | None,
        projected: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        """Run forward; keep what a pass backward needs."""
        batch_size, steps, _ = projected.shape
        state, initial = State(*tensors[:4]), _flat(tensors[4:8])
        weights = _weights(config, tensors[8:])
        segment = math.isqrt(steps - 1) + 1
        tape = _make_tape(config, state, steps, segment if grad_enabled else 0)
        # The kernel overwrites it, and a state that was passed in is the caller's.
        memories = _copy(state.memory)
        features = projected.new_empty(
            batch_size, steps, config.controller_size + config.read_size
        )
        starts = _bytes(episode_starts, projected)
        sequences = _sequences_per_program(config, batch_size)
        resets = episode_starts is not None
        sizes = make_sizes(config, sequences, resets, grad_enabled, return_entropy)
        entropies = projected.new_empty(batch_size if return_entropy else 0)
        _launch(
            forward,
            ForwardArrays(_dense(projected), starts, memories, features, entropies),
            weights,
            initial,
            tape,
            lengths=Lengths(batch_size, steps, segment),
            sizes=sizes,
        )
        if grad_enabled:
            ctx.config, ctx.segment, ctx.tape = config, segment, tape
            ctx.sizes, ctx.starts = sizes, starts
            ctx.initial, ctx.weights = initial, weights
            ctx.save_for_backward(episode_starts, projected, *tensors)
        return (
            features,
            memories,
            tape.weightings[:, -1].clone(),
            tape.read_vectors[:, -1].unflatten(-1, state.read_vectors.shape[1:]).clone(),
            tape.controller[:, -1].clone(),
            *([entropies.sum()] if return_entropy else []),
        )

    @staticmethod
    def backward(ctx: Any, d_features: Tensor, *d_others: Tensor) -> tuple[Tensor | None, ...]:
        """Return gradients; by the reference, if they are to be differentiated again."""
        episode_starts, *tensors = ctx.saved_tensors  # an error, if one was changed since
        config, tape, sizes = ctx.config, ctx.tape, ctx.sizes
        if torch.is_grad_enabled():
            repeat = functools.partial(_repeat, config, sizes.entropy, episode_starts)
            return (
                *(None,) * 4,
                *differentiable_gradients(
                    repeat, tensors, ctx.needs_input_grad[4:], (d_features, *d_others)
                ),
            )
        initial, weights = ctx.initial, ctx.weights
        batch_size, steps, _ = d_features.shape
        gradient = _flat([_copy(field) for field in d_others[:4]], batch_dims=1)
        d_initial = (
            State(*(torch.zeros_like(f) for f in gradient)) if sizes.resets else gradient
        )
        d_gates = torch.empty_like(tape.gates)
        d_parameters = torch.empty_like(tape.parameters)
        memories = d_features.new_empty(
            batch_size, ctx.segment, config.memory_size, config.word_size
        )
        _launch(
            backward,
            BackwardArrays(
                ctx.starts,
                memories,
                _dense(d_features),
                d_others[4] if sizes.entropy else d_features.new_empty(0),
                d_features.new_empty(batch_size, config.controller_size),
                d_gates,
                d_parameters,
            ),
            weights,
            initial,
            tape,
            gradient,
            d_initial,
            lengths=Lengths(batch_size, steps, ctx.segment),
            sizes=sizes,
        )
        # Gradients of weights are sums over all steps: matrix products, best done by cuBLAS.
        before = _before_steps(tape, initial, ctx.starts, sizes)
        return (
            None,
            None,
            None,
            None,
            d_gates[:, :, 0],
            *_unflat(gradient, config),
            *(
                [field.sum(0) for field in _unflat(d_initial, config)]
                if sizes.resets
                else [None] * 4
            ),
            *_d_weights(config, tape, before, d_gates, d_parameters),
        )


def _repeat(
    config: NTMConfig,
    return_entropy: bool,
    episode_starts: Tensor | None,
    projected: Tensor,
    *tensors: Tensor,
) -> tuple[Tensor, ...]:
    """Return by the reference what `Core` returns."""
    state, initial = NTMState(*tensors[:4]), NTMState(*(f[None] for f in tensors[4:8]))
    heads, head_bias, *layers = tensors[8:]
    number = config.controller_layers
    weights = CoreWeights(tuple(layers[:number]), tuple(layers[number:]), heads, head_bias)
    found = reference.run_core(
        projected, weights, state, config, episode_starts, initial, return_entropy
    )
    entropy = [] if found.entropy is None else [found.entropy]
    return found.outputs, *found.state, *entropy


def _before_steps(
    tape: Tape, initial: State, starts: Tensor, sizes: Sizes
) -> tuple[Tensor, Tensor]:
    """Return read vectors and hidden states before each step, ``(B · T, …)``."""
    read_vectors, hidden = tape.read_vectors[:, :-1], tape.controller[:, :-1, :1].flatten(2)
    if sizes.resets:
        begins = starts.bool().unsqueeze(-1)
        read_vectors = torch.where(begins, initial.read_vectors, read_vectors)
        hidden = torch.where(begins, initial.controller[:1].flatten(), hidden)
    return read_vectors.flatten(0, 1), hidden.flatten(0, 1)


def _d_weights(
    config: NTMConfig,
    tape: Tape,
    before: tuple[Tensor, Tensor],
    d_gates: Tensor,
    d_parameters: Tensor,
) -> list[Tensor]:
    """Return gradients of heads, head bias, layers and biases: one product each."""
    if config.controller == "lstm":
        outputs = tape.controller[:, 1:, 0].flatten(0, 1)
    else:
        outputs = tape.gates.flatten(0, 1)
    d_gates, d_parameters = d_gates.flatten(0, 1), d_parameters.flatten(0, 1)
    read_vectors, hidden = before
    hidden = hidden.unflatten(-1, (-1, config.controller_size))
    d_layers = []
    for layer in range(config.controller_layers):
        inputs = read_vectors if layer == 0 else outputs[:, layer - 1]
        if config.controller == "lstm":
            inputs = torch.cat([inputs, hidden[:, layer]], dim=-1)
        d_layers.append(d_gates[:, layer].t() @ inputs)
    return [
        d_parameters.t() @ outputs[:, -1],
        d_parameters.sum(0),
        *d_layers,
        *(d_gates[:, layer].sum(0) for layer in range(1, config.controller_layers)),
    ]


def _make_tape(config: NTMConfig, state: State, steps: int, segment: int) -> Tape:
    """Return a tape whose first slots hold the state; one slot if ``segment`` is 0."""
    batch_size = len(state.memory)
    kept, slots, checkpoints = (
        (steps, steps + 1, -(-steps // segment)) if segment else (1, 1, 0)
    )
    parts = 2 if config.controller == "lstm" else 0
    new = state.memory.new_empty
    layers, size = config.controller_layers, config.controller_size
    tape = Tape(
        weightings=new(batch_size, slots, config.num_heads, config.memory_size),
        read_vectors=new(batch_size, slots, config.read_size),
        controller=new(batch_size, slots, parts, layers, size),
        gates=new(batch_size, kept, layers, config.gates_size),
        parameters=new(batch_size, kept, config.head_parameters_size),
        checkpoints=new(batch_size, checkpoints, config.memory_size, config.word_size),
    )
    tape.weightings[:, 0] = state.weightings
    tape.read_vectors[:, 0] = state.read_vectors.flatten(1)
    tape.controller[:, 0] = state.controller
    return tape


def _weights(config: NTMConfig, tensors: tuple[Tensor, ...]) -> Weights:
    """Return contiguous weights; the stack of other layers is empty where there are none."""
    heads, head_bias, first, *others = (_dense(tensor) for tensor in tensors)
    matrices, biases = (
        others[: config.controller_layers - 1],
        others[config.controller_layers - 1 :],
    )
    return Weights(
        first,
        torch.stack(matrices) if matrices else first.new_empty(0),
        torch.stack(biases) if biases else first.new_empty(0),
        heads,
        head_bias,
    )


def _flat(fields: Any, batch_dims: int = 0) -> State:
    memory, weightings, read_vectors, controller = (_dense(field) for field in fields)
    return State(memory, weightings, read_vectors.flatten(batch_dims), controller)


def _unflat(state: State, config: NTMConfig) -> tuple[Tensor, ...]:
    words = (config.num_read_heads, config.word_size)
    return state._replace(read_vectors=state.read_vectors.unflatten(-1, words))


def _dense(tensor: Tensor) -> Tensor:
    """Return a tensor's numbers one after the other, copied if need be."""
    return tensor.resolve_neg().contiguous()


def _copy(tensor: Tensor) -> Tensor:
    return tensor.clone(memory_format=torch.contiguous_format)


def _bytes(episode_starts: Tensor | None, like: Tensor) -> Tensor:
    if episode_starts is None:
        return like.new_empty(0, dtype=torch.uint8)
    return episode_starts.to(like.device, torch.uint8).contiguous()


def _sequences_per_program(config: NTMConfig, batch_size: int) -> int:
    """Return how many sequences share what a program loads of the weights.

    An LSTM's weights do not fit beside the memory, so they pass through the cache in every
    step; with many sequences at hand, pairs of them share that.
    """
    shares = config.controller == "lstm" and batch_size >= _BATCH_THAT_FILLS_A_DEVICE
    return 2 if shares else 1


def _launch(kernel: Any, *arguments: Any, lengths: Lengths, sizes: Sizes) -> None:
    """Run a kernel over the whole batch, on the device of what it writes."""
    programs = triton.cdiv(lengths.batch_size, sizes.sequences)
    arrays = arguments[0]
    with torch.cuda.device_of(arrays.memories):
        kernel[(programs,)](
            *arguments,
            lengths,
            sizes,
            num_warps=count_warps(sizes),
            enable_fp_fusion=True,
        )


def count_warps(sizes: Sizes) -> int:
    """Return how many warps keep a program's memory in registers."""
    numbers = sizes.sequences * sizes.locations_block * sizes.words_block
    return min(16, max(4, numbers // (32 * _NUMBERS_PER_THREAD)))
