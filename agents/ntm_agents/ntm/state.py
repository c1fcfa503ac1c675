"""What a Neural Turing Machine carries from one step to the next."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class NTMState(NamedTuple):
    """The whole recurrent state; passed in and returned, never kept on the module.

    Attributes:
        memory: Memory matrix, shape ``(B, N, M)``.
        weightings: Last weighting of every head, read heads first, shape ``(B, H, N)``.
        read_vectors: Last read vectors, shape ``(B, R, M)``.
        controller: Hidden states and cells of the LSTM layers, shape ``(B, 2, L, C)``; empty,
            ``(B, 0, L, C)``, for a feed-forward controller.
    """

    memory: Tensor
    weightings: Tensor
    read_vectors: Tensor
    controller: Tensor


StateTuple = tuple[Tensor, Tensor, Tensor, Tensor]
"""An `NTMState` without names, as comes of ``tuple(part.detach() for part in state)``."""


class LearnedStart(NamedTuple):
    """Parameters that every sequence starts from (section 3.4).

    Attributes:
        memory: One row for each location, ``(N, M)``, or one for all, ``(1, M)``.
        weighting_logits: Of every head, read heads first, ``(H, N)``.
        read_vectors: Shape ``(R, M)``.
        controller: Hidden states and cells of the LSTM layers, ``(2, L, C)``; empty,
            ``(0, L, C)``, for a feed-forward controller.
    """

    memory: Tensor
    weighting_logits: Tensor
    read_vectors: Tensor
    controller: Tensor

    def state(self, memory_size: int) -> NTMState:
        """Return the state before the first step, with batch size one."""
        return NTMState(
            self.memory.expand(memory_size, -1)[None],
            self.weighting_logits.softmax(-1)[None],
            self.read_vectors[None],
            self.controller[None],
        )


def where(condition: Tensor, chosen: NTMState, otherwise: NTMState) -> NTMState:
    """Pick each sequence's state from one of two.

    Args:
        condition: Shape ``(B,)``, bool.
        chosen: State where the condition holds; B may be 1.
        otherwise: State elsewhere.

    Returns:
        State of batch size B.
    """
    return NTMState(
        *(
            torch.where(condition.view(-1, *[1] * (field.dim() - 1)), field, other)
            for field, other in zip(chosen, otherwise, strict=True)
        )
    )


def expand(state: NTMState, batch_size: int) -> NTMState:
    """Repeat a state of batch size one, without copying.

    Args:
        state: B is 1.
        batch_size: The new B.

    Returns:
        Views of the same numbers with batch size B.
    """
    return NTMState(*(field.expand(batch_size, *field.shape[1:]) for field in state))
