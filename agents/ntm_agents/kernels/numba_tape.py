"""What passes between torch and the kernels, and from the forward to the backward pass.

Arrays of one sequence are indexed by step; memory lies as ``(M, N)``. Letters: `NTMConfig`.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Weights(NamedTuple):
    """Parameters of the core, contiguous in the direction in which a kernel reads them.

    Attributes:
        first: First layer's matrix.
        others: Matrices of the other layers, all of one shape.
        biases: Of the other layers, ``(L - 1, G)``.
        heads: Head layer's matrix.
        head_bias: ``(P,)``.
    """

    first: Any
    others: Any
    biases: Any
    heads: Any
    head_bias: Any


class State(NamedTuple):
    """`NTMState` with memory as ``(…, M, N)`` and flat read vectors ``(…, R · M)``."""

    memory: Any
    weightings: Any
    read_vectors: Any
    controller: Any


class Tape(NamedTuple):
    """What the forward pass keeps for the backward pass; T is 1 where nothing is kept.

    Attributes:
        parameters: Of all heads, in their ranges, ``(B, T, P)``.
        similarity: Cosine of key and location, ``(B, T, H, N)``.
        content: Equation 5, ``(B, T, H, N)``.
        rotated: Equation 8, ``(B, T, H, N)``.
        weightings: Equation 9, ``(B, T, H, N)``.
        inverse_norms: One over the norm of each location before the write and after it,
            ``(B, T, 2, N)``.
        checkpoints: Memory before every ``segment``-th step, ``(B, T / segment, M, N)``.
        read_vectors: Before the step, ``(B, T, R · M)``.
        controller: State before the step, ``(B, T, 0 or 2, L, C)``.
        gates: Activated gates of an LSTM, ``(B, T, L, G)``.
        outputs: Of all controller layers, ``(B, T, L, C)``.
    """

    parameters: Any
    similarity: Any
    content: Any
    rotated: Any
    weightings: Any
    inverse_norms: Any
    checkpoints: Any
    read_vectors: Any
    controller: Any
    gates: Any
    outputs: Any
