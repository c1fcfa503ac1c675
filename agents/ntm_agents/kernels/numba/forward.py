"""The recurrent core forward over whole sequences, a tile of them in step."""

from __future__ import annotations

from typing import NamedTuple

from ntm_agents.kernels.numba.addressing import address, inverse_norms
from ntm_agents.kernels.numba.controller import controller_step
from ntm_agents.kernels.numba.entropy import entropy_of
from ntm_agents.kernels.numba.heads import lower_bounds, squash_heads
from ntm_agents.kernels.numba.lang.compile import kernel, step_of
from ntm_agents.kernels.numba.lang.guards import check_guards
from ntm_agents.kernels.numba.lang.machine import GUARD_BYTES
from ntm_agents.kernels.numba.lang.names import Pointer
from ntm_agents.kernels.numba.lang.pointers import at, keep_alive, pointer, pointers
from ntm_agents.kernels.numba.lang.products import Factors, Rows, combine
from ntm_agents.kernels.numba.lang.vectors import VECTOR_BYTES
from ntm_agents.kernels.numba.layout import (
    Episodes,
    Sizes,
    State,
    Tape,
    Weights,
    begins_episode,
    head_at,
    head_offset,
    memory_sizes,
    state_at,
    tape_at,
)
from ntm_agents.kernels.numba.reads import read
from ntm_agents.kernels.numba.workspace import (
    TILE,
    aligned_zeros,
    copy,
    copy_state,
    prefetch_step,
    working_state,
)
from ntm_agents.kernels.numba.writes import write


class ForwardPass(NamedTuple):
    """What `forward` reads and writes, of all sequences.

    Attributes:
        sizes: The sizes.
        weights: Matrices transposed, ``(inputs, outputs)``.
        episodes: Where episodes start.
        inputs: ``(B, T, I)``.
        state: Before the first step; overwritten by that after the last.
        tape: Written.
        results: Written: outputs, ``(B, T, O)``, or features, ``(B, T, C + R · M)``.
        entropy: Added to, if it is wanted: nats of each sequence, ``(B,)``.
        with_entropy: Whether it is.
    """

    sizes: Sizes
    weights: Weights
    episodes: Episodes
    inputs: Pointer
    state: State
    tape: Tape
    results: Pointer
    entropy: Pointer
    with_entropy: bool


class Scratch(NamedTuple):
    """Numbers that a step needs beside the state.

    Attributes:
        inverses: One over the norm of each sequence's locations, ``(TILE, N')``.
        raw: Output of the head layer, ``(TILE, P')``.
        circle: See `address`.
        lowest: See `lower_bounds`.
        above_zero: See `squash_heads`.
        shifts: See `squash_heads`.
    """

    inverses: Pointer
    raw: Pointer
    circle: Pointer
    lowest: Pointer
    above_zero: Pointer
    shifts: Pointer


@kernel
def _new_scratch(sizes: Sizes, like: Pointer) -> Scratch:
    # What is read in vectors has a vector more behind it than it has numbers.
    vector = VECTOR_BYTES // like.itemsize
    return Scratch(
        aligned_zeros(TILE * sizes.padded, like),
        aligned_zeros(TILE * sizes.step.parameters, like),
        aligned_zeros(sizes.padded + sizes.shifts, like),
        aligned_zeros(sizes.step.parameters, like),
        aligned_zeros(TILE * 2 * sizes.heads + vector, like),
        aligned_zeros(TILE * sizes.heads * sizes.shifts + vector, like),
    )


@step_of
def _memory_step(
    working: State,
    inverse: Pointer,
    sizes: Sizes,
    tape: Tape,
    circle: Pointer,
    any_previous: bool,
) -> None:
    """Write, then read, in one sequence.

    Args:
        working: Its state, updated but for the weightings, which go to the tape.
        inverse: One over the norms of its locations, before the write and then after it.
        sizes: The sizes.
        tape: Its step.
        circle: Scratch.
        any_previous: See `address`.
    """
    memory, padded, writing = working.memory, sizes.padded, sizes.reads * sizes.padded
    of_memory = memory_sizes(sizes)
    # Write heads look at the memory of the last step, read heads at what this one writes.
    for k in range(sizes.heads):
        h = (sizes.reads + k) % sizes.heads
        if h == 0:
            parameters = at(tape.parameters, head_offset(sizes, sizes.reads))
            write(memory, at(tape.weightings, writing), parameters, of_memory, memory, inverse)
        previous, head = at(working.weightings, h * padded), head_at(tape, sizes, h)
        address(memory, inverse, previous, head, of_memory, circle, any_previous)
    for h in range(sizes.reads):
        read_vector = at(working.read_vectors, h * sizes.words)
        read(memory, at(tape.weightings, h * padded), of_memory, read_vector)


@step_of
def _begin_step(
    run: ForwardPass, first: int, sequences: int, t: int, working: State, inverses: Pointer
) -> None:
    """Go back to the initial state where an episode begins, and keep checkpoints."""
    sizes, padded = run.sizes, run.sizes.padded
    for j in range(sequences):
        state, inverse = state_at(working, sizes, padded, j), at(inverses, j * padded)
        starts = begins_episode(run.episodes, sizes, first + j, t)
        if starts:
            # The initial state lies in rows of N, a working one in rows of N'.
            copy_state(run.episodes.initial, sizes.locations, sizes, state, padded)
        if starts or t == 0:
            inverse_norms(state.memory, memory_sizes(sizes), inverse)
        if sizes.segment > 0 and t % sizes.segment == 0:
            # After the start of an episode, so that a replay begins with what was written to.
            checkpoint = tape_at(run.tape, sizes, first + j, t).checkpoints
            copy(state.memory, sizes.state.memory, checkpoint)


@step_of
def _write_results(run: ForwardPass, first: int, sequences: int, t: int, seen: Pointer) -> None:
    """Apply the output layer to a tile's features, or write these."""
    sizes, weights, stride = run.sizes, run.weights, run.sizes.kept * run.sizes.step.outputs
    if sizes.outputs > 0:
        results = at(run.results, (first * sizes.steps + t) * sizes.outputs)
        combine(
            Rows(weights.output, sizes.outputs),
            sizes.outputs,
            Factors(seen, stride, 1),
            sizes.features,
            Rows(weights.output_bias, 0),
            Rows(results, sizes.steps * sizes.outputs),
            sequences,
        )
    else:
        for j in range(sequences):
            result = at(run.results, ((first + j) * sizes.steps + t) * sizes.features)
            copy(at(seen, j * stride), sizes.features, result)


@step_of
def _step(
    run: ForwardPass, first: int, sequences: int, t: int, working: State, scratch: Scratch
) -> None:
    """Take step ``t`` of a tile of sequences, the first of which is ``first``."""
    sizes, padded = run.sizes, run.sizes.padded
    # Without a backward pass one step of the tape is written again and again.
    s = t if sizes.segment > 0 else 0
    _begin_step(run, first, sequences, t, working, scratch.inverses)
    first_tape = tape_at(run.tape, sizes, first, s)
    inputs = at(run.inputs, (first * sizes.steps + t) * sizes.inputs)
    controller_step(inputs, run.weights, working, sizes, sequences, first_tape)
    # The output layer reads the features on the tape, where they have to be anyway.
    features = at(first_tape.outputs, sizes.step.outputs - sizes.features)
    combine(
        Rows(run.weights.heads, sizes.parameters),
        sizes.parameters,
        Factors(features, sizes.kept * sizes.step.outputs, 1),
        sizes.controller,
        Rows(run.weights.head_bias, 0),
        Rows(scratch.raw, sizes.step.parameters),
        sequences,
    )
    squash_heads(
        scratch.raw,
        scratch.lowest,
        sizes,
        sequences,
        first_tape.parameters,
        scratch.above_zero,
        scratch.shifts,
    )
    for j in range(sequences):
        b = first + j
        # Prefetching: the next step's row of the tape is in no cache.
        prefetch_step(tape_at(run.tape, sizes, b, min(s + 1, sizes.kept - 1)), sizes)
        state, tape = state_at(working, sizes, padded, j), tape_at(run.tape, sizes, b, s)
        # A user's state may hold any weights; those of a step are at most one.
        any_previous = t == 0 and not run.episodes.from_initial
        inverse = at(scratch.inverses, j * padded)
        _memory_step(state, inverse, sizes, tape, scratch.circle, any_previous)
        # The tape's row will be out of the cache when the next step looks for it.
        copy(tape.weightings, sizes.state.weightings, state.weightings)
        read_vectors = at(features, j * sizes.kept * sizes.step.outputs + sizes.controller)
        copy(state.read_vectors, sizes.state.read_vectors, read_vectors)
        if run.with_entropy:
            # Only if it is wanted: a logarithm for each weight is a tenth of a step.
            for h in range(sizes.heads):
                weighting = at(tape.weightings, h * padded)
                run.entropy[b] += entropy_of(weighting, memory_sizes(sizes))
    _write_results(run, first, sequences, t, features)


@kernel
def forward(first: int, last: int, given: ForwardPass) -> None:
    """Run sequences ``first … last - 1``.

    Args:
        first: First sequence.
        last: One past the last sequence.
        given: Arrays of all sequences.
    """
    sizes, episodes = given.sizes, given.episodes
    run = ForwardPass(
        sizes,
        pointers(given.weights),
        Episodes(
            episodes.from_initial,
            episodes.restart,
            pointer(episodes.starts),
            pointers(episodes.initial),
        ),
        pointer(given.inputs),
        pointers(given.state),
        pointers(given.tape),
        pointer(given.results),
        pointer(given.entropy),
        given.with_entropy,
    )
    buffers = working_state(sizes, given.results), _new_scratch(sizes, given.results)
    working, scratch = pointers(buffers[0]), pointers(buffers[1])
    # Depends on the sizes only: once for all steps.
    lower_bounds(sizes, scratch.lowest)
    for b in range(first, last, TILE):
        sequences = min(TILE, last - b)
        for j in range(sequences if not episodes.from_initial else 0):
            source = state_at(run.state, sizes, sizes.locations, b + j)
            target = state_at(working, sizes, sizes.padded, j)
            copy_state(source, sizes.locations, sizes, target, sizes.padded)
        for t in range(sizes.steps):
            _step(run, b, sequences, t, working, scratch)
        for j in range(sequences):
            source = state_at(working, sizes, sizes.padded, j)
            target = state_at(run.state, sizes, sizes.locations, b + j)
            copy_state(source, sizes.padded, sizes, target, sizes.locations)
    if GUARD_BYTES > 0:
        check_guards(buffers[0])
        check_guards(buffers[1])
    keep_alive(buffers)
