"""Controllers: one step of the network that drives the heads (section 3.4).

Both see the external input and the last read vectors. A feed-forward controller keeps
nothing between steps; all that it remembers lies in memory.
"""

from __future__ import annotations

import torch
from torch import Tensor


def feedforward_layer(gates: Tensor) -> Tensor:
    """Return the activations of one feed-forward layer.

    Args:
        gates: Pre-activations, shape ``(B, C)``.

    Returns:
        Activations, shape ``(B, C)``, in (-1, 1).
    """
    return gates.tanh()


def forget_gate_places(controller_size: int) -> slice:
    """Return where the pre-activations of `lstm_layer` hold forget gates."""
    return slice(controller_size, 2 * controller_size)


def lstm_layer(gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Update one LSTM layer.

    Args:
        gates: Pre-activations of input gate, forget gate, candidate and output gate, in
            torch's order, shape ``(B, 4 · C)``.
        cell: Last cell, shape ``(B, C)``.

    Returns:
        Next hidden state and next cell, each of shape ``(B, C)``.
    """
    input_gate, forget_gate, candidate, output_gate = gates.chunk(4, dim=-1)
    next_cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
    return output_gate.sigmoid() * torch.tanh(next_cell), next_cell
