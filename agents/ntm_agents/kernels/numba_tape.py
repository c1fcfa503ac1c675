"""What passes between torch and the kernels, and from the forward to the backward pass.

Arrays of one sequence are indexed by step; memory lies as ``(M, N)``. Letters: `NTMConfig`;
N' and P' are N and P padded to whole vectors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ntm_agents.kernels.numba_math import kernel


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
        parameters: Of all heads, in their ranges, ``(B, T, P')``.
        content: Equation 5, ``(B, T, H, N')``.
        weightings: Equation 9, ``(B, T, H, N')``.
        checkpoints: Memory before every ``segment``-th step, ``(B, T / segment, M, N')``.
        read_vectors: Before the step, ``(B, T, R · M)``.
        controller: State before the step, ``(B, T, 0 or 2, L, C)``.
        gates: Activated gates of an LSTM, ``(B, T, L, G)``.
        outputs: Of all controller layers, ``(B, T, L, C)``.
    """

    parameters: Any
    content: Any
    weightings: Any
    checkpoints: Any
    read_vectors: Any
    controller: Any
    gates: Any
    outputs: Any


class Sizes(NamedTuple):
    """Numbers in the parts of the core.

    Attributes:
        words: M.
        locations: N.
        padded: N'.
        shifts: S.
        reads: R.
        writes: W.
        addressing: A, parameters that address one head.
        parameters: P, parameters of all heads.
    """

    words: int
    locations: int
    padded: int
    shifts: int
    reads: int
    writes: int
    addressing: int
    parameters: int


@kernel
def sizes_of(state: State, num_read_heads: int, tape: Tape, parameters: int) -> Sizes:
    """Read the sizes off the arrays."""
    words, locations = state.memory.shape[1:]
    heads = state.weightings.shape[1]
    writes = heads - num_read_heads
    addressing = (parameters - writes * 2 * words) // heads
    return Sizes(
        words,
        locations,
        tape.weightings.shape[3],
        addressing - words - 3,
        num_read_heads,
        writes,
        addressing,
        parameters,
    )


@kernel
def head_offset(sizes: Sizes, head: int) -> int:
    """Return where a head's parameters begin; a write head also erases and adds."""
    behind_reads = max(0, head - sizes.reads)
    return head * sizes.addressing + behind_reads * 2 * sizes.words
