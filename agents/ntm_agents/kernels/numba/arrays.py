"""Between torch's tensors and the kernels' arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ntm_agents.kernels.numba.start import begin
from ntm_agents.kernels.numba.tape import State
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

DTYPES: dict[torch.dtype, type[np.floating]] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
}


def array(tensor: Tensor) -> NDArray[Any]:
    """View a tensor as an array."""
    viewed: NDArray[Any] = tensor.detach().numpy()
    return viewed


def dense_array(tensor: Tensor) -> NDArray[Any]:
    """View a tensor as an array with its numbers one after the other, copied if need be."""
    dense: NDArray[Any] = tensor.contiguous().numpy(force=True)
    return dense


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


def start_state(start: Sequence[NDArray[Any]], config: NTMConfig, dtype: torch.dtype) -> State:
    """Return new arrays that hold the learned start, with batch size one."""
    state = empty_state(config, 1, dtype)
    memory, logits, read_vectors, controller = start
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
    return dense_array(episode_starts)
