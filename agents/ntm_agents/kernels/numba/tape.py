"""What passes between torch and the kernels, and from the forward to the backward pass.

Memory lies as ``(M, N)``. Letters: `NTMConfig`; N' and P' are N and P padded to whole vectors.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ntm_agents.kernels.numba.lang.compile import kernel
from ntm_agents.kernels.numba.lang.pointers import at


class Weights(NamedTuple):
    """Parameters of the core, contiguous in the direction in which a kernel reads them.

    Attributes:
        inputs: Weights of the inputs, ``(G, I)``, in both passes.
        first: First layer's matrix; the forward pass has the inputs' weights before it.
        others: Matrices of the other layers, ``(L - 1, …)``.
        biases: Of all layers, ``(L, G)``.
        heads: Head layer's matrix.
        head_bias: ``(P,)``.
        output: Output layer's matrix; empty if the features are wanted.
        output_bias: ``(O,)``, or empty.
    """

    inputs: Any
    first: Any
    others: Any
    biases: Any
    heads: Any
    head_bias: Any
    output: Any
    output_bias: Any


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
        seen: What each controller layer saw: inputs and read vectors, or the layer below, and
            in an LSTM its last hidden state, ``(B, T, …)``.
        cells: Of an LSTM before the step, ``(B, T, L, C)``.
        gates: Of an LSTM, activated, ``(B, T, L, G)``.
        outputs: Of all controller layers, and then the read vectors: the last numbers of a
            row are the features, ``(B, T, L · C + R · M)``.
    """

    parameters: Any
    content: Any
    weightings: Any
    checkpoints: Any
    seen: Any
    cells: Any
    gates: Any
    outputs: Any


class Sizes(NamedTuple):
    """Numbers in the parts of the core.

    Attributes:
        inputs: I.
        steps: T.
        kept: Steps on the tape: T, or 1 where nothing is kept.
        segment: Steps between two checkpoints of memory; 0 where nothing is kept.
        words: M.
        locations: N.
        padded: N'.
        memory: M · N'.
        shifts: S.
        reads: R.
        writes: W.
        heads: H.
        addressing: A.
        parameters: P.
        padded_parameters: P'.
        recurrent: 1 for an LSTM, else 0.
        layers: L.
        controller: C.
        gates: G.
        seen: What all controller layers see.
        features: C + R · M.
        active: L · C + R · M.
        outputs: O; 0 if the features are wanted.
    """

    inputs: int
    steps: int
    kept: int
    segment: int
    words: int
    locations: int
    padded: int
    memory: int
    shifts: int
    reads: int
    writes: int
    heads: int
    addressing: int
    parameters: int
    padded_parameters: int
    recurrent: int
    layers: int
    controller: int
    gates: int
    seen: int
    features: int
    active: int
    outputs: int


@kernel
def sizes_of(
    state: State, tape: Tape, weights: Weights, steps: int, segment: int, num_read_heads: int
) -> Sizes:
    """Read the sizes off the arrays."""
    words, locations = state.memory.shape[1], state.memory.shape[2]
    heads, padded = tape.weightings.shape[2], tape.weightings.shape[3]
    writes, reads = heads - num_read_heads, num_read_heads * words
    parameters = weights.head_bias.shape[0]
    addressing = (parameters - writes * 2 * words) // heads
    recurrent = state.controller.shape[1] // 2
    layers, controller = state.controller.shape[2], state.controller.shape[3]
    hidden = recurrent * controller
    above = (layers - 1) * (controller + hidden)
    return Sizes(
        tape.seen.shape[2] - above - hidden - reads,
        steps,
        tape.outputs.shape[1],
        segment,
        words,
        locations,
        padded,
        words * padded,
        addressing - words - 3,
        num_read_heads,
        writes,
        heads,
        addressing,
        parameters,
        tape.parameters.shape[2],
        recurrent,
        layers,
        controller,
        controller * (1 + 3 * recurrent),
        tape.seen.shape[2],
        controller + reads,
        layers * controller + reads,
        weights.output_bias.shape[0],
    )


@kernel
def head_offset(sizes: Sizes, head: int) -> int:
    """Return where a head's parameters begin; a write head also erases and adds."""
    behind_reads = max(0, head - sizes.reads)
    return head * sizes.addressing + behind_reads * 2 * sizes.words


@kernel
def seen_offset(sizes: Sizes, layer: int) -> int:
    """Return where what a layer sees begins; with the number of layers, where all ends."""
    first = sizes.inputs + sizes.reads * sizes.words + sizes.recurrent * sizes.controller
    return first + (layer - 1) * (1 + sizes.recurrent) * sizes.controller if layer > 0 else 0


@kernel
def tape_at(tape: Tape, sizes: Sizes, b: int, t: int) -> Tape:
    """Point to one step of one sequence on the tape, and to the last checkpoint."""
    step = b * sizes.kept + t
    segment = max(1, sizes.segment)
    checkpoint = b * -(-sizes.kept // segment) + t // segment
    hidden = sizes.layers * sizes.controller
    return Tape(
        at(tape.parameters, step * sizes.padded_parameters),
        at(tape.content, step * sizes.heads * sizes.padded),
        at(tape.weightings, step * sizes.heads * sizes.padded),
        at(tape.checkpoints, checkpoint * sizes.memory),
        at(tape.seen, step * sizes.seen),
        at(tape.cells, step * sizes.recurrent * hidden),
        at(tape.gates, step * sizes.recurrent * sizes.layers * sizes.gates),
        at(tape.outputs, step * sizes.active),
    )


@kernel
def state_at(state: State, sizes: Sizes, row: int, b: int) -> State:
    """Point to the state of one sequence; a row of locations has ``row`` numbers."""
    return State(
        at(state.memory, b * sizes.words * row),
        at(state.weightings, b * sizes.heads * row),
        at(state.read_vectors, b * sizes.reads * sizes.words),
        at(state.controller, b * 2 * sizes.recurrent * sizes.layers * sizes.controller),
    )
