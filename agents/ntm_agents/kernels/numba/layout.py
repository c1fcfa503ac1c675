"""How everything lies in memory, derived from the configuration: sizes, shapes and offsets.

Memory lies as ``(M, N)``: the inner loops of a step run over locations, so those must be
neighbors. Rows of locations and of head parameters are padded to whole vectors, with zeros, so
that no loop over them has a rest. Letters: `NTMConfig`; N' and P' are N and P, padded.
"""

from __future__ import annotations

import functools
from typing import NamedTuple

from ntm_agents.kernels.numba.lang.compile import inlined
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.pointers import at
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.ntm.config import NTMConfig


class Weights(NamedTuple):
    """Parameters of all layers, or their gradients.

    Matrices are ``(outputs, inputs)``, as torch has them, which the backward pass reads by
    rows; for the forward pass they are ``(inputs, outputs)``, see `weights.transposed`.

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

    inputs: Pointer
    first: Pointer
    others: Pointer
    biases: Pointer
    heads: Pointer
    head_bias: Pointer
    output: Pointer
    output_bias: Pointer


class State(NamedTuple):
    """`NTMState` with memory as ``(…, M, N)`` and flat read vectors ``(…, R · M)``."""

    memory: Pointer
    weightings: Pointer
    read_vectors: Pointer
    controller: Pointer


class Tape(NamedTuple):
    """What the forward pass keeps for the backward pass; T is 1 where nothing is kept.

    Attributes:
        parameters: Of all heads, in their ranges, ``(B, T, P')``.
        content: Equation 5, ``(B, T, H · N')``.
        weightings: Equation 9, ``(B, T, H · N')``.
        checkpoints: Memory before every ``segment``-th step, ``(B, T / segment, M · N')``.
        seen: What each controller layer saw: inputs and read vectors, or the layer below, and
            in an LSTM its last hidden state, ``(B, T, …)``.
        cells: Of an LSTM before the step, ``(B, T, L · C)``.
        gates: Of an LSTM, activated, ``(B, T, L · G)``.
        outputs: Of all controller layers, and then the read vectors: the last numbers of a
            row are the features, ``(B, T, L · C + R · M)``.
    """

    parameters: Pointer
    content: Pointer
    weightings: Pointer
    checkpoints: Pointer
    seen: Pointer
    cells: Pointer
    gates: Pointer
    outputs: Pointer


class Head(NamedTuple):
    """One head's part of a step on the tape.

    Attributes:
        parameters: Key, strength, gate, shifts, sharpening, in their ranges, ``(A,)``; of a
            write head then its erase and add vectors.
        content: Equation 5, ``(N',)``.
        weighting: Equation 9, ``(N',)``.
    """

    parameters: Pointer
    content: Pointer
    weighting: Pointer


class Episodes(NamedTuple):
    """Where sequences go on from the initial state instead of the last one.

    Attributes:
        from_initial: Whether every sequence begins with an episode.
        restart: Whether episodes begin in mid-sequence.
        starts: Before which steps they do, ``(B, T)``, bool; empty without ``restart``.
        initial: State at their start, with B = 1.
    """

    from_initial: bool
    restart: bool
    starts: Pointer
    initial: State


class Sizes(NamedTuple):
    """Numbers in the parts of the core, the same for all sequences.

    Attributes:
        inputs: I.
        steps: T.
        kept: Steps on the tape: T, or 1 where nothing is kept.
        segment: Steps between two checkpoints of memory; 0 where nothing is kept.
        checkpoints: Checkpoints of a sequence.
        words: M.
        locations: N.
        padded: N'.
        shifts: S.
        reads: R.
        writes: W.
        heads: H.
        addressing: A.
        parameters: P.
        recurrent: 1 for an LSTM, else 0.
        layers: L.
        controller: C.
        gates: G.
        first_seen: What the first controller layer sees.
        other_seen: What each of the others sees.
        features: C + R · M.
        outputs: O; 0 if the features are wanted.
        state: Numbers of one sequence in each field of a state with padded rows.
        step: Numbers of one step in each field of the tape; of one checkpoint.
    """

    inputs: int
    steps: int
    kept: int
    segment: int
    checkpoints: int
    words: int
    locations: int
    padded: int
    shifts: int
    reads: int
    writes: int
    heads: int
    addressing: int
    parameters: int
    recurrent: int
    layers: int
    controller: int
    gates: int
    first_seen: int
    other_seen: int
    features: int
    outputs: int
    state: State
    step: Tape


class MemorySizes(NamedTuple):
    """What a single head needs of the sizes.

    Each number that is passed to a function is a store and a load, in every step for every
    head: at batch size 1 all of `Sizes` would take a tenth of the time.

    Attributes:
        words: M.
        locations: N.
        padded: N'.
        shifts: S.
        writes: W.
        addressing: A.
    """

    words: int
    locations: int
    padded: int
    shifts: int
    writes: int
    addressing: int


@functools.lru_cache(maxsize=256)
def make_sizes(
    config: NTMConfig, steps: int, segment: int, outputs: int, itemsize: int
) -> Sizes:
    """Return all sizes.

    Args:
        config: The configuration.
        steps: T.
        segment: Steps between two checkpoints of memory; 0 keeps nothing.
        outputs: O; 0 if the features are wanted.
        itemsize: Bytes of a number.
    """
    lanes = VECTOR_BYTES // itemsize
    # N rounded up to whole vectors.
    padded = -(-config.memory_size // lanes) * lanes
    recurrent = config.controller_parts // 2
    layers, hidden = config.controller_layers, recurrent * config.controller_size
    # Inputs, read vectors, and in an LSTM the layer's own last hidden state.
    first_seen = config.input_size + config.read_size + hidden
    other_seen = config.controller_size + hidden
    return Sizes(
        inputs=config.input_size,
        steps=steps,
        kept=steps if segment else 1,
        segment=segment,
        checkpoints=-(-steps // segment) if segment else 0,
        words=config.word_size,
        locations=config.memory_size,
        padded=padded,
        shifts=config.num_shifts,
        reads=config.num_read_heads,
        writes=config.num_write_heads,
        heads=config.num_heads,
        addressing=config.addressing_size,
        parameters=config.head_parameters_size,
        recurrent=recurrent,
        layers=layers,
        controller=config.controller_size,
        gates=config.gates_size,
        first_seen=first_seen,
        other_seen=other_seen,
        features=config.features_size,
        outputs=outputs,
        state=State(
            memory=config.word_size * padded,
            weightings=config.num_heads * padded,
            read_vectors=config.read_size,
            # Hidden states of all layers, then their cells.
            controller=config.controller_parts * layers * config.controller_size,
        ),
        step=Tape(
            parameters=-(-config.head_parameters_size // lanes) * lanes,
            content=config.num_heads * padded,
            weightings=config.num_heads * padded,
            checkpoints=config.word_size * padded,
            seen=first_seen + (layers - 1) * other_seen,
            cells=layers * hidden,
            gates=recurrent * layers * config.gates_size,
            outputs=layers * config.controller_size + config.read_size,
        ),
    )


def tape_shapes(sizes: Sizes, batch_size: int) -> Tape:
    """Return the shape of each field of a tape."""
    slots = sizes.step._replace(
        **dict.fromkeys(Tape._fields, sizes.kept) | {"checkpoints": sizes.checkpoints}
    )
    return Tape(*((batch_size, *shape) for shape in zip(slots, sizes.step, strict=True)))


@functools.lru_cache(maxsize=256)
def state_shapes(config: NTMConfig, batch_size: int) -> State:
    """Return the shape of each field of a state between torch and the kernels."""
    return State(
        memory=(batch_size, config.word_size, config.memory_size),
        weightings=(batch_size, config.num_heads, config.memory_size),
        read_vectors=(batch_size, config.read_size),
        controller=(
            batch_size,
            config.controller_parts,
            config.controller_layers,
            config.controller_size,
        ),
    )


def weight_shapes(sizes: Sizes) -> Weights:
    """Return the shape of each field of the weights, matrices as ``(outputs, inputs)``."""
    return Weights(
        inputs=(sizes.gates, sizes.inputs),
        first=(sizes.gates, sizes.first_seen - sizes.inputs),
        others=(sizes.layers - 1, sizes.gates, sizes.other_seen),
        biases=(sizes.layers, sizes.gates),
        heads=(sizes.parameters, sizes.controller),
        head_bias=(sizes.parameters,),
        output=(sizes.outputs, sizes.features),
        output_bias=(sizes.outputs,),
    )


@inlined
def memory_sizes(sizes: Sizes) -> MemorySizes:
    """Return the part of the sizes that a head needs."""
    return MemorySizes(
        sizes.words,
        sizes.locations,
        sizes.padded,
        sizes.shifts,
        sizes.writes,
        sizes.addressing,
    )


@inlined
def head_offset(sizes: Sizes, head: int) -> int:
    """Return where a head's parameters begin; a write head also erases and adds."""
    behind_reads = max(0, head - sizes.reads)
    return head * sizes.addressing + behind_reads * 2 * sizes.words


@inlined
def seen_offset(sizes: Sizes, layer: int) -> int:
    """Return where what a layer sees begins; with the number of layers, where all ends."""
    return sizes.first_seen + (layer - 1) * sizes.other_seen if layer > 0 else 0


@inlined
def tape_at(tape: Tape, sizes: Sizes, b: int, t: int) -> Tape:
    """Point to one step of one sequence on the tape, and to the last checkpoint."""
    step, row = b * sizes.kept + t, sizes.step
    checkpoint = b * sizes.checkpoints + t // max(1, sizes.segment)
    return Tape(
        at(tape.parameters, step * row.parameters),
        at(tape.content, step * row.content),
        at(tape.weightings, step * row.weightings),
        at(tape.checkpoints, checkpoint * row.checkpoints),
        at(tape.seen, step * row.seen),
        at(tape.cells, step * row.cells),
        at(tape.gates, step * row.gates),
        at(tape.outputs, step * row.outputs),
    )


@inlined
def head_at(tape: Tape, sizes: Sizes, head: int) -> Head:
    """Point to one head's part of a step."""
    return Head(
        at(tape.parameters, head_offset(sizes, head)),
        at(tape.content, head * sizes.padded),
        at(tape.weightings, head * sizes.padded),
    )


@inlined
def state_at(state: State, sizes: Sizes, row: int, b: int) -> State:
    """Point to the state of one sequence; a row of locations has ``row`` numbers."""
    return State(
        at(state.memory, b * sizes.words * row),
        at(state.weightings, b * sizes.heads * row),
        at(state.read_vectors, b * sizes.state.read_vectors),
        at(state.controller, b * sizes.state.controller),
    )


@inlined
def begins_episode(episodes: Episodes, sizes: Sizes, b: int, t: int) -> bool:
    """Return whether sequence ``b`` begins an episode with step ``t``."""
    if episodes.from_initial and t == 0:
        return True
    return episodes.restart and episodes.starts[b * sizes.steps + t] != 0
