"""A look inside: what every head did at every step, for figures and pages."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ntm_agents.checks import check_inputs
from ntm_agents.kernels.reference import core_step
from ntm_agents.ntm.module import NTM


class Trace(NamedTuple):
    """A run of a Neural Turing Machine, step by step.

    Attributes:
        logits: Shape ``(B, T, O)``.
        memory: Memory after each step, shape ``(B, T, N, M)``.
        read_weightings: Shape ``(B, T, R, N)``.
        write_weightings: Shape ``(B, T, W, N)``.
        read_keys: Shape ``(B, T, R, M)``.
        write_keys: Shape ``(B, T, W, M)``.
        read_vectors: Shape ``(B, T, R, M)``.
        erase_vectors: Shape ``(B, T, W, M)``.
        add_vectors: Shape ``(B, T, W, M)``.
    """

    logits: Tensor
    memory: Tensor
    read_weightings: Tensor
    write_weightings: Tensor
    read_keys: Tensor
    write_keys: Tensor
    read_vectors: Tensor
    erase_vectors: Tensor
    add_vectors: Tensor


@torch.no_grad()
def trace(ntm: NTM, inputs: Tensor) -> Trace:
    """Run a network over sequences and keep everything.

    Args:
        ntm: The network; it runs on the reference core.
        inputs: Shape ``(B, T, I)``.

    Returns:
        The run, on the network's device.

    Raises:
        ValueError: If the inputs have another shape, dtype or device than the network needs.
    """
    check_inputs(inputs, ntm.config.input_size, ntm.initial_memory)
    projected, layers = ntm.input_layer(inputs), ntm.core_layers()
    state = ntm.initial_state(inputs.shape[0])
    steps = []
    for t in range(inputs.shape[1]):
        step = core_step(projected[:, t], layers, state, ntm.config)
        state = step.state
        reads = ntm.config.num_read_heads
        steps.append(
            (
                ntm.output_layer(step.features),
                state.memory,
                state.weightings[:, :reads],
                state.weightings[:, reads:],
                step.heads.reading.key,
                step.heads.writing.key,
                state.read_vectors,
                step.heads.erase_vector,
                step.heads.add_vector,
            )
        )
    return Trace(*(torch.stack(field, dim=1) for field in zip(*steps, strict=True)))
