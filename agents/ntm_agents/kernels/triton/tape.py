"""What passes between torch and the Triton kernels, and from forward to backward.

Arrays are contiguous. Letters: `ntm_agents.ntm.config.NTMConfig`; K counts checkpoints.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from ntm_agents.ntm.config import NTMConfig

Pointer: TypeAlias = Any
"""A tensor; in a kernel, a pointer to its first number."""

_ROWS, _COLUMNS = 32, 64
_LARGEST_MEMORY = 2**16


class Sizes(NamedTuple):
    """Sizes known when a kernel is compiled; a block is a size padded to a power of two.

    Attributes:
        sequences: Sequences that one program runs, a power of two.
        controller: C.
        layers: L.
        gates: G.
        locations: N.
        words: M.
        reads: R.
        writes: W.
        shifts: S.
        locations_block: N, padded.
        words_block: M, padded.
        shifts_block: S, padded.
        rows_block: Rows of a matrix that are multiplied at once.
        columns_block: Columns of a matrix that are multiplied at once.
        recurrent: Whether the controller is an LSTM.
        resets: Whether episodes start in mid-sequence.
        records: Whether a backward pass will follow.
        entropy: Whether the weightings' entropy is wanted.
    """

    sequences: int
    controller: int
    layers: int
    gates: int
    locations: int
    words: int
    reads: int
    writes: int
    shifts: int
    locations_block: int
    words_block: int
    shifts_block: int
    rows_block: int
    columns_block: int
    recurrent: bool
    resets: bool
    records: bool
    entropy: bool


class Weights(NamedTuple):
    """Parameters of the core.

    Attributes:
        first: First layer's matrix, ``(G, R · M)``, for an LSTM ``(G, R · M + C)``.
        others: Matrices of the other layers, ``(L - 1, G, C)``, for an LSTM
            ``(L - 1, G, 2 · C)``.
        biases: Of the other layers, ``(L - 1, G)``.
        heads: ``(P, C)``.
        head_bias: ``(P,)``.
    """

    first: Pointer
    others: Pointer
    biases: Pointer
    heads: Pointer
    head_bias: Pointer


class State(NamedTuple):
    """`NTMState` with flat read vectors, ``(…, R · M)``."""

    memory: Pointer
    weightings: Pointer
    read_vectors: Pointer
    controller: Pointer


class Tape(NamedTuple):
    """What the forward pass keeps; through it the parts of a step hand on their results, too.

    Slot t of ``weightings``, ``read_vectors`` and ``controller`` holds the state before step
    t, slot t + 1 that after it. Without a backward pass one slot is written again and again.

    Attributes:
        weightings: ``(B, T + 1, H, N)``.
        read_vectors: ``(B, T + 1, R · M)``.
        controller: ``(B, T + 1, 0 or 2, L, C)``.
        gates: Activations of all layers, ``(B, T, L, G)``.
        parameters: The head layer's output, ``(B, T, P)``.
        checkpoints: Memory before every k-th step, ``(B, K, N, M)``.
    """

    weightings: Pointer
    read_vectors: Pointer
    controller: Pointer
    gates: Pointer
    parameters: Pointer
    checkpoints: Pointer


class Lengths(NamedTuple):
    """What changes from call to call.

    Attributes:
        batch_size: B.
        steps: T.
        segment: Steps between two checkpoints.
    """

    batch_size: int
    steps: int
    segment: int


class ForwardArrays(NamedTuple):
    """What only the forward pass reads and writes.

    Attributes:
        projected: ``(B, T, G)``.
        starts: ``(B, T)``, bytes; not looked at without ``sizes.resets``.
        memories: Before the first step; overwritten by those after the last, ``(B, N, M)``.
        features: Stored, ``(B, T, C + R · M)``.
        entropies: Stored with ``sizes.entropy``: nats of each sequence, ``(B,)``.
    """

    projected: Pointer
    starts: Pointer
    memories: Pointer
    features: Pointer
    entropies: Pointer


class BackwardArrays(NamedTuple):
    """What only the backward pass reads and writes.

    Attributes:
        starts: ``(B, T)``, bytes; not looked at without ``sizes.resets``.
        memories: Scratch, ``(B, segment, N, M)``.
        d_features: ``(B, T, C + R · M)``.
        d_entropy: Gradient of the entropy, one number; looked at with ``sizes.entropy``.
        d_outputs: Scratch, ``(B, C)``.
        d_gates: Stored: gradients before the activation, ``(B, T, L, G)``.
        d_parameters: Stored: gradients of raw head parameters, ``(B, T, P)``.
    """

    starts: Pointer
    memories: Pointer
    d_features: Pointer
    d_entropy: Pointer
    d_outputs: Pointer
    d_gates: Pointer
    d_parameters: Pointer


class WithGradient(NamedTuple):
    """Rows of pointers to numbers and to their gradients.

    Attributes:
        numbers: Read.
        gradient: Read or stored.
    """

    numbers: Pointer
    gradient: Pointer


class ControllerGradients(NamedTuple):
    """Rows of pointers to gradients around the controller.

    Attributes:
        outputs: Of the last layer's outputs, ``(C,)``; overwritten.
        state: Of the controller's state; overwritten by that before the step.
        read_vectors: Stored: of the read vectors before the step.
        gates: Stored: before the activation, ``(L, G)``.
    """

    outputs: Pointer
    state: Pointer
    read_vectors: Pointer
    gates: Pointer


def check_memory_fits(config: NTMConfig) -> None:
    """Refuse a memory that one program cannot keep on the chip.

    Raises:
        ValueError: If it is too large.
    """
    padded = next_power_of_two(config.memory_size) * next_power_of_two(config.word_size)
    if padded > _LARGEST_MEMORY:
        raise ValueError(
            f"backend 'triton' keeps the memory on the chip: N and M, padded to powers of two, "
            f"may hold {_LARGEST_MEMORY} numbers, not {padded}"
        )


def make_sizes(
    config: NTMConfig, sequences: int, resets: bool, records: bool, entropy: bool
) -> Sizes:
    """Return a network's sizes with their blocks."""
    return Sizes(
        sequences=sequences,
        controller=config.controller_size,
        layers=config.controller_layers,
        gates=config.gates_size,
        locations=config.memory_size,
        words=config.word_size,
        reads=config.num_read_heads,
        writes=config.num_write_heads,
        shifts=config.num_shifts,
        locations_block=next_power_of_two(config.memory_size),
        words_block=next_power_of_two(config.word_size),
        shifts_block=next_power_of_two(config.num_shifts),
        rows_block=_ROWS,
        columns_block=_COLUMNS,
        recurrent=config.controller == "lstm",
        resets=resets,
        records=records,
        entropy=entropy,
    )


def next_power_of_two(number: int) -> int:
    """Return the smallest power of two that is not smaller than a positive number."""
    return 1 << (number - 1).bit_length()
