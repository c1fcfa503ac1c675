"""The recurrent core in plain torch: any device, any dtype, the oracle for all backends."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ntm_agents.kernels.core import CoreLayers, Results, with_projections
from ntm_agents.ntm.addressing import address
from ntm_agents.ntm.config import NTMConfig
from ntm_agents.ntm.controllers import feedforward_layer, lstm_layer
from ntm_agents.ntm.entropy import entropy_of
from ntm_agents.ntm.heads import HeadParameters, split_head_parameters
from ntm_agents.ntm.memory import read, write
from ntm_agents.ntm.state import NTMState, expand, where


class CoreStep(NamedTuple):
    """One step of the core, with what the heads did for those who want to look.

    Attributes:
        features: Controller output beside the new read vectors, shape ``(B, C + R · M)``.
        state: The next state.
        heads: What the controller asked of the heads.
    """

    features: Tensor
    state: NTMState
    heads: HeadParameters


def core_step(
    projected: Tensor,
    weights: CoreLayers,
    state: NTMState,
    config: NTMConfig,
) -> CoreStep:
    """Take one step: controller, then write, then read.

    Write heads address the memory as the last step left it, read heads address it as this
    step's write leaves it, so a read sees what was just written.

    Args:
        projected: Input projection of this step, shape ``(B, G)``.
        weights: The core's layers.
        state: The last state.
        config: The sizes.

    Returns:
        What this step puts out, and the next state.
    """
    output, controller = _controller_step(projected, weights, state)
    heads = split_head_parameters(weights.head_parameters(output), config)
    read_weighting, write_weighting = torch.split(
        state.weightings, [config.num_read_heads, config.num_write_heads], dim=1
    )
    write_weighting = address(state.memory, write_weighting, heads.writing)
    memory = write(state.memory, write_weighting, heads.erase_vector, heads.add_vector)
    read_weighting = address(memory, read_weighting, heads.reading)
    read_vectors = read(memory, read_weighting)
    return CoreStep(
        features=torch.cat([output, read_vectors.flatten(1)], dim=-1),
        state=NTMState(
            memory,
            torch.cat([read_weighting, write_weighting], dim=1),
            read_vectors,
            controller,
        ),
        heads=heads,
    )


def run_core(
    projected: Tensor,
    weights: CoreLayers,
    state: NTMState | None,
    config: NTMConfig,
    episode_starts: Tensor | None = None,
    initial_state: NTMState | None = None,
    return_entropy: bool = False,
) -> Results:
    """Run the core over whole sequences; see `RunCore`."""
    start = state if initial_state is None else expand(initial_state, projected.shape[0])
    state = start if state is None else state
    if state is None or start is None:
        raise ValueError("the core needs a state or an initial state")
    features, entropies = [], []
    for t in range(projected.shape[1]):
        if episode_starts is not None:
            state = where(episode_starts[:, t], start, state)
        step = core_step(projected[:, t], weights, state, config)
        features.append(step.features)
        state = step.state
        if return_entropy:
            entropies.append(entropy_of(state.weightings).sum())
    entropy = torch.stack(entropies).sum() if return_entropy else None
    return Results(torch.stack(features, dim=1), state, entropy)


run = with_projections(run_core)
"""The reference as a backend; see `Run`."""


def _controller_step(
    projected: Tensor, weights: CoreLayers, state: NTMState
) -> tuple[Tensor, Tensor]:
    """Return the last layer's output, shape ``(B, C)``, and the next controller state."""
    seen = state.read_vectors.flatten(1)
    hiddens, cells = [], []
    for layer in range(len(weights.layers)):
        if state.controller.shape[1] == 0:
            seen = feedforward_layer(weights.gates(layer, seen, projected))
        else:
            hidden, cell = state.controller[:, 0, layer], state.controller[:, 1, layer]
            gates = weights.gates(layer, torch.cat([seen, hidden], dim=-1), projected)
            seen, next_cell = lstm_layer(gates, cell)
            hiddens.append(seen)
            cells.append(next_cell)
    if not hiddens:
        return seen, state.controller
    return seen, torch.stack([torch.stack(hiddens, dim=1), torch.stack(cells, dim=1)], dim=1)
