"""Between torch's tensors and the kernels' arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.config import NTMConfig
from ntm_agents.kernels.core import Weights
from ntm_agents.kernels.numba_products import transpose
from ntm_agents.kernels.numba_start import begin
from ntm_agents.kernels.numba_tape import State
from ntm_agents.kernels.numba_tape import Weights as KernelWeights
from ntm_agents.state import LearnedStart, NTMState

DTYPES: dict[torch.dtype, type[np.floating]] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
}


def array(tensor: Tensor) -> NDArray[Any]:
    """View a tensor as an array."""
    return np.asarray(tensor.detach().numpy())


def empty_state(config: NTMConfig, batch_size: int, dtype: torch.dtype) -> State:
    """Return an uninitialised state."""
    kind, layers = DTYPES[dtype], config.controller_layers
    return State(
        np.empty((batch_size, config.word_size, config.memory_size), kind),
        np.empty((batch_size, config.num_heads, config.memory_size), kind),
        np.empty((batch_size, config.read_size), kind),
        np.empty((batch_size, config.controller_parts, layers, config.controller_size), kind),
    )


def copy_state(state: NTMState) -> State:
    """Return new arrays that hold a state."""
    return State(
        array(state.memory.transpose(-1, -2).clone(memory_format=torch.contiguous_format)),
        array(state.weightings.clone(memory_format=torch.contiguous_format)),
        array(state.read_vectors.flatten(-2).clone(memory_format=torch.contiguous_format)),
        array(state.controller.clone(memory_format=torch.contiguous_format)),
    )


def start_state(start: LearnedStart, config: NTMConfig) -> State:
    """Return new arrays that hold the learned start, with batch size one."""
    state = empty_state(config, 1, start.memory.dtype)
    memory, logits, read_vectors, controller = (array(p.contiguous()) for p in start)
    begin(memory, logits, read_vectors, controller, state)
    return state


def state_tensors(state: State, config: NTMConfig) -> NTMState:
    """View a state's arrays as tensors."""
    memory, weightings, read_vectors, controller = (torch.from_numpy(a) for a in state)
    words = (len(memory), config.num_read_heads, config.word_size)
    return NTMState(memory.transpose(-1, -2), weightings, read_vectors.view(words), controller)


def final_gradient(
    d_final: tuple[Tensor | None, ...], config: NTMConfig, batch_size: int, dtype: torch.dtype
) -> State:
    """Return new arrays with the gradient of the final state; zeros where there is none."""
    memory, weightings, read_vectors, controller = d_final
    gradient = empty_state(config, batch_size, dtype)
    given = (
        None if memory is None else memory.transpose(-1, -2),
        weightings,
        None if read_vectors is None else read_vectors.flatten(-2),
        controller,
    )
    for field, tensor in zip(gradient, given, strict=True):
        field[:] = 0 if tensor is None else array(tensor)
    return gradient


def starts_array(episode_starts: Tensor | None) -> NDArray[np.bool_]:
    """Return where episodes start, empty if nowhere."""
    if episode_starts is None:
        return np.empty((0, 0), np.bool_)
    return np.ascontiguousarray(episode_starts.numpy())


def transposed_weights(weights: Weights) -> KernelWeights:
    """Return matrices as ``(inputs, outputs)``, which the forward kernel reads."""
    first, *others = weights.core.layers
    heads = _transposed(weights.core.heads)
    return KernelWeights(
        _transposed(weights.input_weight, first),
        _stacked([_transposed(layer) for layer in others]) if others else heads[None, :0],
        _stacked([array(b) for b in (weights.input_bias, *weights.core.layer_biases)]),
        heads,
        array(weights.core.head_bias),
    )


def straight_weights(weights: Weights) -> KernelWeights:
    """Return matrices as ``(outputs, inputs)``, which the backward kernel reads."""
    first, *others = (array(layer.contiguous()) for layer in weights.core.layers)
    return KernelWeights(
        first,
        _stacked(others) if others else first[None, :0],
        array(weights.input_bias)[None],
        array(weights.core.heads.contiguous()),
        array(weights.core.head_bias),
    )


def _stacked(arrays: list[NDArray[Any]]) -> NDArray[Any]:
    """Stack arrays; a single one is not copied."""
    return np.stack(arrays) if len(arrays) > 1 else arrays[0][None]


def _transposed(*matrices: Tensor) -> NDArray[Any]:
    """Return transposed matrices below each other."""
    outputs, dtype = matrices[0].shape[0], DTYPES[matrices[0].dtype]
    target = np.empty((sum(matrix.shape[1] for matrix in matrices), outputs), dtype)
    row = 0
    for matrix in matrices:
        transpose(array(matrix.contiguous()), target, row)
        row += matrix.shape[1]
    return target
