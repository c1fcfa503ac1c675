"""Between torch's tensors and the kernels' arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ntm_agents.kernels.numba.lang.names import Array
from ntm_agents.kernels.numba.layout import Episodes, State, state_shapes
from ntm_agents.kernels.numba.start import begin
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.state import NTMState

DTYPES: dict[torch.dtype, type[np.floating]] = {
    torch.float32: np.float32,
    torch.float64: np.float64,
}


def array(tensor: Tensor) -> Array:
    """View a tensor as an array."""
    viewed: Array = tensor.detach().numpy()
    return viewed


def dense_array(tensor: Tensor) -> Array:
    """View a tensor as an array with its numbers one after the other, copied if need be."""
    dense: Array = tensor.contiguous().numpy(force=True)
    return dense


def empty_state(config: NTMConfig, batch_size: int, dtype: torch.dtype) -> State:
    """Return an uninitialised state."""
    shapes = state_shapes(config, batch_size)
    return State(*(np.empty(shape, DTYPES[dtype]) for shape in shapes))


def copy_state(state: NTMState) -> State:
    """Return new arrays that hold a state."""
    return State(
        array(state.memory.transpose(-1, -2).clone(memory_format=torch.contiguous_format)),
        array(state.weightings.clone(memory_format=torch.contiguous_format)),
        array(state.read_vectors.flatten(-2).clone(memory_format=torch.contiguous_format)),
        array(state.controller.clone(memory_format=torch.contiguous_format)),
    )


def start_state(start: Sequence[Array], config: NTMConfig, dtype: torch.dtype) -> State:
    """Return new arrays that hold the learned start, with batch size one."""
    state = empty_state(config, 1, dtype)
    # Once a call for all sequences; a step copies it where an episode starts.
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


def episodes_of(episode_starts: Tensor | None, from_initial: bool, initial: State) -> Episodes:
    """Return where episodes start; ``initial`` is only looked at if some do."""
    if episode_starts is None:
        return Episodes(from_initial, False, np.empty(0, np.uint8), initial)
    starts = episode_starts.contiguous().numpy(force=True).view(np.uint8)
    return Episodes(from_initial, True, starts, initial)
