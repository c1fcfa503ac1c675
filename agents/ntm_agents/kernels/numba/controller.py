"""The controller in one step of a few sequences, forward and backward."""

from __future__ import annotations

from ntm_agents.kernels.numba.backward_scratch import Scratch
from ntm_agents.kernels.numba.lang.compile import kernel, step_of
from ntm_agents.kernels.numba.lang.functions import sigmoid, tanh
from ntm_agents.kernels.numba.lang.names import (
    Pointer,
)
from ntm_agents.kernels.numba.lang.pointers import at, lanes, load_first, store_first
from ntm_agents.kernels.numba.lang.products import Factors, Rows, combine
from ntm_agents.kernels.numba.layout import Sizes, State, Tape, Weights, seen_offset
from ntm_agents.kernels.numba.workspace import add, copy


@kernel
def _feedforward_layer(output: Pointer, size: int) -> None:
    """Replace a layer's sums by its activations."""
    for c in range(0, size, lanes(output)):
        rest = size - c
        # C is not padded: on the tape layers lie side by side, as the products read them.
        store_first(tanh(load_first(output, c, rest)), output, c, rest)


@kernel
def _feedforward_layer_backward(
    output: Pointer, d_output: Pointer, size: int, d_total: Pointer
) -> None:
    """Write the gradient of a layer's pre-activations."""
    for c in range(0, size, lanes(output)):
        rest = size - c
        # tanh' = 1 - tanh²: the activation says all, the sum is not kept.
        active = load_first(output, c, rest)
        d_sum = load_first(d_output, c, rest) * (1.0 - active * active)
        store_first(d_sum, d_total, c, rest)


@kernel
def _lstm_layer(gates: Pointer, size: int, cell: Pointer, hidden: Pointer) -> None:
    """Update one LSTM layer in place; ``gates`` are replaced by their activations."""
    for c in range(0, size, lanes(gates)):
        rest = size - c
        inputs = sigmoid(load_first(gates, c, rest))
        forgets = sigmoid(load_first(gates, size + c, rest))
        candidates = tanh(load_first(gates, 2 * size + c, rest))
        outputs = sigmoid(load_first(gates, 3 * size + c, rest))
        # A gate is C numbers: input, forget, candidate, output, as in torch.
        next_cell = forgets * load_first(cell, c, rest) + inputs * candidates
        store_first(inputs, gates, c, rest)
        store_first(forgets, gates, size + c, rest)
        store_first(candidates, gates, 2 * size + c, rest)
        store_first(outputs, gates, 3 * size + c, rest)
        store_first(next_cell, cell, c, rest)
        store_first(outputs * tanh(next_cell), hidden, c, rest)


@kernel
def _lstm_layer_backward(
    gates: Pointer,
    cell: Pointer,
    size: int,
    d_hidden: Pointer,
    d_cell: Pointer,
    d_gates: Pointer,
) -> None:
    """Carry gradients back through one LSTM layer.

    ``cell`` is that before the step. ``d_cell`` is the gradient of the next cell, overwritten
    by that of ``cell``; ``d_gates`` is written, that of the pre-activations.
    """
    for c in range(0, size, lanes(gates)):
        rest = size - c
        i, f = load_first(gates, c, rest), load_first(gates, size + c, rest)
        g, o = load_first(gates, 2 * size + c, rest), load_first(gates, 3 * size + c, rest)
        before, d_output = load_first(cell, c, rest), load_first(d_hidden, c, rest)
        # The next cell is computed again instead of kept.
        squashed = tanh(f * before + i * g)
        d_next = load_first(d_cell, c, rest) + d_output * o * (1.0 - squashed * squashed)
        store_first(d_next * g * i * (1.0 - i), d_gates, c, rest)
        store_first(d_next * before * f * (1.0 - f), d_gates, size + c, rest)
        store_first(d_next * i * (1.0 - g * g), d_gates, 2 * size + c, rest)
        store_first(d_output * squashed * o * (1.0 - o), d_gates, 3 * size + c, rest)
        # In place: what reaches the cell before the step.
        store_first(d_next * f, d_cell, c, rest)


@step_of
def controller_step(
    inputs: Pointer, weights: Weights, working: State, sizes: Sizes, sequences: int, tape: Tape
) -> None:
    """Update the controller states of a few sequences.

    Args:
        inputs: Of this step of the first sequence, ``(I,)``.
        weights: See `forward`.
        working: States of all sequences.
        sizes: The sizes.
        sequences: How many.
        tape: This step of the first sequence; of the controller all is written.
    """
    size, layers, recurrent, gates = (
        sizes.controller,
        sizes.layers,
        sizes.recurrent,
        sizes.gates,
    )
    # On the tape the same step of the next sequence is as many numbers further.
    of_seen, of_outputs = sizes.kept * sizes.step.seen, sizes.kept * sizes.step.outputs
    of_gates, of_cells = sizes.kept * sizes.step.gates, sizes.kept * sizes.step.cells
    hidden_size, read_size = recurrent * size, sizes.state.read_vectors
    for layer in range(layers):
        offset = seen_offset(sizes, layer)
        width = seen_offset(sizes, layer + 1) - offset
        seen, output = at(tape.seen, offset), at(tape.outputs, layer * size)
        for j in range(sequences):
            target = at(seen, j * of_seen)
            # What a layer sees is put together on the tape: one product does for all of it, and
            # its weights' gradient reads it there.
            if layer == 0:
                copy(at(inputs, j * sizes.steps * sizes.inputs), sizes.inputs, target)
                reads = at(working.read_vectors, j * read_size)
                copy(reads, read_size, at(target, sizes.inputs))
            else:
                copy(at(output, j * of_outputs - size), size, target)
            hidden = at(working.controller, (2 * j * layers + layer) * hidden_size)
            copy(hidden, hidden_size, at(target, width - hidden_size))
            cell = at(hidden, layers * hidden_size)
            copy(cell, hidden_size, at(tape.cells, j * of_cells + layer * size))
        # Sums go where the activations will be: (sequences, G).
        total = at(tape.gates, layer * gates) if recurrent else output
        of_total = of_gates if recurrent else of_outputs
        matrix = at(weights.others, (layer - 1) * width * gates) if layer > 0 else weights.first
        combine(
            Rows(matrix, gates),
            gates,
            Factors(seen, of_seen, 1),
            width,
            Rows(at(weights.biases, layer * gates), 0),
            Rows(total, of_total),
            sequences,
        )
        for j in range(sequences):
            active = at(output, j * of_outputs)
            if recurrent:
                hidden = at(working.controller, (2 * j * layers + layer) * size)
                _lstm_layer(at(total, j * of_total), size, at(hidden, layers * size), hidden)
                copy(hidden, size, active)
            else:
                _feedforward_layer(active, size)


@step_of
def controller_backward(
    weights: Weights,
    tape: Tape,
    sizes: Sizes,
    sequences: int,
    gradient: State,
    d_gates: Pointer,
    scratch: Scratch,
) -> None:
    """Carry gradients back through all layers of a few sequences.

    Args:
        weights: See `backward`.
        tape: This step of the first sequence.
        sizes: The sizes.
        sequences: How many.
        gradient: Of the states after the step; of the controller and the read vectors
            overwritten by that before it.
        d_gates: Written: gradient of the pre-activations of all layers in this step of the
            first sequence, ``(L, G)``; those of its other steps lie between sequences.
        scratch: Of it ``d_outputs``, the gradient of the last layer's outputs, is overwritten.
    """
    size, layers, recurrent, gates = (
        sizes.controller,
        sizes.layers,
        sizes.recurrent,
        sizes.gates,
    )
    hidden_size, d_outputs, d_seen = recurrent * size, scratch.d_outputs, scratch.d_seen
    of_gates, of_cells = sizes.kept * sizes.step.gates, sizes.kept * sizes.step.cells
    of_d_gates = sizes.steps * layers * gates
    for layer in range(layers - 1, -1, -1):
        d_gate, matrix = at(d_gates, layer * gates), weights.first
        width, d_below = sizes.state.read_vectors, gradient.read_vectors
        if layer > 0:
            width, d_below = size, d_outputs
            matrix = at(weights.others, (layer - 1) * gates * (size + hidden_size))
        for j in range(sequences):
            d_output, d_total = at(d_outputs, j * size), at(d_gate, j * of_d_gates)
            d_hidden = at(gradient.controller, (2 * j * layers + layer) * hidden_size)
            if recurrent:
                # A hidden state has a gradient as output and from the next step.
                add(d_hidden, size, d_output)
                _lstm_layer_backward(
                    at(tape.gates, j * of_gates + layer * gates),
                    at(tape.cells, j * of_cells + layer * size),
                    size,
                    d_output,
                    at(d_hidden, layers * size),
                    d_total,
                )
            else:
                output = at(tape.outputs, j * sizes.kept * sizes.step.outputs + layer * size)
                _feedforward_layer_backward(output, d_output, size, d_total)
        all_seen = width + hidden_size
        combine(
            Rows(matrix, all_seen),
            all_seen,
            Factors(d_gate, of_d_gates, 1),
            gates,
            Rows(scratch.zeros, 0),
            Rows(d_seen, all_seen),
            sequences,
        )
        for j in range(sequences):
            d_saw = at(d_seen, j * all_seen)
            # What a layer saw is another's output or a read vector: its gradient goes there.
            copy(d_saw, width, at(d_below, j * width))
            d_hidden = at(gradient.controller, (2 * j * layers + layer) * hidden_size)
            copy(at(d_saw, width), hidden_size, d_hidden)
